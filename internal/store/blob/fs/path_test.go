package fs

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/store/blob"
)

// FuzzPath holds that different keys lie in different places below the root, and that listing gives the keys back.
func FuzzPath(f *testing.F) {
	digest := strings.Repeat("0a", 32)
	f.Add("lfs/"+digest, "lfs/0a/0a/"+digest)
	f.Add("a", "a/b")
	f.Fuzz(func(t *testing.T, a, b string) {
		s := &Store{root: "/root"}
		pa, err := s.path(a)
		if err != nil {
			return
		}
		rel, err := filepath.Rel(s.root, pa)
		if err != nil || strings.HasPrefix(rel, "..") || strings.HasPrefix(rel, tmpDir) {
			t.Errorf("%q lies at %q", a, pa)
		}
		if key(rel) != a || blob.CheckKey(a) != nil {
			t.Errorf("%q is listed as %q", a, key(rel))
		}
		if pb, err := s.path(b); err == nil && a != b && pa == pb {
			t.Errorf("%q and %q lie at %q", a, b, pa)
		}
	})
}
