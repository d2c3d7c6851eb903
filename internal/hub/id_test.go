package hub

import (
	"errors"
	"testing"
	"time"
)

// TestGiveID tries other ids while tails are taken, and nothing else again.
func TestGiveID(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	taken := Wrap(ErrTailTaken, Conflict, "taken")
	other := Errorf(Conflict, "the name is taken")
	for _, c := range []struct {
		name    string
		answers []error // the last one for ever
		calls   int
		want    Code
	}{
		{"at once", []error{nil}, 1, ""},
		{"after two", []error{taken, taken, nil}, 3, ""},
		{"another error", []error{other}, 1, Conflict},
		{"another error after one", []error{taken, other}, 2, Conflict},
		{"never", []error{taken}, giveIDTries, Internal},
	} {
		seen := map[ID]bool{}
		calls := 0
		err := GiveID(now, func(id ID) error {
			if _, err := ParseID(string(id)); err != nil || seen[id] {
				t.Errorf("%s: %q, seen %v, %v", c.name, id, seen[id], err)
			}
			seen[id] = true
			calls++
			return c.answers[min(calls, len(c.answers))-1]
		})
		if calls != c.calls || CodeOf(err) != c.want {
			t.Errorf("%s: %d calls, %v", c.name, calls, err)
		}
		if c.name == "never" && !errors.Is(err, ErrTailTaken) {
			t.Errorf("the log is not told why: %v", err)
		}
	}
}
