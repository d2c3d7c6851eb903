package meta

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestRepositories(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		want := hub.Repo{ID: hub.NewID(), RepoID: hub.RepoID{Type: hub.Space, Namespace: "Acme", Name: "Demo"}, NamespaceID: w.acme.ID,
			OwnerIsOrg: true, CreatorID: w.bob.ID, Visibility: hub.Protected, Gated: hub.GateManual, Disabled: true,
			DiscussionsDisabled: true, SDK: "docker", GateNotify: hub.GateNotifyBulk, CreatedAt: testTime(), UpdatedAt: testTime()}
		want.UpdatedAt = want.CreatedAt
		create := want
		create.NamespaceID = "" // found by name, whatever its case
		create.Namespace = "ACME"
		head := oid(7)
		pub := hub.Publication{ID: hub.NewID(), Head: &head, Refs: []hub.RefUpdate{{Name: "refs/heads/main", New: head}},
			Pack: &hub.Pack{ID: hub.NewID(), Kind: "commit", Objects: 3, PackBytes: 2, Bytes: 3, Sum: freshDigest}, Inline: []byte("abc"),
			Card:  &hub.Card{Data: []byte(`{"license":"mit"}`), Tags: []string{"license:mit", "x"}, PipelineTag: "text-generation", LibraryName: "lib"},
			Event: hub.Event{At: want.CreatedAt}}
		must(t, db.CreateRepo(ctx, create, pub, hub.Event{ActorID: w.bob.ID}))
		must(t, db.CreateRepo(ctx, create, pub, hub.Event{ActorID: w.bob.ID})) // the same publication: no second time
		want.Gen, want.HeadOID, want.GitBytes, want.Card = 1, head, 3, *pub.Card
		got, moved, err := db.RepoByName(ctx, hub.RepoID{Type: hub.Space, Namespace: "acme", Name: "DEMO"})
		must(t, err)
		same(t, "repository", got, want)
		if moved {
			t.Error("it has not moved")
		}

		want.Visibility, want.Gated, want.Disabled, want.DiscussionsDisabled, want.SDK = hub.Public, hub.GateAuto, false, false, "static"
		must(t, db.UpdateRepo(ctx, want, hub.Event{}))
		got, err = db.RepoByID(ctx, want.ID)
		must(t, err)
		if !got.UpdatedAt.After(want.UpdatedAt) {
			t.Error("the time of change stays")
		}
		got.UpdatedAt = want.UpdatedAt
		same(t, "changed repository", got, want)

		must(t, db.CountDownloads(ctx, map[hub.ID]int64{want.ID: 5, hub.NewID(): 1}))
		must(t, db.CountDownloads(ctx, nil))
		must(t, db.AgeTrending(ctx, testTime()))
		must(t, db.AgeTrending(ctx, later()))
		must(t, db.AgeTrending(ctx, later())) // once a day
		got, err = db.RepoByID(ctx, want.ID)
		must(t, err)
		if got.Downloads != 5 || got.Trending != 2 {
			t.Errorf("downloads %d, trending %d", got.Downloads, got.Trending)
		}
	})
}

func TestTypesAreSeparateNames(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		alice := addUser(t, db, "alice")
		for _, kind := range hub.RepoTypes {
			addRepo(t, db, alice.ID, "same", func(r *hub.Repo) { r.Type = kind })
		}
		for _, kind := range hub.RepoTypes {
			r, _, err := db.RepoByName(ctx, hub.RepoID{Type: kind, Namespace: "alice", Name: "same"})
			must(t, err)
			if r.Type != kind {
				t.Errorf("%s is a %s", kind, r.Type)
			}
		}
	})
}

func TestMoves(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		lookup := func(ns, name string) (hub.Repo, bool, error) {
			return db.RepoByName(ctx, hub.RepoID{Type: hub.Model, Namespace: ns, Name: name})
		}
		expect := func(ns, name string, id hub.ID, moved bool) {
			t.Helper()
			r, m, err := lookup(ns, name)
			must(t, err)
			if r.ID != id || m != moved {
				t.Errorf("%s/%s is %s (moved %v)", ns, name, r.FullName(), m)
			}
		}
		must(t, db.MoveRepo(ctx, w.public.ID, hub.RepoID{Name: "one"}, w.alice.ID, hub.Event{}))
		must(t, db.MoveRepo(ctx, w.public.ID, hub.RepoID{Name: "Two"}, w.acme.ID, hub.Event{}))
		expect("acme", "two", w.public.ID, false)
		expect("alice", "PUBLIC", w.public.ID, true) // through both moves
		expect("alice", "one", w.public.ID, true)

		taker := addRepo(t, db, w.alice.ID, "Public") // the old name is free, and now somebody else's
		expect("alice", "public", taker.ID, false)

		must(t, db.MoveRepo(ctx, w.public.ID, hub.RepoID{Name: "one"}, w.alice.ID, hub.Event{})) // back onto its own alias
		expect("alice", "one", w.public.ID, false)
		expect("acme", "two", w.public.ID, true)

		must(t, db.MoveRepo(ctx, w.public.ID, hub.RepoID{Name: "ONE"}, w.alice.ID, hub.Event{})) // case only
		expect("alice", "one", w.public.ID, false)
		r, _, err := lookup("alice", "one")
		must(t, err)
		if r.Name != "ONE" {
			t.Errorf("it is called %s", r.Name)
		}
		found, _, err := db.ListRepos(ctx, hub.RepoQuery{Search: []string{"alice/one"}, Limit: 10})
		must(t, err)
		if len(found) != 1 || found[0].ID != w.public.ID {
			t.Errorf("a search finds %d", len(found))
		}
		must(t, db.DeleteRepo(ctx, w.public.ID, hub.Event{}))
		_, _, err = lookup("acme", "two")
		wantCode(t, err, hub.RepoNotFound)
	})
}

func TestDeleteRepo(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		p := change(w.public.ID, "refs/heads/main", hub.ZeroOID, oid(1))
		p.Pack, p.Inline = &hub.Pack{ID: hub.NewID(), Bytes: 1}, []byte("x")
		p.Card = &hub.Card{Tags: []string{"a"}}
		_, err := db.Publish(ctx, p)
		must(t, err)
		must(t, db.DeleteRepo(ctx, w.public.ID, hub.Event{}))
		_, err = db.RepoByID(ctx, w.public.ID)
		wantCode(t, err, hub.RepoNotFound)
		again := addRepo(t, db, w.alice.ID, "public") // at once
		refs, err := db.Refs(ctx, again.ID, "")
		must(t, err)
		if len(refs) != 0 || again.LFSBytes != 0 || again.Gen != 1 {
			t.Errorf("something was inherited: %v %+v", refs, again)
		}
		packs, err := db.RetiredPacks(ctx, testTime().Add(1e9), 10)
		must(t, err)
		if len(packs) != 2 { // the published one and the staged one
			t.Errorf("%d retired packs", len(packs))
		}
		data, err := db.PackInline(ctx, p.Pack.ID) // a reader may still be at it
		if err != nil || string(data) != "x" {
			t.Errorf("%q %v", data, err)
		}
		for _, p := range packs {
			must(t, db.ForgetPack(ctx, p.ID))
		}
		_, err = db.PackInline(ctx, p.Pack.ID)
		wantCode(t, err, hub.NotFound)
		must(t, db.DeleteUser(ctx, addUser(t, db, "dave").ID, hub.Event{}))
	})
}
