package meta

import (
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestXetRewrite holds that a xorb is rewritten for all its files or not at all, and not while somebody may still refer to it.
func TestXetRewrite(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		alice, acme := w.public.NamespaceID, w.private.NamespaceID
		x, other := putXorb(t, db, alice, 1), putXorb(t, db, alice, 2)
		putXorb(t, db, acme, 1)
		must(t, register(db, w.public, xetFile(10, "", x, other)))
		must(t, register(db, w.private, xetFile(11, "", x)))
		if got, err := db.SettledXorbs(ctx, time.Now().Add(-time.Hour), 10); err != nil || len(got) != 0 {
			t.Errorf("in use a moment ago: %v %v", got, err)
		}
		got, err := db.SettledXorbs(ctx, future, 10)
		if err != nil || len(got) != 2 {
			t.Fatalf("settled: %v %v", got, err)
		}
		files, err := db.XetFilesOf(ctx, x.Hash, 10)
		if err != nil || len(files) != 2 {
			t.Fatalf("files: %v %v", files, err)
		}
		slim := hub.XetXorb{Hash: xetHash(3), Packed: 10, Unpacked: 10, Chunks: 1}
		change := hub.XetRewrite{Old: x.Hash, New: slim, Chunks: []hub.XetHash{xetHash(1001)}}
		for _, f := range files {
			change.Files = append(change.Files, hub.XetTerms{FileID: f.ID, Before: f.Terms, Terms: append([]byte{9}, f.Terms...)})
		}
		wantCode(t, db.RewriteXet(ctx, change, future), hub.Unavailable) // not announced
		if _, _, err := db.BeginXetXorb(ctx, "", slim.Hash); err != nil {
			t.Fatal(err)
		}
		wantCode(t, db.RewriteXet(ctx, change, time.Now().Add(-time.Hour)), hub.Conflict)
		fewer, stale := change, change
		fewer.Files = change.Files[:1]
		wantCode(t, db.RewriteXet(ctx, fewer, future), hub.Conflict)
		stale.Files = append([]hub.XetTerms{}, change.Files...)
		stale.Files[1].Before = []byte("other terms")
		wantCode(t, db.RewriteXet(ctx, stale, future), hub.Conflict)
		if same, err := db.XetFilesOf(ctx, x.Hash, 10); err != nil || len(same) != 2 || same[0].Terms[0] == 9 {
			t.Fatalf("a refusal changed something: %v %v", same, err)
		}
		must(t, db.RewriteXet(ctx, change, future))
		if left, err := db.XetFilesOf(ctx, x.Hash, 10); err != nil || len(left) != 0 {
			t.Errorf("the old one is needed: %v %v", left, err)
		}
		now, err := db.XetFilesOf(ctx, slim.Hash, 10)
		if err != nil || len(now) != 2 || now[0].Terms[0] != 9 || now[1].Terms[0] != 9 {
			t.Errorf("files: %v %v", now, err)
		}
		for _, domain := range []hub.ID{alice, acme} {
			if got, err := db.XetXorbOf(ctx, domain, slim.Hash); err != nil || got != slim {
				t.Errorf("held: %v %v", got, err)
			}
			_, err := db.XetXorbOf(ctx, domain, x.Hash)
			wantCode(t, err, hub.NotFound)
			if got, err := db.XetChunk(ctx, domain, xetHash(1001)); err != nil || len(got) != 1 || got[0] != slim.Hash {
				t.Errorf("the index: %v %v", got, err)
			}
			if epoch, err := db.XetEpoch(ctx, domain); err != nil || epoch != 1 {
				t.Errorf("epoch %d %v", epoch, err)
			}
		}
		if gone, err := db.CondemnXetXorbs(ctx, future, 10); err != nil || len(gone) != 1 || gone[0] != x.Hash {
			t.Errorf("condemned %v: %v", gone, err)
		}
		must(t, db.SetXetLooked(ctx, slim.Hash))
		if got, _ := db.SettledXorbs(ctx, time.Now().Add(-time.Minute), 10); len(got) != 0 {
			t.Errorf("looked at and still to look at: %v", got)
		}
	})
}
