package serviceaccounts_test

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/serviceaccounts"
	"github.com/ambit-hub/ambit/internal/testkit"
)

var ctx = context.Background()

// world has an organization with an admin, repositories in and out of a resource group, and a service account.
type world struct {
	*testkit.Hub
	svc     *serviceaccounts.Service
	account hub.ServiceAccount
	ids     []hub.RepoID
	rows    []hub.Repo
	group   hub.ResourceGroup
}

func newWorld(t *testing.T) *world {
	w := &world{Hub: testkit.New(t, func(*testkit.Hub) {})}
	w.World()
	w.svc = serviceaccounts.New(w.DB, w.Keys, testkit.Instance, serviceaccounts.Options{})
	for _, name := range []string{"closed", "open", "gated"} {
		w.ids = append(w.ids, hub.RepoID{Type: hub.Model, Namespace: "acme", Name: name})
	}
	acme, err := w.DB.OrgByName(ctx, "acme")
	w.check(err)
	w.group = hub.ResourceGroup{ID: hub.NewID(), OrgID: acme.ID, Name: "lab"}
	w.check(w.DB.CreateGroup(ctx, w.group, nil, hub.Event{}))
	grouped := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "grouped"}
	r := w.Repo("alice.write", grouped, repos.NewRepo{Visibility: hub.Private})
	w.check(w.DB.SetRepoGroup(ctx, r.ID, w.group.ID, hub.Event{}))
	w.ids = append(w.ids, grouped)
	for _, id := range w.ids {
		r, _, err := w.DB.RepoByName(ctx, id)
		w.check(err)
		w.rows = append(w.rows, r)
	}
	f, _, err := w.svc.Create(ctx, w.grant(w.Subject("alice.write")), "", serviceaccounts.NewAccount{Name: "robot"}, hub.Event{})
	w.check(err)
	w.account = f.ServiceAccount
	return w
}

func (w *world) check(err error) {
	if err != nil {
		w.T.Helper()
		w.T.Fatal(err)
	}
}

// grant is the right to issue tokens; a zero Grant when the subject has it not.
func (w *world) grant(s *access.Subject) access.Grant {
	g, err := w.Zone.Authorize(ctx, s, access.Need{Action: access.ServiceAccountsWrite, Target: access.Namespace("acme")})
	if err != nil {
		return access.Grant{}
	}
	return g
}

// may lists everything that a subject may do here.
func (w *world) may(s *access.Subject) map[string]bool {
	out := map[string]bool{}
	ask := func(a access.Action, t access.Target, name string) {
		if _, err := w.Zone.Authorize(ctx, s, access.Need{Action: a, Target: t}); err == nil {
			out[a.String()+" "+name] = true
		}
	}
	for _, id := range w.ids {
		for _, a := range []access.Action{access.RepoView, access.RepoContentRead, access.RepoWrite, access.RepoSettings, access.RepoPublish,
			access.RepoDelete, access.RepoMove, access.RepoTransfer, access.RepoAccessRead, access.RepoAccessManage, access.RepoAssignGroup, access.DiscussionWrite} {
			ask(a, access.Repo(id), id.FullName())
		}
	}
	for _, a := range []access.Action{access.OrgRead, access.OrgWrite, access.OrgTokens, access.OrgAudit, access.OrgNetwork, access.NamespaceListAll,
		access.ServiceAccountsRead, access.ServiceAccountsWrite, access.GroupCreate} {
		ask(a, access.Namespace("acme"), "acme")
	}
	for _, a := range []access.Action{access.GroupRead, access.GroupManage, access.GroupSettings, access.GroupDelete} {
		ask(a, access.Group("acme", w.group.ID), "lab")
	}
	ask(access.RepoCreate, access.NewRepo(hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "new"}), "acme/new")
	ask(access.RepoCreatePublic, access.NewRepo(hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "new"}), "acme/new")
	return out
}

func some[T any](t *rapid.T, label string, from []T, most int) []T {
	var out []T
	for _, i := range rapid.SliceOfNDistinct(rapid.SampledFrom(indices(from)), 0, min(most, len(from)), rapid.ID[int]).Draw(t, label) {
		out = append(out, from[i])
	}
	return out
}

func indices[T any](from []T) []int {
	out := make([]int, len(from))
	for i := range out {
		out[i] = i
	}
	return out
}

// TestIssuingNeverExceedsTheIssuer: whoever issues a token, person or machine, with whatever entries: what the new token
// may do, its issuer may do.
func TestIssuingNeverExceedsTheIssuer(t *testing.T) {
	w := newWorld(t)
	issued, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		issuer := w.issuer(rt)
		if issuer == nil {
			return
		}
		n := serviceaccounts.NewToken{Permissions: some(rt, "permissions", hub.ServicePermissions, 4)}
		if rapid.Bool().Draw(rt, "named") {
			for _, r := range some(rt, "repos", w.rows, 2) {
				n.Repos = append(n.Repos, r.ID)
			}
			if len(n.Repos) > 0 {
				n.RepoPermissions = some(rt, "repo permissions", hub.ServiceRepoPermissions, 2)
			}
		}
		c, err := w.svc.CreateToken(ctx, w.grant(issuer), "", w.account.ID, n, hub.Event{})
		if hub.Is(err, hub.Forbidden) {
			refused++
			return
		}
		if err != nil {
			rt.Fatalf("%+v: %v", n, err)
		}
		issued++
		defer w.DB.RevokeServiceToken(ctx, c.ID, "deleted", c.CreatedAt, hub.Event{})
		s, err := w.Auth.Authenticate(ctx, identity.Credentials{Authorization: "Bearer " + c.Value.Reveal()})
		if err != nil {
			rt.Fatal(err)
		}
		have := w.may(issuer)
		for what := range w.may(s) {
			if !have[what] {
				rt.Errorf("the token %+v may do %q, and its issuer may not", n, what)
			}
		}
	})
	if issued == 0 || refused == 0 {
		t.Fatalf("%d issued, %d refused: the test sees one side only", issued, refused)
	}
}

// issuer makes an admin's fine-grained token or a service account's token that may issue; nil if it came out as one that may
// not.
func (w *world) issuer(rt *rapid.T) *access.Subject {
	own := some(rt, "issuer's permissions", hub.ServicePermissions, 6)
	own = append(own, hub.PermOrgSAWrite)
	var s *access.Subject
	if rapid.Bool().Draw(rt, "machine") {
		n := serviceaccounts.NewToken{Permissions: own}
		for _, r := range some(rt, "issuer's repos", w.rows, 2) {
			n.Repos = append(n.Repos, r.ID)
		}
		if len(n.Repos) > 0 {
			n.RepoPermissions = some(rt, "issuer's repo permissions", hub.ServiceRepoPermissions, 2)
		}
		c, err := w.svc.CreateToken(ctx, w.grant(w.Subject("alice.write")), "", w.account.ID, n, hub.Event{})
		if err != nil {
			rt.Fatal(err)
		}
		rt.Cleanup(func() { w.DB.RevokeServiceToken(ctx, c.ID, "deleted", c.CreatedAt, hub.Event{}) })
		if s, err = w.Auth.Authenticate(ctx, identity.Credentials{Authorization: "Bearer " + c.Value.Reveal()}); err != nil {
			rt.Fatal(err)
		}
	} else {
		scopes := []hub.Scope{w.Scope(hub.EntityOrg, "acme", own...)}
		for _, id := range some(rt, "entries", w.ids, 2) {
			scopes = append(scopes, w.Scope(hub.EntityModel, id.FullName(), some(rt, "entry", hub.RepoPermissions, 3)...))
		}
		if rapid.Bool().Draw(rt, "group entry") {
			scopes = append(scopes, hub.Scope{EntityType: hub.EntityGroup, EntityID: w.group.ID, NamespaceID: w.group.OrgID, GroupID: w.group.ID,
				Permissions: some(rt, "group's entry", hub.RepoPermissions, 3)})
		}
		w.Token("issuer", "alice", hub.Token{Kind: hub.TokenFineGrained, Scopes: scopes})
		s = w.Subject("issuer")
	}
	if w.grant(s).Subject() == nil {
		return nil
	}
	return s
}
