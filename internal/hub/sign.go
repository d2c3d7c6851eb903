package hub

import (
	"slices"
	"time"
)

// Sign is something about a token that whoever answers for it may want to act upon.
type Sign string

// The signs.
const (
	SignUnused       Sign = "unused"        // not used for 90 days, or never and older than that
	SignNeverRotated Sign = "never_rotated" // its value is older than 180 days
	SignOverBroad    Sign = "over_broad"    // it may write all that its owner may, or all of a namespace, or administer one
	SignExpiring     Sign = "expiring"      // within a week
	SignNoExpiry     Sign = "no_expiry"
	SignTooLong      Sign = "too_long" // its value lives longer than a new one could
)

// Signs lists them all, in the order in which they are told.
var Signs = []Sign{SignUnused, SignNeverRotated, SignOverBroad, SignExpiring, SignNoExpiry, SignTooLong}

// The times behind the signs.
const (
	UnusedAfter   = 90 * 24 * time.Hour
	RotateAfter   = 180 * 24 * time.Hour
	ExpiresWithin = 7 * 24 * time.Hour
)

// broad are the atoms that make an entry for a whole namespace a broad one.
var broad = []Permission{PermRepoWrite, PermOrgWrite, PermOrgSAWrite, PermOrgNetworkWrite, PermResourceGroupWrite}

// IsBroad tells whether an entry for a whole namespace is a broad one.
func IsBroad(ps []Permission) bool {
	return slices.ContainsFunc(ps, func(p Permission) bool { return slices.Contains(broad, p) })
}

// TokenLife is what the signs of a live token depend on. Zero times mean never.
type TokenLife struct {
	Created, Rotated, LastUsed, Expires time.Time
	Broad                               bool
}

// Life is that of a token; broad is for the caller to say.
func (t Token) Life(broad bool) TokenLife {
	return TokenLife{t.CreatedAt, t.RotatedAt, t.LastUsedAt, t.ExpiresAt, broad}
}

// Life is that of a service account's token.
func (t ServiceToken) Life() TokenLife {
	return TokenLife{t.CreatedAt, t.RotatedAt, t.LastUsedAt, t.ExpiresAt, IsBroad(t.Permissions)}
}

// Born is when the token got the value that it has.
func (l TokenLife) Born() time.Time {
	if l.Rotated.IsZero() {
		return l.Created
	}
	return l.Rotated
}

// Signs tells what is remarkable about a live token where values may live as long as limits say.
func (l TokenLife) Signs(limits Lifetimes, now time.Time) []Sign {
	used := l.LastUsed
	if used.IsZero() {
		used = l.Created
	}
	is := map[Sign]bool{
		SignUnused:       now.Sub(used) >= UnusedAfter,
		SignNeverRotated: now.Sub(l.Born()) >= RotateAfter,
		SignOverBroad:    l.Broad,
		SignExpiring:     !l.Expires.IsZero() && l.Expires.Sub(now) <= ExpiresWithin,
		SignNoExpiry:     l.Expires.IsZero(),
		SignTooLong:      limits.Exceeded(l.Born(), l.Expires),
	}
	signs := []Sign{}
	for _, s := range Signs {
		if is[s] {
			signs = append(signs, s)
		}
	}
	return signs
}
