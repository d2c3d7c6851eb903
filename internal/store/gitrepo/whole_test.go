package gitrepo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestSelectOnTop holds that a selection which builds on the last one is the same as one from nothing, through commits,
// merges of packs, and tips that are taken back.
func TestSelectOnTop(t *testing.T) {
	for seed := range 6 {
		s, meta, _ := newStore(t)
		repo := newRepo(t, s)
		r := rand.New(rand.NewPCG(uint64(seed), 5))
		var tips []hub.OID
		onTop := 0
		for i := range 40 {
			tip := put(t, s, repo, i, map[string]string{
				fmt.Sprintf("d%d/f%d", r.IntN(4), r.IntN(9)):   fmt.Sprint("text ", r.IntN(30)),
				fmt.Sprintf("d%d/e/f%d", r.IntN(4), r.IntN(3)): fmt.Sprint("text ", i),
			})
			if r.IntN(8) == 0 && len(tips) > 3 {
				back := tips[r.IntN(len(tips))] // what came after it is garbage now
				p := hub.Publication{ID: hub.NewID(), RepoID: repo, Refs: []hub.RefUpdate{{Name: mainRef, Old: tip, New: back}}}
				if _, err := meta.Publish(t.Context(), p); err != nil {
					t.Fatal(err)
				}
				tip = back
			}
			tips = append(tips, tip)
			if r.IntN(5) == 0 {
				meta.merge(t, s, repo)
			}
			v, err := s.openView(t.Context(), repo)
			if err != nil {
				t.Fatal(err)
			}
			q := SelectRequest{Wants: []hub.OID{tip}}
			if _, ok, _ := s.selectOnTop(t.Context(), v, q); ok {
				onTop++
			}
			want, err := selectFrom(t.Context(), v, q)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.choose(t.Context(), v, q)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.set, want.set) {
				t.Fatal(fmt.Errorf("seed %d, step %d: %d objects, want %d", seed, i, got.count, want.count))
			}
			s.release(v)
		}
		if onTop < 20 {
			t.Errorf("seed %d: only %d selections were built on the last one", seed, onTop)
		}
	}
}
