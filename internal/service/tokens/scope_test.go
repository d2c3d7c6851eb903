package tokens_test

import (
	"fmt"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

func scope(t *testing.T, entity string, ps ...hub.Permission) tokens.NewScope {
	t.Helper()
	e, err := tokens.ParseEntity(entity)
	if err != nil {
		t.Fatal(err)
	}
	return tokens.NewScope{Entity: e, Permissions: ps}
}

func TestEntityRoundTrip(t *testing.T) {
	for _, s := range []string{"user:alice", "org:acme", "model:acme/bert", "dataset:acme/names", "space:acme/demo"} {
		e, err := tokens.ParseEntity(s)
		if err != nil || e.String() != s {
			t.Errorf("%q: %v, %v", s, e, err)
		}
	}
	for _, s := range []string{"", "alice", "user:", ":alice", "group:x", "model:bert", "model:a/b/c", "model:/b", "bucket:a/b"} {
		if e, err := tokens.ParseEntity(s); !hub.Is(err, hub.InvalidInput) {
			t.Errorf("%q names %v", s, e)
		}
	}
}

// Every atom can stand where the vocabulary says, and nowhere else.
func TestEveryAtomHasItsPlace(t *testing.T) {
	all := map[hub.Permission]bool{}
	for _, list := range [][]hub.Permission{hub.UserPermissions, hub.OrgPermissions, hub.RepoPermissions, hub.GlobalPermissions} {
		for _, p := range list {
			all[p] = true
		}
	}
	onEachEngine(t, tokens.Options{MaxPerUser: 1000}, func(w *world) {
		alice := w.user("alice")
		org := hub.Organization{ID: hub.NewID(), Name: "acme", DefaultVisibility: hub.Public, CreatedAt: w.clock()}
		w.must(w.db.CreateOrg(w.ctx, org, alice.ID, hub.Event{Type: "org.create"}))
		w.repo("acme", "bert", org.ID, true)
		g := w.operator()
		for entity, allowed := range map[string][]hub.Permission{"user:alice": hub.UserPermissions, "org:acme": hub.OrgPermissions, "model:acme/bert": hub.RepoPermissions} {
			for p := range all {
				n := tokens.NewToken{User: "alice", Name: "n", Kind: hub.TokenFineGrained, Scopes: []tokens.NewScope{scope(t, entity, p)}}
				c, err := w.svc.Create(w.ctx, g, n)
				want := contains(allowed, p)
				if (err == nil) != want {
					t.Errorf("%s on %s: %v, want allowed %v", p, entity, err, want)
				}
				if err == nil && (len(c.Scopes) != 1 || c.Scopes[0].Permissions[0] != p || c.Scopes[0].EntityID == "" || c.Scopes[0].NamespaceID == "") {
					t.Errorf("%s on %s became %+v", p, entity, c.Scopes)
				}
			}
		}
		for p := range all {
			_, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: "n", Kind: hub.TokenFineGrained, Global: []hub.Permission{p}})
			want := contains(hub.GlobalPermissions, p) || p == hub.PermInferenceWrite // the latter as tokens of 2024 had it
			if (err == nil) != want {
				t.Errorf("%s globally: %v, want allowed %v", p, err, want)
			}
		}
	})
}

func contains(list []hub.Permission, p hub.Permission) bool {
	for _, x := range list {
		if x == p {
			return true
		}
	}
	return false
}

func (w *world) repo(ns, name string, nsID hub.ID, org bool) hub.Repo {
	w.t.Helper()
	r := hub.Repo{ID: hub.NewID(), RepoID: hub.RepoID{Type: hub.Model, Namespace: ns, Name: name}, NamespaceID: nsID, OwnerIsOrg: org,
		Visibility: hub.Private, CreatedAt: w.clock(), UpdatedAt: w.clock()}
	w.must(w.db.CreateRepo(w.ctx, r, hub.Publication{ID: hub.NewID(), RepoID: r.ID}, hub.Event{Type: "repo.create"}))
	return r
}

// What the operator can see and a session cannot: a private repository of somebody else is, for a session that names it
// in a scope, the same as none.
func TestScopesDoNotProbe(t *testing.T) {
	onEachEngine(t, tokens.Options{}, func(w *world) {
		alice, mallory := w.user("alice"), w.user("mallory")
		w.repo("alice", "secret", alice.ID, false)
		ask := func(entity string) string {
			_, err := w.svc.Create(w.ctx, w.session(mallory), tokens.NewToken{Name: "n", Kind: hub.TokenFineGrained, Scopes: []tokens.NewScope{scope(t, entity, hub.PermRepoContentRead)}})
			if !hub.Is(err, hub.RepoNotFound) {
				t.Errorf("%s: %v", entity, err)
			}
			return fmt.Sprint(err)
		}
		if hidden, missing := ask("model:alice/secret"), ask("model:alice/nothing"); hidden != missing {
			t.Errorf("hidden and missing differ:\n%s\n%s", hidden, missing)
		}
		_, err := w.svc.Create(w.ctx, w.session(alice), tokens.NewToken{Name: "n", Kind: hub.TokenFineGrained, Scopes: []tokens.NewScope{scope(t, "model:Alice/SECRET", hub.PermRepoContentRead)}})
		w.must(err)
	})
}

func TestScopesAreCheckedWhole(t *testing.T) {
	onEachEngine(t, tokens.Options{MaxScopes: 2}, func(w *world) {
		alice := w.user("alice")
		w.user("bob")
		for _, name := range []string{"one", "two", "three"} {
			w.must(w.db.CreateOrg(w.ctx, hub.Organization{ID: hub.NewID(), Name: name, DefaultVisibility: hub.Public, CreatedAt: w.clock()}, alice.ID, hub.Event{Type: "org.create"}))
		}
		g := w.operator()
		one, two, three := scope(t, "org:one", hub.PermRepoWrite), scope(t, "org:two", hub.PermRepoWrite), scope(t, "org:three", hub.PermRepoWrite)
		for what, c := range map[string]struct {
			n    tokens.NewToken
			code hub.Code
		}{
			"too many":           {tokens.NewToken{User: "alice", Kind: hub.TokenFineGrained, Scopes: []tokens.NewScope{one, two, three}}, hub.InvalidInput},
			"twice":              {tokens.NewToken{User: "alice", Kind: hub.TokenFineGrained, Scopes: []tokens.NewScope{one, one}}, hub.InvalidInput},
			"not a member":       {tokens.NewToken{User: "bob", Kind: hub.TokenFineGrained, Scopes: []tokens.NewScope{one}}, hub.InvalidInput},
			"another user":       {tokens.NewToken{User: "bob", Kind: hub.TokenFineGrained, Scopes: []tokens.NewScope{scope(t, "user:alice", hub.PermRepoWrite)}}, hub.InvalidInput},
			"unknown org":        {tokens.NewToken{User: "alice", Kind: hub.TokenFineGrained, Scopes: []tokens.NewScope{scope(t, "org:none", hub.PermRepoWrite)}}, hub.NotFound},
			"scopes on read":     {tokens.NewToken{User: "alice", Kind: hub.TokenRead, Scopes: []tokens.NewScope{one}}, hub.InvalidInput},
			"global on write":    {tokens.NewToken{User: "alice", Kind: hub.TokenWrite, Global: []hub.Permission{hub.PermDiscussionWrite}}, hub.InvalidInput},
			"gated on read":      {tokens.NewToken{User: "alice", Kind: hub.TokenRead, CanReadGated: true}, hub.InvalidInput},
			"kind of no meaning": {tokens.NewToken{User: "alice", Kind: "god"}, hub.InvalidInput},
			"no kind":            {tokens.NewToken{User: "alice"}, hub.InvalidInput},
		} {
			c.n.Name = "n"
			if _, err := w.svc.Create(w.ctx, g, c.n); !hub.Is(err, c.code) {
				t.Errorf("%s: %v, want %s", what, err, c.code)
			}
		}
		list, err := w.svc.Of(w.ctx, g, "alice")
		w.must(err)
		if len(list) != 0 {
			t.Errorf("a refused request made %d tokens", len(list))
		}
	})
}

// Editing replaces what it names and leaves the rest, and is in force when it returns.
func TestEditPermissions(t *testing.T) {
	onEachEngine(t, tokens.Options{}, func(w *world) {
		alice := w.user("alice")
		org := hub.Organization{ID: hub.NewID(), Name: "acme", DefaultVisibility: hub.Public, CreatedAt: w.clock()}
		w.must(w.db.CreateOrg(w.ctx, org, alice.ID, hub.Event{Type: "org.create"}))
		g := w.operator()
		c, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: "n", Kind: hub.TokenFineGrained, CanReadGated: true,
			Global: []hub.Permission{hub.PermDiscussionWrite}, Scopes: []tokens.NewScope{scope(t, "org:acme", hub.PermRepoWrite, hub.PermOrgRead, hub.PermRepoWrite)}})
		w.must(err)
		if got := fmt.Sprint(c.Scopes[0].Permissions); got != "[repo.write org.read]" {
			t.Errorf("permissions became %s", got)
		}
		s, err := w.use(c.Value)
		w.must(err)
		entry := []hub.Permission{hub.PermRepoWrite, hub.PermOrgRead}
		if lacks := s.MissingToIssue(org.ID, entry); len(lacks) != 0 {
			t.Fatalf("the subject lacks %v", lacks)
		}
		gated := false
		e, err := w.svc.Edit(w.ctx, g, c.ID, tokens.Change{CanReadGated: &gated})
		w.must(err)
		if e.CanReadGated || len(e.Scopes) != 1 || len(e.Global) != 1 {
			t.Errorf("edited to %+v", e)
		}
		none := []tokens.NewScope{}
		_, err = w.svc.Edit(w.ctx, g, c.ID, tokens.Change{Scopes: &none})
		w.must(err)
		s, err = w.use(c.Value)
		w.must(err)
		if lacks := s.MissingToIssue(org.ID, entry); len(lacks) != 2 {
			t.Errorf("the next request lacks %v", lacks)
		}
		inference := []hub.Permission{hub.PermInferenceWrite}
		if _, err := w.svc.Edit(w.ctx, g, c.ID, tokens.Change{Global: &inference}); !hub.Is(err, hub.InvalidInput) {
			t.Errorf("an atom without its entity: %v", err)
		}
		r, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: "r", Kind: hub.TokenRead})
		w.must(err)
		yes := true
		if _, err := w.svc.Edit(w.ctx, g, r.ID, tokens.Change{CanReadGated: &yes}); !hub.Is(err, hub.InvalidInput) {
			t.Errorf("a read token got permissions of its own: %v", err)
		}
	})
}
