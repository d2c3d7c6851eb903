package meta

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ambit-hub/ambit/internal/hub"
)

// same fails with the difference.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestUsers(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		u := hub.User{ID: hub.NewID(), Name: "Alice", FullName: "Alice Ünal", Email: "a@example.com", EmailVerified: true,
			Admin: true, HasPassword: true, CreatedAt: testTime()}
		must(t, db.CreateUser(ctx, u, "$argon2id$x", hub.Event{}))
		got, err := db.UserByName(ctx, "aLiCe")
		must(t, err)
		same(t, "user", got, u)
		hash, err := db.PasswordHash(ctx, u.ID)
		if err != nil || hash != "$argon2id$x" {
			t.Errorf("hash %q %v", hash, err)
		}
		must(t, db.SetPassword(ctx, u.ID, "", hub.Event{}))
		must(t, db.SetSuspended(ctx, u.ID, true, hub.Event{}))
		u.HasPassword, u.Suspended = false, true
		got, err = db.UserByID(ctx, u.ID)
		must(t, err)
		same(t, "suspended user", got, u)
		u.FullName, u.Email, u.EmailVerified, u.Admin, u.Suspended = "A", "b@example.com", false, false, false
		must(t, putUser(db, u, hub.Event{}))
		bob := addUser(t, db, "bob")
		n, err := db.CountUsers(ctx)
		must(t, err)
		all, err := db.ListUsers(ctx, "", 10)
		must(t, err)
		same(t, "all users", all, []hub.User{u, bob})
		rest, err := db.ListUsers(ctx, u.ID, 1)
		must(t, err)
		same(t, "second page", rest, []hub.User{bob})
		if n != 2 {
			t.Errorf("%d users", n)
		}
		ns, err := db.Namespace(ctx, "ALICE")
		must(t, err)
		same(t, "namespace", ns, hub.Namespace{ID: u.ID, Name: "Alice", Kind: hub.UserNamespace})
	})
}

func TestDeleteUserFreesTheName(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		tok, digest := addToken(t, db, w.bob.ID)
		must(t, db.TouchTokens(ctx, map[hub.ID]time.Time{tok.ID: testTime()}))
		must(t, db.DeleteUser(ctx, w.bob.ID, hub.Event{}))
		_, err := db.TokenFacts(ctx, digest)
		wantCode(t, err, hub.Unauthorized)
		_, _, err = db.SessionByDigest(ctx, w.sessionDigest)
		wantCode(t, err, hub.Unauthorized)
		members, err := db.Members(ctx, w.acme.ID, "", 10)
		must(t, err)
		if len(members) != 1 {
			t.Errorf("%d members stay", len(members))
		}
		addOrg(t, db, "BOB", w.alice.ID)
	})
}

func TestOrganizations(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		alice := addUser(t, db, "alice")
		o := hub.Organization{ID: hub.NewID(), Name: "Acme", FullName: "Acme & Co", Email: "x@example.com",
			DefaultVisibility: hub.Private, CreatedAt: testTime()}
		must(t, db.CreateOrg(ctx, o, alice.ID, hub.Event{}))
		got, err := db.OrgByName(ctx, "ACME")
		must(t, err)
		same(t, "organization", got, o)
		o.FullName, o.Email, o.DefaultVisibility = "Acme", "", hub.Public
		must(t, putOrg(db, o, hub.Event{}))
		got, err = db.OrgByID(ctx, o.ID)
		must(t, err)
		same(t, "changed organization", got, o)
		second := addOrg(t, db, "second", alice.ID)
		all, err := db.ListOrgs(ctx, "", 10)
		must(t, err)
		same(t, "organizations", all, []hub.Organization{o, second})
		all, err = db.ListOrgs(ctx, o.ID, 10)
		must(t, err)
		same(t, "next page", all, []hub.Organization{second})
		must(t, db.DeleteOrg(ctx, o.ID, hub.Event{}))
		_, err = db.Namespace(ctx, "acme")
		wantCode(t, err, hub.NotFound)
		addUser(t, db, "ACME")
	})
}

func TestMembers(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		roles := func() map[string]hub.Role {
			t.Helper()
			members, err := db.Members(ctx, w.acme.ID, "", 10)
			must(t, err)
			all := map[string]hub.Role{}
			for _, m := range members {
				all[m.UserName] = m.Role
				if m.OrgName != "Acme" || m.OrgID != w.acme.ID || m.FullName != "Full "+m.UserName {
					t.Errorf("odd member %+v", m)
				}
			}
			return all
		}
		same(t, "at first", roles(), map[string]hub.Role{"Alice": hub.RoleAdmin, "bob": hub.RoleRead})
		for _, role := range []hub.Role{hub.RoleNoAccess, hub.RoleContributor, hub.RoleWrite, hub.RoleAdmin} {
			must(t, db.SetMember(ctx, w.acme.ID, w.bob.ID, role, hub.Event{}))
			if got := roles()["bob"]; got != role {
				t.Errorf("bob is %v, want %v", got, role)
			}
		}
		must(t, db.SetMember(ctx, w.acme.ID, w.alice.ID, hub.RoleAdmin, hub.Event{})) // no change is no demotion
		must(t, db.RemoveMember(ctx, w.acme.ID, w.alice.ID, hub.Event{}))             // bob is another administrator
		same(t, "at last", roles(), map[string]hub.Role{"bob": hub.RoleAdmin})
		page, err := db.Members(ctx, w.acme.ID, w.bob.ID, 10)
		must(t, err)
		if len(page) != 0 {
			t.Errorf("%d members after the last", len(page))
		}
		of, err := db.MembershipsOf(ctx, w.bob.ID)
		must(t, err)
		if len(of) != 1 || of[0].Role != hub.RoleAdmin || of[0].OrgName != "Acme" {
			t.Errorf("memberships %+v", of)
		}
	})
}

func TestSessions(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		s, u, err := db.SessionByDigest(ctx, w.sessionDigest)
		must(t, err)
		same(t, "session", s, w.session)
		same(t, "its user", u, w.bob)
		old := hub.Session{ID: hub.NewID(), UserID: w.bob.ID, ExpiresAt: testTime().Add(-time.Hour)}
		oldDigest := newDigest()
		must(t, db.CreateSession(ctx, old, oldDigest, hub.Event{}))
		_, _, err = db.SessionByDigest(ctx, oldDigest)
		must(t, err) // the caller's clock decides
		must(t, db.ForgetSessions(ctx, testTime()))
		_, _, err = db.SessionByDigest(ctx, oldDigest)
		wantCode(t, err, hub.Unauthorized)
		must(t, db.DeleteSession(ctx, w.session.ID, hub.Event{}))
		_, _, err = db.SessionByDigest(ctx, w.sessionDigest)
		wantCode(t, err, hub.Unauthorized)
		must(t, db.CreateSession(ctx, w.session, w.sessionDigest, hub.Event{}))
		must(t, db.DeleteSessionsOf(ctx, w.bob.ID, hub.Event{}))
		_, _, err = db.SessionByDigest(ctx, w.sessionDigest)
		wantCode(t, err, hub.Unauthorized)
	})
}

func TestSettings(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		_, ok, err := db.Setting(ctx, "instance")
		if ok || err != nil {
			t.Errorf("got %v %v", ok, err)
		}
		for _, v := range []string{"one", "two"} {
			must(t, db.InTx(ctx, func(tx *Tx) error {
				if err := tx.PutSetting(ctx, "instance", v); err != nil {
					return err
				}
				got, ok, err := tx.Setting(ctx, "instance")
				if !ok || got != v {
					t.Errorf("got %q", got)
				}
				return err
			}))
		}
	})
}
