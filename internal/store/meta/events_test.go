package meta

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestEveryMutationIsRecorded holds, for each method that changes something, the event in the audit log and whose
// cached facts it makes stale: in the table of changes and to the listeners before the method returns.
func TestEveryMutationIsRecorded(t *testing.T) {
	ev := hub.Event{ActorID: "00000000000000000000000a", ActorName: "root", IP: "127.0.0.1", UserAgent: "test", Message: "why"}
	user := func(id hub.ID) hub.Change { return hub.Change{Kind: hub.ChangeUser, ID: id} }
	tok := func(id hub.ID) hub.Change { return hub.Change{Kind: hub.ChangeToken, ID: id} }
	org := func(id hub.ID) hub.Change { return hub.Change{Kind: hub.ChangeOrg, ID: id} }
	repo := func(id hub.ID) hub.Change { return hub.Change{Kind: hub.ChangeRepo, ID: id} }
	type changes = []hub.Change
	dave, fellows, fresh := hub.NewID(), hub.NewID(), hub.NewID() // an id is given once
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		var mu sync.Mutex
		var told []hub.Change
		db.OnChange(func(c []hub.Change) { mu.Lock(); defer mu.Unlock(); told = append(told, c...) })
		seq, err := db.LastChange(ctx)
		must(t, err)
		var last hub.ID
		events, err := db.ListEvents(ctx, "", 1000)
		must(t, err)
		last = events[len(events)-1].ID
		for _, step := range []struct {
			kind    string
			changes changes
			call    func() error
		}{
			{"user.create", changes{user(dave)}, func() error { return db.CreateUser(ctx, hub.User{ID: dave, Name: "dave"}, "", ev) }},
			{"user.update", changes{user(w.bob.ID)}, func() error { return putUser(db, w.bob, ev) }},
			{"user.set_password", changes{user(w.bob.ID)}, func() error { return db.SetPassword(ctx, w.bob.ID, "h", ev) }},
			{"user.suspend", changes{user(w.bob.ID)}, func() error { return db.SetSuspended(ctx, w.bob.ID, true, ev) }},
			{"user.resume", changes{user(w.bob.ID)}, func() error { return db.SetSuspended(ctx, w.bob.ID, false, ev) }},
			{"user.delete", changes{user(dave)}, func() error { return db.DeleteUser(ctx, dave, ev) }},
			{"org.create", changes{org(fellows), user(w.carol.ID)}, func() error {
				return db.CreateOrg(ctx, hub.Organization{ID: fellows, Name: "fresh"}, w.carol.ID, ev)
			}},
			{"org.update", changes{org(w.acme.ID)}, func() error { return putOrg(db, w.acme, ev) }},
			{"org.set_member", changes{user(w.bob.ID)}, func() error { return db.SetMember(ctx, fellows, w.bob.ID, hub.RoleWrite, ev) }},
			{"org.remove_member", changes{user(w.bob.ID)}, func() error { return db.RemoveMember(ctx, fellows, w.bob.ID, ev) }},
			{"org.delete", changes{user(w.carol.ID), org(fellows)}, func() error { return db.DeleteOrg(ctx, fellows, ev) }},
			{"session.create", nil, func() error {
				return db.CreateSession(ctx, hub.Session{ID: fresh, UserID: w.bob.ID}, newDigest(), ev)
			}},
			{"session.delete", changes{user(w.bob.ID)}, func() error { return db.DeleteSession(ctx, fresh, ev) }},
			{"session.delete_all", changes{user(w.bob.ID)}, func() error { return db.DeleteSessionsOf(ctx, w.bob.ID, ev) }},
			{"token.create", changes{tok(fresh)}, func() error {
				return db.CreateToken(ctx, hub.Token{ID: fresh, UserID: w.bob.ID}, "k", newDigest(), ev)
			}},
			{"token.update", changes{tok(fresh)}, func() error { return db.UpdateToken(ctx, hub.Token{ID: fresh}, ev) }},
			{"token.rotate", changes{tok(fresh)}, func() error { return db.RotateToken(ctx, fresh, "", "k", newDigest(), time.Time{}, ev) }},
			{"token.revoke", changes{tok(fresh)}, func() error { return db.RevokeToken(ctx, fresh, "deleted", time.Time{}, ev) }},
			{"repo.create", changes{repo(fresh)}, func() error {
				return db.CreateRepo(ctx, hub.Repo{ID: fresh, RepoID: hub.RepoID{Type: hub.Model, Name: "r"}, NamespaceID: w.bob.ID}, hub.Publication{}, ev)
			}},
			{"repo.update", changes{repo(w.public.ID)}, func() error { return db.UpdateRepo(ctx, w.public, ev) }},
			{"repo.update", changes{repo(w.public.ID)}, func() error {
				return db.ChangeRepo(ctx, w.public.ID, ev, func(r *hub.Repo) (string, error) { r.Gated = hub.GateAuto; return "why", nil })
			}},
			{"repo.publish", nil, func() error {
				p := change(fresh, "refs/heads/main", hub.ZeroOID, oid(1))
				p.Event = ev
				_, err := db.Publish(ctx, p)
				return err
			}},
			{"lfs.link", nil, func() error { return db.CompleteLFS(ctx, fresh, w.file, 7, "k", ev) }},
			{"repo.move", changes{tok(w.token.ID), repo(w.public.ID)}, func() error {
				return db.MoveRepo(ctx, w.public.ID, hub.RepoID{Name: "moved"}, w.acme.ID, ev)
			}},
			{"repo.delete", changes{tok(w.token.ID), repo(w.public.ID)}, func() error { return db.DeleteRepo(ctx, w.public.ID, ev) }},
		} {
			told = nil
			if err := step.call(); err != nil {
				t.Fatalf("%s: %v", step.kind, err)
			}
			mu.Lock()
			same(t, step.kind+": told to listeners", told, []hub.Change(step.changes))
			mu.Unlock()
			rows, err := db.ChangesSince(ctx, seq, 100)
			must(t, err)
			var stored []hub.Change
			for i, r := range rows {
				stored = append(stored, r.Change)
				if r.Seq != seq+int64(i)+1 {
					t.Errorf("%s: number %d after %d", step.kind, r.Seq, seq)
				}
			}
			same(t, step.kind+": stored", stored, []hub.Change(step.changes))
			seq += int64(len(rows))
			events, err := db.ListEvents(ctx, last, 100)
			must(t, err)
			if len(events) != 1 {
				t.Fatalf("%s: %d events", step.kind, len(events))
			}
			e := events[0]
			if e.Type != step.kind || e.ActorName != "root" || e.IP != ev.IP || e.UserAgent != ev.UserAgent || e.Message != "why" || e.At.IsZero() {
				t.Errorf("%s: event %+v", step.kind, e)
			}
			if e.RepoID == "" && e.NamespaceID == "" {
				t.Errorf("%s: the event says nothing about what it concerns", step.kind)
			}
			last = e.ID
		}
		custom := ev
		custom.Type = "account.rename"
		must(t, putUser(db, w.bob, custom))
		events, err = db.ListEvents(ctx, last, 100)
		must(t, err)
		if len(events) != 1 || events[0].Type != "account.rename" {
			t.Errorf("the caller's type is lost: %+v", events)
		}
	})
}

// TestChangesAreInOrderOfCommits lets writers make changes at once while a reader follows: it must never see a number
// whose predecessors come later.
func TestChangesAreInOrderOfCommits(t *testing.T) {
	const writers, each = 8, 10
	both(t, func(t *testing.T, db *DB) {
		var users []hub.User
		for i := range writers {
			users = append(users, addUser(t, db, "u"+string(rune('a'+i))))
		}
		start, err := db.LastChange(ctx)
		must(t, err)
		done := make(chan struct{})
		var wg sync.WaitGroup
		for _, u := range users {
			wg.Go(func() {
				for range each {
					if err := putUser(db, u, hub.Event{}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		go func() { wg.Wait(); close(done) }()
		seen := start
		for finished := false; !finished; {
			select {
			case <-done:
				finished = true
			default:
			}
			rows, err := db.ChangesSince(ctx, seen, 1000)
			must(t, err)
			for _, r := range rows {
				if r.Seq != seen+1 {
					t.Fatalf("%d came after %d", r.Seq, seen)
				}
				seen = r.Seq
			}
		}
		if seen != start+writers*each {
			t.Errorf("%d changes seen", seen-start)
		}
	})
}

// TestListenersRunBeforeTheReply is what makes a revoked token stop at once on this node.
func TestListenersRunBeforeTheReply(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		var committed bool
		var order []string
		db.OnChange(func([]hub.Change) {
			order = append(order, "first")
			f, err := db.TokenFactsByID(ctx, w.token.ID)
			committed = err == nil && !f.Token.RevokedAt.IsZero()
		})
		db.OnChange(func([]hub.Change) { order = append(order, "second") })
		must(t, db.RevokeToken(ctx, w.token.ID, "deleted", time.Time{}, hub.Event{}))
		if !committed || !slices.Equal(order, []string{"first", "second"}) {
			t.Errorf("committed %v, order %v", committed, order)
		}
	})
}
