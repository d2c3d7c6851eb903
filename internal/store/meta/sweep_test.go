package meta

import (
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// later is after every lease of the world.
func later() time.Time { return testTime().Add(24 * time.Hour) }

func TestSweepUploads(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		none, err := db.ExpiredUploads(ctx, testTime(), 10)
		must(t, err)
		if len(none) != 0 {
			t.Errorf("%d uploads ended early", len(none))
		}
		for range 2 { // a sweeper that crashed comes again
			ended, err := db.ExpiredUploads(ctx, later(), 10)
			must(t, err)
			same(t, "ended uploads", ended, []hub.Upload{w.upload})
		}
		_, err = db.UploadByID(ctx, w.upload.ID)
		wantCode(t, err, hub.NotFound)
		_, err = db.AddUploadPart(ctx, w.upload.ID, hub.UploadPart{Number: 3})
		wantCode(t, err, hub.NotFound)
		wantCode(t, db.ExtendUpload(ctx, w.upload.ID, later()), hub.NotFound)
		parts, err := db.UploadParts(ctx, w.upload.ID)
		must(t, err)
		if len(parts) != 2 {
			t.Errorf("%d parts to delete", len(parts))
		}
		must(t, db.DeleteUpload(ctx, w.upload.ID))
		ended, err := db.ExpiredUploads(ctx, later(), 10)
		must(t, err)
		if len(ended) != 0 {
			t.Errorf("%d uploads are still there", len(ended))
		}
		// what it may have stored is condemned, and nobody is told that it exists
		_, err = db.LFSSize(ctx, freshDigest)
		wantCode(t, err, hub.NotFound)
		objects, err := db.CondemnedLFS(ctx, later(), 10)
		must(t, err)
		same(t, "orphans", objects, []LFSObject{{Digest: freshDigest, Size: 20, BlobKey: "lfs/" + string(freshDigest)}})
	})
}

func TestSweepPacks(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		second := hub.Pack{ID: hub.NewID(), RepoID: w.public.ID, BlobKey: "pack/z"}
		must(t, db.StagePack(ctx, second, later()))
		none, err := db.ExpiredStagedPacks(ctx, testTime(), 10)
		must(t, err)
		if len(none) != 0 {
			t.Errorf("%d packs were given up early", len(none))
		}
		must(t, db.DropStaged(ctx, second.ID))
		packs, err := db.ExpiredStagedPacks(ctx, later().Add(-time.Hour), 10)
		must(t, err)
		if len(packs) != 2 {
			t.Fatalf("%d packs were given up", len(packs))
		}
		for _, p := range packs {
			_, err = db.Publish(ctx, hub.Publication{RepoID: w.public.ID, Pack: &p})
			wantCode(t, err, hub.Conflict)
			must(t, db.ForgetPack(ctx, p.ID))
		}
		packs, err = db.ExpiredStagedPacks(ctx, later(), 10)
		must(t, err)
		if len(packs) != 0 {
			t.Errorf("%d packs are still there", len(packs))
		}
	})
}

// TestSweepLFS follows large files without links through the states.
func TestSweepLFS(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		complete := func(repo hub.ID) error {
			return db.CompleteLFS(ctx, repo, w.file, 7, "lfs/"+string(w.file), hub.Event{})
		}
		chosen := func() int {
			t.Helper()
			must(t, db.CondemnLFS(ctx, 100))
			objects, err := db.CondemnedLFS(ctx, later(), 100)
			must(t, err)
			return len(objects)
		}
		if n := chosen(); n != 0 {
			t.Fatalf("%d linked files were chosen", n)
		}
		must(t, db.DeleteRepo(ctx, w.public.ID, hub.Event{}))
		must(t, db.CondemnLFS(ctx, 100))
		early, err := db.CondemnedLFS(ctx, testTime().Add(-time.Hour), 100)
		must(t, err)
		if len(early) != 0 {
			t.Fatal("no grace was given")
		}
		must(t, complete(w.private.ID)) // revived
		if n := chosen(); n != 0 {
			t.Fatal("a revived file was chosen")
		}
		must(t, db.DeleteRepo(ctx, w.private.ID, hub.Event{}))
		again := w.upload
		again.ID, again.Digest = hub.NewID(), w.file
		must(t, db.CreateUpload(ctx, again))
		if n := chosen(); n != 0 {
			t.Fatal("a file was chosen while an upload of it is on its way")
		}
		must(t, db.DeleteUpload(ctx, again.ID))
		for range 2 {
			if n := chosen(); n != 1 {
				t.Fatalf("%d files were chosen", n)
			}
		}
		third := addRepo(t, db, w.alice.ID, "third")
		wantCode(t, complete(third.ID), hub.Unavailable)
		wantCode(t, db.CreateUpload(ctx, again), hub.Unavailable)
		_, _, err = db.LFSBlobKey(ctx, w.file)
		wantCode(t, err, hub.NotFound)
		must(t, db.ForgetLFS(ctx, w.file))
		must(t, db.CreateUpload(ctx, again))
		must(t, complete(third.ID))
		must(t, db.ForgetLFS(ctx, w.file)) // a live one stays
		if _, err := db.LFSSize(ctx, w.file); err != nil {
			t.Error(err)
		}
	})
}

func TestForget(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		p := change(w.public.ID, "refs/heads/main", hub.ZeroOID, oid(1))
		_, err := db.Publish(ctx, p)
		must(t, err)
		must(t, db.ForgetPublications(ctx, later()))
		_, err = db.Publish(ctx, p)
		wantCode(t, err, hub.PreconditionFailed) // it is a new one now
		last, err := db.LastChange(ctx)
		must(t, err)
		must(t, db.ForgetChanges(ctx, later()))
		rows, err := db.ChangesSince(ctx, 0, 10)
		must(t, err)
		if len(rows) != 0 || last == 0 {
			t.Errorf("%d changes stay of %d", len(rows), last)
		}
		addUser(t, db, "dave")
		rows, err = db.ChangesSince(ctx, last, 10)
		must(t, err)
		if len(rows) != 1 || rows[0].Seq != last+1 {
			t.Errorf("the numbers do not go on: %+v after %d", rows, last)
		}
	})
}
