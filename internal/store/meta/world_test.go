package meta

import (
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// world is a small hub: what the tables of tests speak of.
type world struct {
	alice, bob, carol hub.User
	acme              hub.Organization // administered by alice; bob reads
	public, private   hub.Repo         // of alice; of acme
	token             hub.Token        // of alice, with scopes on acme and on public
	tokenDigest       []byte
	revoked           hub.Token // of alice
	session           hub.Session
	sessionDigest     []byte
	upload            hub.Upload // of alice into public, two parts
	staged            hub.Pack   // of public
	file              hub.Digest // 7 bytes, linked to public
}

const (
	freshDigest = hub.Digest("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")
	fileDigest  = hub.Digest("00000000000000000000000000000000000000000000000000000000000000aa")
)

func makeWorld(t testing.TB, db *DB) *world {
	t.Helper()
	w := &world{alice: addUser(t, db, "Alice"), bob: addUser(t, db, "bob"), carol: addUser(t, db, "carol")}
	w.acme = addOrg(t, db, "Acme", w.alice.ID)
	must(t, db.SetMember(ctx, w.acme.ID, w.bob.ID, hub.RoleRead, hub.Event{}))
	w.public = addRepo(t, db, w.alice.ID, "Public")
	w.private = addRepo(t, db, w.acme.ID, "private", func(r *hub.Repo) { r.Visibility = hub.Private })
	w.token, w.tokenDigest = addToken(t, db, w.alice.ID,
		hub.Scope{EntityType: hub.EntityOrg, EntityID: w.acme.ID, EntityName: "Acme", NamespaceID: w.acme.ID,
			Permissions: []hub.Permission{hub.PermRepoWrite, hub.PermOrgRead}},
		hub.Scope{EntityType: hub.EntityModel, EntityID: w.public.ID, EntityName: "Alice/Public", NamespaceID: w.alice.ID,
			Permissions: []hub.Permission{hub.PermRepoContentRead}})
	w.revoked, _ = addToken(t, db, w.alice.ID)
	must(t, db.RevokeToken(ctx, w.revoked.ID, "leaked", time.Time{}, hub.Event{}))
	w.session = hub.Session{ID: hub.NewID(), UserID: w.bob.ID, CreatedAt: testTime(), ExpiresAt: testTime().Add(time.Hour)}
	w.sessionDigest = newDigest()
	must(t, db.CreateSession(ctx, w.session, w.sessionDigest, hub.Event{}))
	w.upload = hub.Upload{ID: hub.NewID(), Kind: "lfs-multipart", RepoID: w.public.ID, UserID: w.alice.ID, TokenID: w.token.ID,
		Digest: freshDigest, Size: 20, PartSize: 10, Lease: testTime().Add(time.Hour), CreatedAt: testTime()}
	must(t, db.CreateUpload(ctx, w.upload))
	for _, p := range []hub.UploadPart{{Number: 1, Size: 10, ETag: "e1", BlobKey: "part/1"}, {Number: 2, Size: 9, ETag: "e2", BlobKey: "part/2"}} {
		_, err := db.AddUploadPart(ctx, w.upload.ID, p)
		must(t, err)
	}
	w.staged = hub.Pack{ID: hub.NewID(), RepoID: w.public.ID, Kind: "receive", State: hub.PackStaged, BlobKey: "pack/x"}
	must(t, db.StagePack(ctx, w.staged, testTime().Add(time.Hour)))
	w.file = fileDigest
	must(t, db.CompleteLFS(ctx, w.public.ID, w.file, 7, "lfs/"+string(w.file), hub.Event{}))
	return w
}
