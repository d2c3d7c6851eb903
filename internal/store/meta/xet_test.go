package meta

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

func xetHash(n int) (h hub.XetHash) {
	copy(h[:], fmt.Sprintf("%d hash", n))
	return h
}

func xetDigest(n int) hub.Digest { return hub.Digest(fmt.Sprintf("%064x", n)) }

// putXorb makes a xorb a holding of a domain, as an upload does.
func putXorb(t testing.TB, db *DB, domain hub.ID, n int) hub.XetXorb {
	t.Helper()
	x := hub.XetXorb{Hash: xetHash(n), Packed: 100, Unpacked: 150, Chunks: 3}
	_, _, err := db.BeginXetXorb(ctx, domain, x.Hash)
	must(t, err)
	must(t, db.CompleteXetXorb(ctx, domain, x, []hub.XetHash{xetHash(1000 + n)}))
	return x
}

func xetFile(n int, claim hub.Digest, xorbs ...hub.XetXorb) hub.XetClaim {
	f := hub.XetClaim{XetFile: hub.XetFile{Hash: xetHash(n), Size: 150, Terms: []byte{1, 2, byte(n)}}, Claim: claim}
	for _, x := range xorbs {
		f.Xorbs = append(f.Xorbs, x.Hash)
	}
	return f
}

func register(db *DB, repo hub.Repo, files ...hub.XetClaim) error {
	return db.RegisterXet(ctx, hub.XetRegistration{RepoID: repo.ID, Domain: repo.NamespaceID, Files: files,
		Chunks: []hub.XetChunk{{Chunk: xetHash(2000), Xorb: files[0].Xorbs[0]}}})
}

var future = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// TestXetLife follows a file from its chunks to its end.
func TestXetLife(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		alice, acme := w.public.NamespaceID, w.private.NamespaceID
		held, stored, err := db.BeginXetXorb(ctx, alice, xetHash(1))
		if err != nil || held || stored {
			t.Fatalf("a new xorb: %v %v %v", held, stored, err)
		}
		_, err = db.XetXorb(ctx, xetHash(1))
		wantCode(t, err, hub.NotFound)
		x := putXorb(t, db, alice, 1)
		if held, stored, err = db.BeginXetXorb(ctx, alice, x.Hash); err != nil || !held || !stored {
			t.Fatalf("the domain's own xorb: %v %v %v", held, stored, err)
		}
		if held, stored, err = db.BeginXetXorb(ctx, acme, x.Hash); err != nil || held || !stored {
			t.Fatalf("another domain's xorb: %v %v %v", held, stored, err)
		}
		_, err = db.XetXorbOf(ctx, acme, x.Hash)
		wantCode(t, err, hub.NotFound)
		if got, err := db.XetXorbOf(ctx, alice, x.Hash); err != nil || got != x {
			t.Errorf("got %v %v", got, err)
		}
		if got, err := db.XetChunk(ctx, alice, xetHash(1001)); err != nil || len(got) != 1 || got[0] != x.Hash {
			t.Errorf("an indexed chunk: %v %v", got, err)
		}
		if got, _ := db.XetChunk(ctx, acme, xetHash(1001)); len(got) > 0 {
			t.Error("a chunk is known to another domain")
		}
		// Registration.
		f := xetFile(10, xetDigest(7), x)
		wantCode(t, register(db, w.private, f), hub.InvalidInput)
		must(t, register(db, w.public, f))
		must(t, register(db, w.public, f))
		got, err := db.XetFileOf(ctx, w.public.ID, f.Hash)
		if err != nil || got.Size != f.Size || !slices.Equal(got.Terms, f.Terms) {
			t.Fatalf("got %+v %v", got, err)
		}
		_, err = db.XetFileOf(ctx, w.private.ID, f.Hash)
		wantCode(t, err, hub.NotFound)
		if byXorb, err := db.XetFileWith(ctx, alice, x.Hash); err != nil || byXorb.ID != got.ID {
			t.Errorf("by xorb: %v %v", byXorb, err)
		}
		_, err = db.XetFileWith(ctx, acme, x.Hash)
		wantCode(t, err, hub.NotFound)
		sizes, err := db.LFSObjects(ctx, w.public.ID, []hub.Digest{xetDigest(7), w.file, freshDigest})
		if err != nil || len(sizes) != 2 || sizes[xetDigest(7)] != 150 || sizes[w.file] != 7 {
			t.Errorf("large files: %v %v", sizes, err)
		}
		_, _, err = db.LFSKeyIn(ctx, w.public.ID, xetDigest(7))
		wantCode(t, err, hub.NotFound)
		if repo, _ := db.RepoByID(ctx, w.public.ID); repo.LFSBytes != 157 {
			t.Errorf("the repository holds %d bytes", repo.LFSBytes)
		}
		// Verification.
		todo, err := db.UnverifiedXet(ctx, future, 10)
		if err != nil || len(todo) != 1 {
			t.Fatalf("to verify: %v %v", todo, err)
		}
		must(t, db.SetXetDigest(ctx, got.ID, ""))
		if todo, _ = db.UnverifiedXet(ctx, time.Now().Add(-time.Hour), 10); len(todo) != 0 {
			t.Error("a file that could not be read is tried again at once")
		}
		if refs, err := db.XetRefs(ctx, w.public.ID, []hub.Digest{xetDigest(7)}); err != nil || refs[xetDigest(7)].Verified {
			t.Errorf("a claim counts as verified: %v %v", refs, err)
		}
		must(t, db.SetXetDigest(ctx, got.ID, xetDigest(7)))
		refs, err := db.XetRefs(ctx, w.public.ID, []hub.Digest{xetDigest(7)})
		if ref := refs[xetDigest(7)]; err != nil || !ref.Verified || ref.Hash != f.Hash || ref.FileID != got.ID {
			t.Errorf("got %v %v", refs, err)
		}
		wantCode(t, register(db, w.public, xetFile(10, xetDigest(8), x)), hub.InvalidInput)
		// A claim that turns out false.
		must(t, register(db, w.public, xetFile(12, xetDigest(20), x)))
		lie, err := db.XetFileOf(ctx, w.public.ID, xetHash(12))
		must(t, err)
		must(t, db.SetXetDigest(ctx, lie.ID, xetDigest(21)))
		_, err = db.XetFileOf(ctx, w.public.ID, xetHash(12))
		wantCode(t, err, hub.NotFound)
		if sizes, err := db.LFSObjects(ctx, w.public.ID, []hub.Digest{xetDigest(20), xetDigest(21)}); err != nil || len(sizes) != 0 {
			t.Errorf("a false claim counts: %v %v", sizes, err)
		}
		events, err := db.ListEvents(ctx, "", 1000)
		must(t, err)
		if !slices.ContainsFunc(events, func(e hub.Event) bool { return e.Type == "xet.broken" && e.RepoID == w.public.ID }) {
			t.Error("nobody is told of a false claim")
		}
		wantCode(t, db.CopyXet(ctx, w.public.ID, w.private.ID, f.Hash, xetDigest(8), hub.Event{}), hub.NotFound)
		// Only what a commit took up is kept.
		must(t, register(db, w.public, xetFile(11, xetDigest(9), x)))
		pub := change(w.public.ID, "refs/heads/main", hub.ZeroOID, oid(2))
		pub.LFS = []hub.Digest{xetDigest(7)}
		_, err = db.Publish(ctx, pub)
		must(t, err)
		if n, err := db.DropXetLinks(ctx, future, 10); err != nil || n != 2 {
			t.Errorf("dropped %d registrations: %v", n, err)
		}
		if repo, _ := db.RepoByID(ctx, w.public.ID); repo.LFSBytes != 157 {
			t.Errorf("the repository holds %d bytes", repo.LFSBytes)
		}
		if n, err := db.DropXetFiles(ctx, 10); err != nil || n != 2 {
			t.Errorf("dropped %d files: %v", n, err)
		}
		if n, err := db.DropXetHoldings(ctx, future, 10); err != nil || n != 0 {
			t.Errorf("dropped %d xorbs that a file needs: %v", n, err)
		}
		if usage, totals, err := db.StorageUsage(ctx); err != nil || totals.Packed != 100 || totals.Whole != 7 {
			t.Errorf("usage: %+v %+v %v", usage, totals, err)
		}
		// The end.
		must(t, db.DeleteRepo(ctx, w.public.ID, hub.Event{}))
		if n, err := db.DropXetFiles(ctx, 10); err != nil || n != 1 {
			t.Errorf("dropped %d files: %v", n, err)
		}
		if n, err := db.DropXetHoldings(ctx, time.Now().Add(-time.Minute), 10); err != nil || n != 0 {
			t.Errorf("dropped %d xorbs that clients may remember: %v", n, err)
		}
		if n, err := db.DropXetHoldings(ctx, future, 10); err != nil || n != 1 {
			t.Errorf("dropped %d xorbs: %v", n, err)
		}
		if epoch, err := db.XetEpoch(ctx, alice); err != nil || epoch != 1 {
			t.Errorf("epoch %d: %v", epoch, err)
		}
		if got, _ := db.XetChunk(ctx, alice, xetHash(1001)); len(got) > 0 {
			t.Error("the index names a xorb that is gone")
		}
		if gone, err := db.CondemnXetXorbs(ctx, time.Now().Add(-time.Minute), 10); err != nil || len(gone) != 0 {
			t.Errorf("condemned %v in its grace: %v", gone, err)
		}
		gone, err := db.CondemnXetXorbs(ctx, future, 10)
		if err != nil || len(gone) != 1 || gone[0] != x.Hash {
			t.Errorf("condemned %v: %v", gone, err)
		}
		_, _, err = db.BeginXetXorb(ctx, alice, x.Hash)
		wantCode(t, err, hub.Unavailable)
		wantCode(t, db.CompleteXetXorb(ctx, alice, x, nil), hub.Unavailable)
		must(t, db.ForgetXetXorb(ctx, x.Hash))
		putXorb(t, db, alice, 1)
	})
}

// TestXetRotIsStoredAnew holds that a rotten xorb counts as missing for uploads only.
func TestXetRotIsStoredAnew(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		x := putXorb(t, db, w.public.NamespaceID, 1)
		must(t, register(db, w.public, xetFile(10, xetDigest(7), x)))
		must(t, db.SetXetChecked(ctx, x.Hash, true))
		must(t, db.SetXetChecked(ctx, x.Hash, true))
		if epoch, err := db.XetEpoch(ctx, w.public.NamespaceID); err != nil || epoch != 1 {
			t.Errorf("epoch %d: %v", epoch, err)
		}
		if got, err := db.XetChunk(ctx, w.public.NamespaceID, xetHash(1001)); err != nil || len(got) > 0 {
			t.Errorf("clients are told of a rotten xorb: %v %v", got, err)
		}
		_, err := db.XetXorbOf(ctx, w.public.NamespaceID, x.Hash)
		wantCode(t, err, hub.NotFound)
		if held, stored, err := db.BeginXetXorb(ctx, w.public.NamespaceID, x.Hash); err != nil || held || stored {
			t.Errorf("a rotten xorb: %v %v %v", held, stored, err)
		}
		x.Packed = 120
		must(t, db.CompleteXetXorb(ctx, w.public.NamespaceID, x, nil))
		if got, err := db.XetXorb(ctx, x.Hash); err != nil || got != x {
			t.Errorf("got %v %v", got, err)
		}
		if todo, err := db.UncheckedXorbs(ctx, future, 10); err != nil || len(todo) != 1 {
			t.Errorf("to check: %v %v", todo, err)
		}
	})
}

// TestXetSweepRaces lets uploads, registrations and a sweeper without patience run at once: whatever was registered
// stands on xorbs that are there, and what could not be says so.
func TestXetSweepRaces(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		domain := w.public.NamespaceID
		stop := make(chan struct{})
		var sweeping, working sync.WaitGroup
		for range 2 {
			sweeping.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					_, err := db.DropXetLinks(ctx, time.Now().Add(-time.Hour), 10)
					_, err2 := db.DropXetFiles(ctx, 10)
					_, err3 := db.DropXetHoldings(ctx, future, 10)
					gone, err4 := db.CondemnXetXorbs(ctx, future, 10)
					for _, h := range gone {
						if err := db.ForgetXetXorb(ctx, h); err != nil {
							t.Error(err)
						}
					}
					for _, err := range []error{err, err2, err3, err4} {
						if err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		registered := make([][]int, 4)
		for g := range registered {
			working.Go(func() {
				for i := range 25 {
					n := (g*7 + i) % 10 // several upload the same
					h := xetHash(n)
					x := hub.XetXorb{Hash: h, Packed: 1, Unpacked: 1, Chunks: 1}
					_, _, err := db.BeginXetXorb(ctx, domain, h)
					if err == nil {
						err = db.CompleteXetXorb(ctx, domain, x, nil)
					}
					if err == nil {
						err = register(db, w.public, xetFile(100+n, xetDigest(n), x))
					}
					switch hub.CodeOf(err) {
					case "":
						registered[g] = append(registered[g], n)
					case hub.Unavailable, hub.InvalidInput:
					default:
						t.Errorf("got %v", err)
					}
				}
			})
		}
		working.Wait()
		close(stop)
		sweeping.Wait()
		seen := 0
		for _, ns := range registered {
			for _, n := range ns {
				seen++
				f, err := db.XetFileOf(ctx, w.public.ID, xetHash(100+n))
				if err != nil {
					t.Fatalf("file %d was registered and is gone: %v", n, err)
				}
				if _, err := db.XetXorbOf(ctx, domain, xetHash(n)); err != nil {
					t.Errorf("file %s stands on a xorb that is gone: %v", f.ID, err)
				}
			}
		}
		t.Logf("%d registrations succeeded", seen)
	})
}
