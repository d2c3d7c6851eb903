package policies

import (
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Sign is something about a token that an administrator may want to act upon.
type Sign string

// The signs.
const (
	SignUnused       Sign = "unused"        // not used for unusedAfter, or never and older than that
	SignNeverRotated Sign = "never_rotated" // its value is older than rotateAfter
	SignOverBroad    Sign = "over_broad"    // an unscoped write token, or one that writes all of the organization or administers it
	SignExpiring     Sign = "expiring"      // within expiresWithin
	SignNoExpiry     Sign = "no_expiry"
	SignTooLong      Sign = "too_long" // its value lives longer than the organization lets a new one live
)

const (
	unusedAfter   = 90 * 24 * time.Hour
	rotateAfter   = 180 * 24 * time.Hour
	expiresWithin = 7 * 24 * time.Hour
)

// broad are the atoms that make an entry for the whole organization a broad one.
var broad = []hub.Permission{hub.PermRepoWrite, hub.PermOrgWrite, hub.PermOrgSAWrite, hub.PermOrgNetworkWrite, hub.PermResourceGroupWrite}

// Signs lists them all.
var Signs = []Sign{SignUnused, SignNeverRotated, SignOverBroad, SignExpiring, SignNoExpiry, SignTooLong}

// SignsOf tells what is remarkable about a token for the organization with the given rules.
func SignsOf(t hub.Token, r hub.OrgRules, now time.Time) []Sign {
	signs := []Sign{}
	add := func(on bool, s Sign) {
		if on {
			signs = append(signs, s)
		}
	}
	used := t.LastUsedAt
	if used.IsZero() {
		used = t.CreatedAt
	}
	add(now.Sub(used) >= unusedAfter, SignUnused)
	born := t.CreatedAt
	if !t.RotatedAt.IsZero() {
		born = t.RotatedAt
	}
	add(now.Sub(born) >= rotateAfter, SignNeverRotated)
	add(t.Kind == hub.TokenWrite || slices.ContainsFunc(t.Scopes, func(s hub.Scope) bool {
		return s.EntityType == hub.EntityOrg && s.EntityID == r.OrgID && slices.ContainsFunc(s.Permissions, func(p hub.Permission) bool { return slices.Contains(broad, p) })
	}), SignOverBroad)
	add(!t.ExpiresAt.IsZero() && t.ExpiresAt.Sub(now) <= expiresWithin, SignExpiring)
	add(t.ExpiresAt.IsZero(), SignNoExpiry)
	add(hub.Lifetimes{}.Within(r, "").Exceeded(born, t.ExpiresAt), SignTooLong)
	return signs
}
