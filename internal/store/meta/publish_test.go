package meta

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestPublish(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		id := w.public.ID
		p := change(id, "refs/heads/main", hub.ZeroOID, oid(1))
		p.Refs = append(p.Refs, hub.RefUpdate{Name: "refs/tags/v1", New: oid(2)})
		p.Pack = &hub.Pack{ID: hub.NewID(), Kind: "commit", Objects: 3, PackBytes: 2, Bytes: 4, Sum: freshDigest}
		p.Inline = []byte("pack")
		p.LFS = []hub.Digest{w.file}
		head := oid(1)
		p.Head = &head
		p.Card = &hub.Card{Tags: []string{"a", "b"}, Data: []byte("{}")}
		p.Event = hub.Event{ActorID: w.alice.ID, At: testTime()}
		gen, err := db.Publish(ctx, p)
		must(t, err)
		if gen != w.public.Gen+1 {
			t.Errorf("generation %d after %d", gen, w.public.Gen)
		}
		again, err := db.Publish(ctx, p) // the same publication
		if err != nil || again != gen {
			t.Errorf("the second time: %d %v", again, err)
		}
		r, err := db.RepoByID(ctx, id)
		must(t, err)
		if r.Gen != gen || r.HeadOID != head || r.GitBytes != 4 || !r.UpdatedAt.Equal(p.Event.At) || len(r.Card.Tags) != 2 {
			t.Errorf("repository %+v", r)
		}
		refs, err := db.Refs(ctx, id, "refs/")
		must(t, err)
		same(t, "refs", refs, []hub.Ref{{Name: "refs/heads/main", Target: oid(1)}, {Name: "refs/tags/v1", Target: oid(2)}})
		refs, err = db.Refs(ctx, id, "refs/tags/")
		must(t, err)
		same(t, "tags", refs, []hub.Ref{{Name: "refs/tags/v1", Target: oid(2)}})

		gotGen, packs, err := db.LivePacks(ctx, id)
		must(t, err)
		want := *p.Pack
		want.RepoID, want.State, want.BornGen = id, hub.PackLive, gen
		same(t, "packs", packs, []hub.Pack{want})
		data, err := db.PackInline(ctx, want.ID)
		if err != nil || string(data) != "pack" || gotGen != gen {
			t.Errorf("inline %q, generation %d, %v", data, gotGen, err)
		}

		_, err = db.Publish(ctx, change(id, "refs/heads/main", oid(9), oid(3)))
		var mismatch *hub.RefMismatch
		if !errors.As(err, &mismatch) || mismatch.Actual != oid(1) || mismatch.Name != "refs/heads/main" {
			t.Errorf("got %v", err)
		}
		_, err = db.Publish(ctx, hub.Publication{RepoID: id, GCEpoch: 5})
		if !errors.Is(err, hub.ErrEpoch) {
			t.Errorf("got %v", err)
		}
		other := p
		other.RepoID = w.private.ID
		_, err = db.Publish(ctx, other)
		wantCode(t, err, hub.Conflict)

		// a branch takes the place of a folder of branches, in one push
		p = change(id, "refs/heads/main", oid(1), hub.ZeroOID)
		p.Refs = append(p.Refs, hub.RefUpdate{Name: "refs/heads/main/deep", New: oid(4)}, hub.RefUpdate{Name: "refs/tags/v1", Old: oid(2), New: oid(2)})
		_, err = db.Publish(ctx, p)
		must(t, err)
		_, err = db.Ref(ctx, id, "refs/heads/main")
		wantCode(t, err, hub.RevisionNotFound)
		var moves int64
		must(t, db.single.one(ctx, `SELECT COUNT(*) FROM reflog WHERE repo_id = ?`, []any{id}, &moves))
		if moves != 4 {
			t.Errorf("%d rows in the reflog", moves)
		}
	})
}

func TestStagedPacks(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		p := change(w.public.ID, "refs/heads/main", hub.ZeroOID, oid(1))
		p.Pack = &hub.Pack{ID: w.staged.ID, BlobKey: w.staged.BlobKey, Kind: "receive", Objects: 7, PackBytes: 90, Bytes: 100, Sum: freshDigest}
		gen, err := db.Publish(ctx, p)
		must(t, err)
		_, packs, err := db.LivePacks(ctx, w.public.ID)
		must(t, err)
		want := *p.Pack
		want.RepoID, want.State, want.BornGen = w.public.ID, hub.PackLive, gen
		same(t, "packs", packs, []hub.Pack{want})
		must(t, db.DropStaged(ctx, want.ID)) // no longer staged: stays
		must(t, db.ForgetPack(ctx, want.ID)) // not retired: stays
		_, packs, err = db.LivePacks(ctx, w.public.ID)
		must(t, err)
		if len(packs) != 1 {
			t.Errorf("%d packs", len(packs))
		}
	})
}

// TestRaceOnOneRef lets many writers publish on one ref at once: each round has exactly one winner, nobody's change is
// lost, and the losers learn where the ref is.
func TestRaceOnOneRef(t *testing.T) {
	const writers, rounds = 32, 8
	both(t, func(t *testing.T, db *DB) {
		r := addRepo(t, db, addUser(t, db, "alice").ID, "hot")
		tip := hub.ZeroOID
		for round := range rounds {
			var wg sync.WaitGroup
			errs := make([]error, writers)
			for i := range writers {
				wg.Go(func() {
					p := change(r.ID, "refs/heads/main", tip, hub.OID{1, byte(round), byte(i)})
					p.Pack, p.Inline = &hub.Pack{ID: hub.NewID(), Bytes: 1}, []byte("x")
					_, errs[i] = db.Publish(ctx, p)
				})
			}
			wg.Wait()
			winner := -1
			for i, err := range errs {
				if err == nil {
					if winner >= 0 {
						t.Fatalf("round %d: both %d and %d won", round, winner, i)
					}
					winner = i
				}
			}
			if winner < 0 {
				t.Fatalf("round %d: nobody won: %v", round, errs[0])
			}
			tip = hub.OID{1, byte(round), byte(winner)}
			for i, err := range errs {
				var m *hub.RefMismatch
				if i != winner && (!hub.Is(err, hub.PreconditionFailed) || !errors.As(err, &m) || m.Actual != tip) {
					t.Errorf("loser %d: %v", i, err)
				}
			}
		}
		got, err := db.RepoByID(ctx, r.ID)
		must(t, err)
		if got.Gen != r.Gen+rounds || got.GitBytes != rounds {
			t.Errorf("generation %d, %d bytes after %d rounds", got.Gen, got.GitBytes, rounds)
		}
	})
}

// TestConcurrentRefs lets many writers publish on refs of their own: all succeed and each generation is given once.
func TestConcurrentRefs(t *testing.T) {
	const writers, each = 16, 6
	both(t, func(t *testing.T, db *DB) {
		r := addRepo(t, db, addUser(t, db, "alice").ID, "busy")
		var mu sync.Mutex
		gens := map[int64]bool{}
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				for n := range each {
					old := hub.OID{byte(n)}
					gen, err := db.Publish(ctx, change(r.ID, fmt.Sprintf("refs/heads/b%d", i), old, hub.OID{byte(n + 1)}))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					if gens[gen] {
						t.Errorf("generation %d was given twice", gen)
					}
					gens[gen] = true
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		refs, err := db.Refs(ctx, r.ID, "")
		must(t, err)
		if len(refs) != writers || len(gens) != writers*each {
			t.Errorf("%d refs, %d generations", len(refs), len(gens))
		}
	})
}
