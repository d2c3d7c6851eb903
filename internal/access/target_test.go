package access

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// FuzzParseTarget: whatever is read is written so that it reads the same again.
func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"model:a/b", "dataset:a/b", "new:space:a/b", "new:model:a/b@123456789012345678901234", "namespace:acme",
		"group:acme/123456789012345678901234", "self", "hub", "", "model:", "new:", "models:a/b@x", "group:/", "model:a/b/c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTarget(s)
		if err != nil {
			if !hub.Is(err, hub.InvalidInput) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		again, err := ParseTarget(got.String())
		if err != nil || again != got {
			t.Errorf("%q: %+v became %+v (%v)", s, got, again, err)
		}
	})
}

// TestActionsByName: every action is found by its name, and nothing else is.
func TestActionsByName(t *testing.T) {
	for _, a := range Actions() {
		if ParseAction(a.String()) != a {
			t.Errorf("%s is another action", a)
		}
	}
	for _, name := range []string{"", "none", "repo", "repo.write "} {
		if ParseAction(name) != NoAction {
			t.Errorf("%q is an action", name)
		}
	}
}
