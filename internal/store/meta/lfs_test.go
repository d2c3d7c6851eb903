package meta

import (
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestLargeFiles(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		sizes, err := db.LFSObjects(ctx, w.public.ID, []hub.Digest{w.file, freshDigest})
		must(t, err)
		same(t, "linked files", sizes, map[hub.Digest]int64{w.file: 7})
		sizes, err = db.LFSObjects(ctx, w.private.ID, []hub.Digest{w.file})
		must(t, err)
		same(t, "files of another repository", sizes, map[hub.Digest]int64{})
		_, err = db.LFSObjects(ctx, w.private.ID, nil)
		must(t, err)

		must(t, db.CompleteLFS(ctx, w.private.ID, w.file, 7, "somewhere/else", hub.Event{}))
		must(t, db.CompleteLFS(ctx, w.private.ID, w.file, 7, "somewhere/else", hub.Event{})) // one link
		key, size, err := db.LFSBlobKey(ctx, w.file)
		if err != nil || key != "lfs/"+string(w.file) || size != 7 {
			t.Errorf("key %q size %d %v", key, size, err)
		}
		size, err = db.LFSSize(ctx, w.file)
		if err != nil || size != 7 {
			t.Errorf("size %d %v", size, err)
		}
		r, err := db.RepoByID(ctx, w.private.ID)
		must(t, err)
		if r.LFSBytes != 7 {
			t.Errorf("%d bytes of large files", r.LFSBytes)
		}
		_, err = db.Publish(ctx, hub.Publication{RepoID: w.private.ID, LFS: []hub.Digest{w.file}})
		must(t, err)
	})
}

// TestReadableLink holds to whom a large file may be called "already there".
func TestReadableLink(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		must(t, db.CompleteLFS(ctx, w.private.ID, freshDigest, 9, "lfs/"+string(freshDigest), hub.Event{}))
		member := hub.Visible{Namespaces: []hub.ID{w.acme.ID}}
		for _, c := range []struct {
			name string
			d    hub.Digest
			v    hub.Visible
			want bool
		}{
			{"public, anybody", w.file, hub.Visible{}, true},
			{"private, anybody", freshDigest, hub.Visible{}, false},
			{"private, member", freshDigest, member, true},
			{"private, member of something else", freshDigest, hub.Visible{Namespaces: []hub.ID{w.alice.ID}}, false},
			{"private, member except this", freshDigest, hub.Visible{Namespaces: member.Namespaces, Except: []hub.ID{w.private.ID}}, false},
			{"private, by name", freshDigest, hub.Visible{Repos: []hub.ID{w.private.ID}}, true},
			{"private, operator", freshDigest, hub.Visible{Everything: true}, true},
		} {
			got, err := db.LFSReadableLink(ctx, c.d, c.v)
			must(t, err)
			if got != c.want {
				t.Errorf("%s: %v", c.name, got)
			}
		}
		r := w.public
		for _, change := range []func(*hub.Repo){func(r *hub.Repo) { r.Gated = hub.GateAuto }, func(r *hub.Repo) { r.Gated, r.Disabled = "", true }} {
			change(&r)
			must(t, db.UpdateRepo(ctx, r, hub.Event{}))
			got, err := db.LFSReadableLink(ctx, w.file, hub.Visible{})
			must(t, err)
			if got {
				t.Errorf("readable though gated %q, disabled %v", r.Gated, r.Disabled)
			}
		}
	})
}

func TestUploads(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		got, err := db.UploadByID(ctx, w.upload.ID)
		must(t, err)
		same(t, "upload", got, w.upload)
		for _, c := range []struct {
			p      hub.UploadPart
			unused string
		}{
			{hub.UploadPart{Number: 2, Size: 10, ETag: "e3", BlobKey: "part/2b"}, "part/2"},
			{hub.UploadPart{Number: 2, Size: 10, ETag: "e3", BlobKey: "part/2c"}, "part/2c"},
			{hub.UploadPart{Number: 3, Size: 1, ETag: "e4", BlobKey: "part/3"}, ""},
		} {
			unused, err := db.AddUploadPart(ctx, w.upload.ID, c.p)
			must(t, err)
			same(t, "unused", unused, c.unused)
		}
		parts, err := db.UploadParts(ctx, w.upload.ID)
		must(t, err)
		same(t, "parts", parts, []hub.UploadPart{{Number: 1, Size: 10, ETag: "e1", BlobKey: "part/1"}, {Number: 2, Size: 10, ETag: "e3", BlobKey: "part/2b"},
			{Number: 3, Size: 1, ETag: "e4", BlobKey: "part/3"}})
		later := w.upload.Lease.Add(time.Hour)
		must(t, db.ExtendUpload(ctx, w.upload.ID, later))
		got, err = db.UploadByID(ctx, w.upload.ID)
		must(t, err)
		if !got.Lease.Equal(later) {
			t.Errorf("lease %v", got.Lease)
		}
		must(t, db.DeleteUpload(ctx, w.upload.ID))
		must(t, db.DeleteUpload(ctx, w.upload.ID))
		_, err = db.UploadByID(ctx, w.upload.ID)
		wantCode(t, err, hub.NotFound)
		parts, err = db.UploadParts(ctx, w.upload.ID)
		if err != nil || len(parts) != 0 {
			t.Errorf("%v %v", parts, err)
		}
	})
}
