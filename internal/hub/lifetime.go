package hub

import "time"

// maxExpiryYears is how many years ahead an expiry may lie: times are kept as nanoseconds in 64 bits, which end in 2262.
const maxExpiryYears = 100

// Lifetimes say how long the value of a token may live. The zero value sets no limit.
type Lifetimes struct {
	Longest time.Duration // 0: for ever
	Usual   time.Duration // of a token that is made without an end; 0: for ever
	By      string        // the organization that sets Longest; empty: the hub
}

// Within returns l held to what an organization of the given name says as well: the shorter counts.
func (l Lifetimes) Within(r OrgRules, name string) Lifetimes {
	if r.MaxLifetime > 0 && (l.Longest == 0 || r.MaxLifetime < l.Longest) {
		l.Longest, l.By = r.MaxLifetime, name
	}
	if r.Lifetime > 0 && (l.Usual == 0 || r.Lifetime < l.Usual) {
		l.Usual = r.Lifetime
	}
	return l
}

// Expiry checks the end of a token whose value was born at the given time, and completes it: without an end, and unless
// never is set, it is the usual one. InvalidInput for an end that has passed, lies too far ahead, or is missing where
// there has to be one.
func (l Lifetimes) Expiry(at time.Time, never bool, born, now time.Time) (time.Time, error) {
	if at.IsZero() && !never && l.Usual > 0 {
		usual := l.Usual
		if l.Longest > 0 {
			usual = min(usual, l.Longest)
		}
		at = now.Add(usual)
	}
	who := "On this hub"
	if l.By != "" {
		who = "In " + l.By
	}
	last := func() string { return born.Add(l.Longest).UTC().Format(time.RFC3339) }
	switch {
	case at.IsZero() && l.Longest > 0:
		return at, Errorf(InvalidInput, "%s a token must expire, at the latest on %s.", who, last())
	case at.IsZero():
		return at, nil
	case !at.After(now):
		return at, Errorf(InvalidInput, "The expiry %s is in the past.", at.UTC().Format(time.RFC3339))
	case at.After(now.AddDate(maxExpiryYears, 0, 0)):
		return at, Errorf(InvalidInput, "The expiry lies more than %d years ahead: leave it out for a token without one.", maxExpiryYears)
	case l.Longest > 0 && at.After(born.Add(l.Longest)):
		return at, Errorf(InvalidInput, "%s a token expires at the latest on %s.", who, last())
	}
	return at.UTC().Truncate(time.Millisecond), nil
}

// CheckOverlap tells whether the old value of a token may work for so long after its rotation. InvalidInput.
func CheckOverlap(wish, most time.Duration) error {
	if wish < 0 || wish > most {
		return Errorf(InvalidInput, "The old value of a token may work for 0 to %d seconds after its rotation.", int64(most/time.Second))
	}
	return nil
}

// Kept returns the end of a token that is rotated now and keeps the one it has: sooner, where that has become too long.
func (l Lifetimes) Kept(at, now time.Time) time.Time {
	if last := now.Add(l.Longest); l.Longest > 0 && (at.IsZero() || at.After(last)) {
		return last.UTC().Truncate(time.Millisecond)
	}
	return at
}

// Exceeded tells whether a value that was born at one time and ends at another, which is zero for never, lives longer than
// it might if it were made now.
func (l Lifetimes) Exceeded(born, at time.Time) bool {
	return l.Longest > 0 && (at.IsZero() || at.Sub(born) > l.Longest)
}

// Rotation is a new value of a token.
type Rotation struct {
	Last4     string
	KID       string // of the key that made Digest
	Digest    []byte // 32 bytes
	At        time.Time
	Until     time.Time  // the old value works until then; not after At: no longer
	ExpiresAt *time.Time // of the token; nil: as before
	Gen       int64      // of the token that was looked at; if it has changed since, the rotation is a Conflict. 0: whatever it is
}

// maxSeconds is more than any lifetime or overlap that is allowed, and few enough to be counted in nanoseconds.
const maxSeconds = 200 * 366 * 24 * 3600

// Seconds is a number of seconds that somebody wrote, as a duration: what is out of range stays so.
func Seconds(n int64) time.Duration { return time.Duration(min(max(n, -1), maxSeconds)) * time.Second }
