package gitrepo

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestSumsAreRemembered holds that a pack which is written again without adding it up ends in its own sum, whatever was asked
// in between, for every state of a repository.
func TestSumsAreRemembered(t *testing.T) {
	s, meta, _ := newStore(t)
	repo := newRepo(t, s)
	filter, err := ParseFilter("blob:none")
	ok(t, err)
	known := 0
	for i := range 12 {
		tip := put(t, s, repo, i, map[string]string{fmt.Sprintf("d%d/f", i%3): fmt.Sprint("text ", i), fmt.Sprint("f", i): noise(uint64(i), 500)})
		if i%4 == 3 {
			meta.merge(t, s, repo)
		}
		asked := map[string][]byte{}
		for range 2 {
			for name, q := range map[string]SelectRequest{
				"all": {Wants: []hub.OID{tip}}, "blobless": {Wants: []hub.OID{tip}, Filter: filter},
			} {
				for _, offsets := range []bool{true, false} {
					snap := open(t, s, repo)
					sel, err := snap.Select(t.Context(), q)
					ok(t, err)
					if !sel.known(offsets).IsZero() {
						known++
					}
					var out bytes.Buffer
					ok(t, sel.WritePack(t.Context(), &out, offsets))
					ok(t, sel.Close())
					ok(t, snap.Close())
					b := out.Bytes()
					if sum := sha1.Sum(b[:len(b)-20]); !bytes.Equal(sum[:], b[len(b)-20:]) {
						t.Fatalf("commit %d, %s: the sum at the end is wrong", i, name)
					}
					name := fmt.Sprint(name, offsets)
					if last, again := asked[name]; again && !bytes.Equal(last, b) {
						t.Fatalf("commit %d, %s: the second pack is another one", i, name)
					}
					asked[name] = b
				}
			}
		}
	}
	if known < 12*4 {
		t.Errorf("only %d sums were known", known)
	}
}
