package meta

import (
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestCodes holds what each method answers when it cannot do what it is asked, and that it changes nothing then.
func TestCodes(t *testing.T) {
	gone := hub.NewID()
	ev := hub.Event{}
	bad := "no\x00text"
	cases := []struct {
		name string
		code hub.Code
		call func(db *DB, w *world) error
	}{
		{"user name taken by a user in another case", hub.Conflict, func(db *DB, w *world) error {
			return db.CreateUser(ctx, hub.User{ID: hub.NewID(), Name: "aLICE"}, "", ev)
		}},
		{"user name taken by an organization", hub.Conflict, func(db *DB, w *world) error {
			return db.CreateUser(ctx, hub.User{ID: hub.NewID(), Name: "ACME"}, "", ev)
		}},
		{"user id taken", hub.Conflict, func(db *DB, w *world) error {
			return db.CreateUser(ctx, hub.User{ID: w.bob.ID, Name: "dave"}, "", ev)
		}},
		{"user name that is no text", hub.InvalidInput, func(db *DB, w *world) error {
			return db.CreateUser(ctx, hub.User{ID: hub.NewID(), Name: bad}, "", ev)
		}},
		{"user by unknown name", hub.NotFound, func(db *DB, w *world) error { _, err := db.UserByName(ctx, "nobody"); return err }},
		{"user by a name that is no text", hub.NotFound, func(db *DB, w *world) error { _, err := db.UserByName(ctx, bad); return err }},
		{"user by an organization's name", hub.NotFound, func(db *DB, w *world) error { _, err := db.UserByName(ctx, "acme"); return err }},
		{"user by unknown id", hub.NotFound, func(db *DB, w *world) error { _, err := db.UserByID(ctx, gone); return err }},
		{"password of nobody", hub.NotFound, func(db *DB, w *world) error { _, err := db.PasswordHash(ctx, gone); return err }},
		{"set password of nobody", hub.NotFound, func(db *DB, w *world) error { return db.SetPassword(ctx, gone, "h", ev) }},
		{"update nobody", hub.NotFound, func(db *DB, w *world) error { return putUser(db, hub.User{ID: gone}, ev) }},
		{"suspend nobody", hub.NotFound, func(db *DB, w *world) error { return db.SetSuspended(ctx, gone, true, ev) }},
		{"delete nobody", hub.NotFound, func(db *DB, w *world) error { return db.DeleteUser(ctx, gone, ev) }},
		{"delete an owner", hub.Conflict, func(db *DB, w *world) error { return db.DeleteUser(ctx, w.alice.ID, ev) }},
		{"delete the last administrator", hub.Conflict, func(db *DB, w *world) error {
			if err := db.CreateOrg(ctx, hub.Organization{ID: hub.NewID(), Name: "lone"}, w.carol.ID, ev); err != nil {
				return err
			}
			return db.DeleteUser(ctx, w.carol.ID, ev)
		}},

		{"organization name taken", hub.Conflict, func(db *DB, w *world) error {
			return db.CreateOrg(ctx, hub.Organization{ID: hub.NewID(), Name: "ALICE"}, w.bob.ID, ev)
		}},
		{"organization of nobody", hub.NotFound, func(db *DB, w *world) error {
			return db.CreateOrg(ctx, hub.Organization{ID: hub.NewID(), Name: "fresh"}, gone, ev)
		}},
		{"organization by unknown name", hub.NotFound, func(db *DB, w *world) error { _, err := db.OrgByName(ctx, "alice"); return err }},
		{"organization by unknown id", hub.NotFound, func(db *DB, w *world) error { _, err := db.OrgByID(ctx, w.alice.ID); return err }},
		{"update no organization", hub.NotFound, func(db *DB, w *world) error { return putOrg(db, hub.Organization{ID: gone}, ev) }},
		{"delete no organization", hub.NotFound, func(db *DB, w *world) error { return db.DeleteOrg(ctx, gone, ev) }},
		{"delete an owning organization", hub.Conflict, func(db *DB, w *world) error { return db.DeleteOrg(ctx, w.acme.ID, ev) }},
		{"namespace of nobody", hub.NotFound, func(db *DB, w *world) error { _, err := db.Namespace(ctx, "nobody"); return err }},
		{"namespace that is no text", hub.NotFound, func(db *DB, w *world) error { _, err := db.Namespace(ctx, bad); return err }},

		{"member of no organization", hub.NotFound, func(db *DB, w *world) error { return db.SetMember(ctx, gone, w.bob.ID, hub.RoleRead, ev) }},
		{"nobody as member", hub.NotFound, func(db *DB, w *world) error { return db.SetMember(ctx, w.acme.ID, gone, hub.RoleRead, ev) }},
		{"member without a role", hub.InvalidInput, func(db *DB, w *world) error { return db.SetMember(ctx, w.acme.ID, w.bob.ID, hub.RoleNone, ev) }},
		{"member with an unknown role", hub.InvalidInput, func(db *DB, w *world) error {
			return db.SetMember(ctx, w.acme.ID, w.bob.ID, hub.RoleAdmin+1, ev)
		}},
		{"demote the last administrator", hub.Conflict, func(db *DB, w *world) error {
			return db.SetMember(ctx, w.acme.ID, w.alice.ID, hub.RoleWrite, ev)
		}},
		{"remove the last administrator", hub.Conflict, func(db *DB, w *world) error { return db.RemoveMember(ctx, w.acme.ID, w.alice.ID, ev) }},
		{"remove who is no member", hub.NotFound, func(db *DB, w *world) error { return db.RemoveMember(ctx, w.acme.ID, w.carol.ID, ev) }},
		{"remove from no organization", hub.NotFound, func(db *DB, w *world) error { return db.RemoveMember(ctx, gone, w.carol.ID, ev) }},

		{"session of nobody", hub.NotFound, func(db *DB, w *world) error {
			return db.CreateSession(ctx, hub.Session{ID: hub.NewID(), UserID: gone}, newDigest(), ev)
		}},
		{"session under something that is no digest", hub.Internal, func(db *DB, w *world) error {
			return db.CreateSession(ctx, hub.Session{ID: hub.NewID(), UserID: w.bob.ID}, []byte("cookie"), ev)
		}},
		{"session by unknown digest", hub.Unauthorized, func(db *DB, w *world) error { _, _, err := db.SessionByDigest(ctx, newDigest()); return err }},
		{"delete no session", hub.NotFound, func(db *DB, w *world) error { return db.DeleteSession(ctx, gone, ev) }},

		{"token of nobody", hub.NotFound, func(db *DB, w *world) error {
			return db.CreateToken(ctx, hub.Token{ID: hub.NewID(), UserID: gone}, "k", newDigest(), ev)
		}},
		{"token with a digest that is used", hub.Conflict, func(db *DB, w *world) error {
			return db.CreateToken(ctx, hub.Token{ID: hub.NewID(), UserID: w.bob.ID}, "k", w.tokenDigest, ev)
		}},
		{"token under something that is no digest", hub.Internal, func(db *DB, w *world) error {
			return db.CreateToken(ctx, hub.Token{ID: hub.NewID(), UserID: w.bob.ID}, "k", []byte("hf_value"), ev)
		}},
		{"token scoped on nothing", hub.NotFound, func(db *DB, w *world) error {
			return db.CreateToken(ctx, hub.Token{ID: hub.NewID(), UserID: w.bob.ID,
				Scopes: []hub.Scope{{EntityType: hub.EntityOrg, EntityID: gone}}}, "k", newDigest(), ev)
		}},
		{"token scoped on an entity of another type", hub.NotFound, func(db *DB, w *world) error {
			return db.CreateToken(ctx, hub.Token{ID: hub.NewID(), UserID: w.bob.ID,
				Scopes: []hub.Scope{{EntityType: hub.EntityDataset, EntityID: w.public.ID}}}, "k", newDigest(), ev)
		}},
		{"rotate no token", hub.NotFound, func(db *DB, w *world) error {
			return db.RotateToken(ctx, gone, "1234", "k", newDigest(), time.Time{}, ev)
		}},
		{"rotate a revoked token", hub.NotFound, func(db *DB, w *world) error {
			return db.RotateToken(ctx, w.revoked.ID, "1234", "k", newDigest(), time.Time{}, ev)
		}},
		{"rotate to something that is no digest", hub.Internal, func(db *DB, w *world) error {
			return db.RotateToken(ctx, w.token.ID, "1234", "k", nil, time.Time{}, ev)
		}},
		{"update no token", hub.NotFound, func(db *DB, w *world) error { return db.UpdateToken(ctx, hub.Token{ID: gone}, ev) }},
		{"update a revoked token", hub.NotFound, func(db *DB, w *world) error { return db.UpdateToken(ctx, w.revoked, ev) }},
		{"update to a scope on nothing", hub.NotFound, func(db *DB, w *world) error {
			tok := w.token
			tok.Scopes = []hub.Scope{{EntityType: hub.EntityUser, EntityID: gone}}
			return db.UpdateToken(ctx, tok, ev)
		}},
		{"revoke no token", hub.NotFound, func(db *DB, w *world) error { return db.RevokeToken(ctx, gone, "deleted", time.Time{}, ev) }},
		{"revoke twice", hub.NotFound, func(db *DB, w *world) error { return db.RevokeToken(ctx, w.revoked.ID, "deleted", time.Time{}, ev) }},
		{"token by unknown id", hub.NotFound, func(db *DB, w *world) error { _, err := db.TokenByID(ctx, gone); return err }},
		{"facts of an unknown digest", hub.Unauthorized, func(db *DB, w *world) error { _, err := db.TokenFacts(ctx, newDigest()); return err }},
		{"facts of an unknown token", hub.NotFound, func(db *DB, w *world) error { _, err := db.TokenFactsByID(ctx, gone); return err }},
		{"facts of nobody", hub.NotFound, func(db *DB, w *world) error { _, err := db.UserFacts(ctx, gone); return err }},

		{"repository name taken in another case", hub.Conflict, func(db *DB, w *world) error {
			err := db.CreateRepo(ctx, hub.Repo{ID: hub.NewID(), RepoID: hub.RepoID{Type: hub.Model, Name: "PUBLIC"}, NamespaceID: w.alice.ID}, hub.Publication{}, ev)
			if e := err.(*hub.Error); e.URL != "/Alice/Public" || !strings.Contains(e.Message, "A model repository called Alice/Public already exists") {
				t.Errorf("got %q %q", e.URL, e.Message)
			}
			return err
		}},
		{"repository of no namespace", hub.NotFound, func(db *DB, w *world) error {
			return db.CreateRepo(ctx, hub.Repo{ID: hub.NewID(), RepoID: hub.RepoID{Type: hub.Model, Name: "x"}, NamespaceID: gone}, hub.Publication{}, ev)
		}},
		{"repository of no namespace by name", hub.NotFound, func(db *DB, w *world) error {
			return db.CreateRepo(ctx, hub.Repo{ID: hub.NewID(), RepoID: hub.RepoID{Type: hub.Model, Namespace: "nobody", Name: "x"}}, hub.Publication{}, ev)
		}},
		{"repository whose first publication fails", hub.Unprocessable, func(db *DB, w *world) error {
			return db.CreateRepo(ctx, hub.Repo{ID: hub.NewID(), RepoID: hub.RepoID{Type: hub.Model, Name: "x"}, NamespaceID: w.alice.ID},
				hub.Publication{LFS: []hub.Digest{fileDigest}}, ev)
		}},
		{"repository by unknown name", hub.RepoNotFound, func(db *DB, w *world) error {
			_, _, err := db.RepoByName(ctx, hub.RepoID{Type: hub.Dataset, Namespace: "alice", Name: "public"})
			return err
		}},
		{"repository by a name that is no text", hub.RepoNotFound, func(db *DB, w *world) error {
			_, _, err := db.RepoByName(ctx, hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "\xff"})
			return err
		}},
		{"repository by unknown id", hub.RepoNotFound, func(db *DB, w *world) error { _, err := db.RepoByID(ctx, gone); return err }},
		{"update no repository", hub.RepoNotFound, func(db *DB, w *world) error {
			return db.UpdateRepo(ctx, hub.Repo{ID: gone, Visibility: hub.Public}, ev)
		}},
		{"move no repository", hub.RepoNotFound, func(db *DB, w *world) error {
			return db.MoveRepo(ctx, gone, hub.RepoID{Name: "x"}, w.alice.ID, ev)
		}},
		{"move to nobody", hub.NotFound, func(db *DB, w *world) error { return db.MoveRepo(ctx, w.public.ID, hub.RepoID{Name: "x"}, gone, ev) }},
		{"move onto another", hub.Conflict, func(db *DB, w *world) error {
			err := db.MoveRepo(ctx, w.public.ID, hub.RepoID{Name: "PRIVATE"}, w.acme.ID, ev)
			if e := err.(*hub.Error); !strings.Contains(e.Message, "A model repository called Acme/private already exists") {
				t.Errorf("got %q", e.Message)
			}
			return err
		}},
		{"delete no repository", hub.RepoNotFound, func(db *DB, w *world) error { return db.DeleteRepo(ctx, gone, ev) }},
		{"ref that is not there", hub.RevisionNotFound, func(db *DB, w *world) error { _, err := db.Ref(ctx, w.public.ID, "refs/heads/x"); return err }},
		{"ref that is no text", hub.RevisionNotFound, func(db *DB, w *world) error { _, err := db.Ref(ctx, w.public.ID, bad); return err }},
		{"packs of no repository", hub.RepoNotFound, func(db *DB, w *world) error { _, _, err := db.LivePacks(ctx, gone); return err }},
		{"inline bytes of no pack", hub.NotFound, func(db *DB, w *world) error { _, err := db.PackInline(ctx, gone); return err }},
		{"inline bytes of a stored pack", hub.NotFound, func(db *DB, w *world) error { _, err := db.PackInline(ctx, w.staged.ID); return err }},
		{"stage a pack twice", hub.Conflict, func(db *DB, w *world) error { return db.StagePack(ctx, w.staged, time.Now()) }},

		{"publish to no repository", hub.RepoNotFound, func(db *DB, w *world) error { _, err := db.Publish(ctx, hub.Publication{RepoID: gone}); return err }},
		{"publish under an old epoch", hub.Conflict, func(db *DB, w *world) error {
			_, err := db.Publish(ctx, hub.Publication{RepoID: w.public.ID, GCEpoch: 1})
			return err
		}},
		{"publish a ref that has moved", hub.PreconditionFailed, func(db *DB, w *world) error {
			_, err := db.Publish(ctx, change(w.public.ID, "refs/heads/main", oid(1), oid(2)))
			return err
		}},
		{"publish a ref twice", hub.InvalidInput, func(db *DB, w *world) error {
			p := change(w.public.ID, "refs/heads/main", hub.ZeroOID, oid(2))
			p.Refs = append(p.Refs, p.Refs[0])
			_, err := db.Publish(ctx, p)
			return err
		}},
		{"publish a ref below another", hub.Conflict, func(db *DB, w *world) error {
			p := change(w.public.ID, "refs/heads/a", hub.ZeroOID, oid(2))
			p.Refs = append(p.Refs, hub.RefUpdate{Name: "refs/heads/a/b/c", New: oid(2)})
			_, err := db.Publish(ctx, p)
			return err
		}},
		{"publish a ref above another", hub.Conflict, func(db *DB, w *world) error {
			p := change(w.public.ID, "refs/heads/a/b/c", hub.ZeroOID, oid(2))
			p.Refs = append(p.Refs, hub.RefUpdate{Name: "refs/heads/a", New: oid(2)})
			_, err := db.Publish(ctx, p)
			return err
		}},
		{"publish a large file of another repository", hub.Unprocessable, func(db *DB, w *world) error {
			_, err := db.Publish(ctx, hub.Publication{RepoID: w.private.ID, LFS: []hub.Digest{fileDigest}})
			if !strings.Contains(err.Error(), string(fileDigest)) {
				t.Errorf("%v does not name the file", err)
			}
			return err
		}},
		{"publish a pack that is not staged", hub.Conflict, func(db *DB, w *world) error {
			_, err := db.Publish(ctx, hub.Publication{RepoID: w.public.ID, Pack: &hub.Pack{ID: gone, BlobKey: "pack/y"}})
			return err
		}},
		{"publish a pack staged for another repository", hub.Conflict, func(db *DB, w *world) error {
			_, err := db.Publish(ctx, hub.Publication{RepoID: w.private.ID, Pack: &w.staged})
			return err
		}},
		{"publish a pack without its bytes", hub.Internal, func(db *DB, w *world) error {
			_, err := db.Publish(ctx, hub.Publication{RepoID: w.public.ID, Pack: &hub.Pack{ID: gone, Bytes: 3}, Inline: []byte("ab")})
			return err
		}},
		{"swap packs of no repository", hub.RepoNotFound, func(db *DB, w *world) error {
			_, err := db.ReplacePacks(ctx, hub.PackSwap{RepoID: gone, New: []hub.NewPack{{Pack: hub.Pack{ID: hub.NewID(), Bytes: 1}, Inline: []byte("x")}}})
			return err
		}},
		{"swap a pack that is not live", hub.PreconditionFailed, func(db *DB, w *world) error {
			_, err := db.ReplacePacks(ctx, hub.PackSwap{RepoID: w.public.ID, Retired: []hub.ID{w.staged.ID}})
			return err
		}},

		{"size of no large file", hub.NotFound, func(db *DB, w *world) error { _, err := db.LFSSize(ctx, freshDigest); return err }},
		{"key of no large file", hub.NotFound, func(db *DB, w *world) error { _, _, err := db.LFSBlobKey(ctx, freshDigest); return err }},
		{"large file for no repository", hub.RepoNotFound, func(db *DB, w *world) error { return db.CompleteLFS(ctx, gone, freshDigest, 1, "k", ev) }},
		{"large file of another size", hub.Unprocessable, func(db *DB, w *world) error { return db.CompleteLFS(ctx, w.private.ID, w.file, 8, "k", ev) }},
		{"no upload", hub.NotFound, func(db *DB, w *world) error { _, err := db.UploadByID(ctx, gone); return err }},
		{"extend no upload", hub.NotFound, func(db *DB, w *world) error { return db.ExtendUpload(ctx, gone, time.Now()) }},
		{"part of no upload", hub.NotFound, func(db *DB, w *world) error {
			_, err := db.AddUploadPart(ctx, gone, hub.UploadPart{Number: 1})
			return err
		}},
		{"upload id taken", hub.Conflict, func(db *DB, w *world) error { return db.CreateUpload(ctx, w.upload) }},

		{"listing without a limit", hub.InvalidInput, func(db *DB, w *world) error { _, _, err := db.ListRepos(ctx, hub.RepoQuery{}); return err }},
		{"listing beyond the limit", hub.InvalidInput, func(db *DB, w *world) error {
			_, _, err := db.ListRepos(ctx, hub.RepoQuery{Limit: MaxListLimit + 1})
			return err
		}},
		{"listing in an unknown order", hub.InvalidInput, func(db *DB, w *world) error {
			_, _, err := db.ListRepos(ctx, hub.RepoQuery{Limit: 1, Sort: "size; DROP TABLE repos"})
			return err
		}},
		{"listing with too many terms", hub.InvalidInput, func(db *DB, w *world) error {
			_, _, err := db.ListRepos(ctx, hub.RepoQuery{Limit: 1, Search: make([]string, 17)})
			return err
		}},
		{"listing with too many tags", hub.InvalidInput, func(db *DB, w *world) error {
			_, _, err := db.ListRepos(ctx, hub.RepoQuery{Limit: 1, Tags: make([]string, 65)})
			return err
		}},
		{"listing with a torn cursor", hub.InvalidInput, func(db *DB, w *world) error {
			_, _, err := db.ListRepos(ctx, hub.RepoQuery{Limit: 1, Cursor: "eyJz"})
			return err
		}},
		{"listing with the cursor of another order", hub.InvalidInput, func(db *DB, w *world) error {
			_, _, err := db.ListRepos(ctx, hub.RepoQuery{Limit: 1, Sort: hub.SortLikes, Cursor: cursorAfter(hub.SortID, w.public).String()})
			return err
		}},
		{"listing for something that is no text", hub.InvalidInput, func(db *DB, w *world) error {
			_, _, err := db.ListRepos(ctx, hub.RepoQuery{Limit: 1, Search: []string{bad}})
			return err
		}},
	}
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				before, err := db.ListEvents(ctx, "", 1000)
				must(t, err)
				wantCode(t, c.call(db, w), c.code)
				after, err := db.ListEvents(ctx, "", 1000)
				must(t, err)
				if len(before) != len(after) && c.name != "delete the last administrator" { // which does something first
					t.Errorf("%d events came of a refusal", len(after)-len(before))
				}
			})
		}
		if _, err := db.RepoByID(ctx, w.public.ID); err != nil {
			t.Errorf("the world is damaged: %v", err)
		}
	})
}
