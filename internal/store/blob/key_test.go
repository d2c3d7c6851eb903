package blob

import (
	"path"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// FuzzKey holds that a key that passes is a clean relative path, and that its beginnings pass as prefixes.
func FuzzKey(f *testing.F) {
	for _, s := range []string{"lfs/ab", "a/../b", "/", "a//b", ".tmp", "pack/x-1_2.3", "a\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		err := CheckKey(s)
		if err != nil {
			if !hub.Is(err, hub.InvalidInput) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if path.Clean(s) != s || path.IsAbs(s) || strings.HasPrefix(s, ".") || len(s) > MaxKey {
			t.Errorf("%q passed", s)
		}
		for i := range s {
			if err := CheckPrefix(s[:i]); err != nil {
				t.Errorf("%q passed and its beginning %q did not", s, s[:i])
			}
		}
	})
}
