package tokens

import (
	"slices"
	"strconv"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// What is remarkable about a token.
const (
	SignUnused       = "unused"        // not used for 90 days, or never and older than that
	SignNeverRotated = "never_rotated" // its value is older than 180 days
	SignOverBroad    = "over_broad"    // it may write everything that its owner may, or all of a namespace
	SignExpiring     = "expiring"      // within a week
	SignNoExpiry     = "no_expiry"
	SignTooLong      = "too_long" // its value lives longer than the hub lets a new one live
)

const (
	unusedAfter   = 90 * 24 * time.Hour
	rotateAfter   = 180 * 24 * time.Hour
	expiresWithin = 7 * 24 * time.Hour
	expiresSoon   = 24 * time.Hour
)

// broad are the atoms that make an entry for a whole namespace a broad one.
var broad = []hub.Permission{hub.PermRepoWrite, hub.PermOrgWrite, hub.PermOrgSAWrite, hub.PermOrgNetworkWrite, hub.PermResourceGroupWrite}

// Signs tells what is remarkable about a token on this hub; see the function of the same name.
func (s *Service) Signs(t hub.Token) []string {
	signs := Signs(t, s.opts.Now())
	if Status(t, s.opts.Now()) == "live" && s.limits().Exceeded(born(t), t.ExpiresAt) {
		signs = append(signs, SignTooLong)
	}
	return signs
}

// Signs tells what is remarkable about a live token; nothing about one that is not.
func Signs(t hub.Token, now time.Time) []string {
	var signs []string
	if Status(t, now) != "live" {
		return signs
	}
	add := func(on bool, sign string) {
		if on {
			signs = append(signs, sign)
		}
	}
	used, changed := t.LastUsedAt, t.RotatedAt
	if used.IsZero() {
		used = t.CreatedAt
	}
	if changed.IsZero() {
		changed = t.CreatedAt
	}
	add(now.Sub(used) >= unusedAfter, SignUnused)
	add(now.Sub(changed) >= rotateAfter, SignNeverRotated)
	add(t.Kind == hub.TokenWrite || slices.ContainsFunc(t.Scopes, func(s hub.Scope) bool {
		return (s.EntityType == hub.EntityUser || s.EntityType == hub.EntityOrg) &&
			slices.ContainsFunc(s.Permissions, func(p hub.Permission) bool { return slices.Contains(broad, p) })
	}), SignOverBroad)
	add(!t.ExpiresAt.IsZero() && t.ExpiresAt.Sub(now) <= expiresWithin, SignExpiring)
	add(t.ExpiresAt.IsZero(), SignNoExpiry)
	return signs
}

// describe is what messages tell of a token.
func describe(t hub.Token) map[string]string {
	return map[string]string{"token": t.Name, "last4": t.Last4, "id": string(t.ID)}
}

// digestOf counts the signs of all tokens for the administrators' summary.
func digestOf(counts map[string]int, live int) map[string]string {
	data := map[string]string{"live": strconv.Itoa(live)}
	for _, s := range []string{SignUnused, SignNeverRotated, SignOverBroad, SignExpiring, SignNoExpiry} {
		data[s] = strconv.Itoa(counts[s])
	}
	return data
}
