package githttp_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/mem"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// interrupted is a blob store that does something once, when a pack has been stored and nobody knows of it yet: a push has
// then been found connected, and is about to be published.
type interrupted struct {
	blob.Store
	do func()
}

func (s *interrupted) Create(ctx context.Context, key string, r io.Reader, e blob.Expect) (blob.Info, error) {
	info, err := s.Store.Create(ctx, key, r, e)
	if do := s.do; do != nil && strings.HasPrefix(key, "pack/") {
		s.do = nil
		do()
	}
	return info, err
}

// noise returns text that is too large for a row, however well it is compressed.
func noise(seed uint64) string {
	rng := rand.New(rand.NewPCG(seed, 5))
	var b strings.Builder
	for range 20_000 {
		fmt.Fprintf(&b, "%x\n", rng.Uint64())
	}
	return b.String()
}

// TestPushesMeetACollection pushes while garbage is dropped: what stands on what is still there lands, what stands on what is
// gone is refused with git's own words, and nothing dangles.
func TestPushesMeetACollection(t *testing.T) {
	blobs := &interrupted{Store: mem.New()}
	h := startWith(t, git.Config{}, testkit.WithBlobs(blobs))
	r, url := repo(t, h, "m")
	keeper := gitrepo.NewKeeper(h.Git, h.DB, gitrepo.KeeperConfig{})
	epoch := func() int64 {
		t.Helper()
		row, err := h.DB.RepoByID(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		return row.GCEpoch
	}
	collect := func() {
		if kept, err := keeper.GC(t.Context(), r.ID, true, nil); err != nil || kept.Dropped == 0 {
			t.Errorf("%+v, %v", kept, err)
		}
	}
	healthy := func() {
		t.Helper()
		if v, err := keeper.Verify(t.Context(), r.ID, true, nil); err != nil || len(v.Problems) > 0 {
			t.Errorf("%+v, %v", v.Problems, err)
		}
	}
	d := clone(t, url)
	d.commit(t, "a", noise(1))
	d.git(t, "push", "-q", "origin", "main")
	d.git(t, "checkout", "-q", "-b", "side")
	d.commit(t, "s", "side\n")
	d.git(t, "push", "-q", "origin", "side")
	d.git(t, "push", "-q", "origin", "side:refs/heads/gone")

	// Garbage that the push does not need.
	e := clone(t, url)
	e.commit(t, "lost", "lost\n")
	e.git(t, "push", "-q", "origin", "main:refs/heads/lost")
	e.git(t, "push", "-q", "origin", ":refs/heads/lost")
	before := epoch()
	d.commit(t, "b", noise(2))
	blobs.do = collect
	d.git(t, "push", "-q", "origin", "side")
	if blobs.do != nil || epoch() != before+1 {
		t.Fatalf("epoch %d after %d", epoch(), before)
	}
	healthy()

	// The history that it stands on.
	e.git(t, "fetch", "-q", "origin")
	e.git(t, "checkout", "-q", "-b", "late", "origin/side")
	e.commit(t, "c", noise(3))
	blobs.do = func() {
		for _, name := range []string{"side", "gone"} {
			ref, err := h.DB.Ref(t.Context(), r.ID, "refs/heads/"+name)
			if err != nil {
				t.Error(err)
			}
			if _, err := h.DB.Publish(t.Context(), hub.Publication{RepoID: r.ID, GCEpoch: epoch(), Refs: []hub.RefUpdate{{Name: ref.Name, Old: ref.Target}}}); err != nil {
				t.Error(err)
			}
		}
		collect()
	}
	e.refuses(t, "missing necessary objects", "push", "origin", "late")
	if blobs.do != nil {
		t.Fatal("nothing was collected")
	}
	healthy()
	e.git(t, "push", "-q", "origin", "late") // it has been told that side is gone, and sends all of it
	healthy()
	clone(t, url).git(t, "fsck", "--strict")
}
