package meta

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestCallersWhoLeaveTakeNoReader: a caller who leaves while a transaction begins must not leave it behind, or the
// connection could never begin another one.
func TestCallersWhoLeaveTakeNoReader(t *testing.T) {
	db := openAt(t, sqlitePath(t))
	u := addUser(t, db, "alice")
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 3000 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration((n*3000+i)%150)*time.Microsecond)
				_, _ = db.UserFacts(ctx, u.ID) // it may be cancelled
				cancel()
			}
		}()
	}
	wg.Wait()
	for range 4 * cap(db.readers.slots) {
		if _, err := db.UserFacts(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUsageCountsAFileOnce: a large file that a repository has in one piece and as chunks takes its room once, and gives it
// back once, whichever came or went first.
func TestUsageCountsAFileOnce(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		whole := func(r hub.Repo, d hub.Digest) {
			must(t, db.CompleteLFS(ctx, r.ID, d, 150, lfsKey(d), hub.Event{}))
		}
		x := putXorb(t, db, w.alice.ID, 1)
		chunked := func(r hub.Repo, d hub.Digest, n int) { must(t, register(db, r, xetFile(n, d, x))) }
		bytes := func(r hub.Repo) int64 {
			got, err := db.RepoByID(ctx, r.ID)
			must(t, err)
			return got.LFSBytes
		}
		for i, order := range []string{"whole first", "chunks first"} {
			r := addRepo(t, db, w.alice.ID, "usage"+string(rune('a'+i)))
			d := xetDigest(50 + i)
			if i == 0 {
				whole(r, d)
			}
			chunked(r, d, 100+i)
			if i == 1 {
				whole(r, d)
			}
			if n := bytes(r); n != 150 {
				t.Errorf("%s: %d bytes", order, n)
			}
			gen, _, err := db.LivePacks(ctx, r.ID)
			must(t, err)
			later := db.now().Add(time.Hour)
			_, err = db.UnlinkLFS(ctx, r.ID, gen, later, []hub.LFSObject{{Digest: d, Size: 150}})
			must(t, err)
			if _, err := db.DropXetLinks(ctx, later, 100); err != nil {
				t.Fatal(err)
			}
			if n := bytes(r); n != 0 {
				t.Errorf("%s: %d bytes are left of nothing", order, n)
			}
		}
	})
}
