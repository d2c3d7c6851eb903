package hubapi_test

import (
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	"github.com/ambit-hub/ambit/internal/service/accounts"
	"github.com/ambit-hub/ambit/internal/service/gates"
	"github.com/ambit-hub/ambit/internal/service/groups"
	"github.com/ambit-hub/ambit/internal/service/policies"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/serviceaccounts"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// gateCard has a form with a field of each kind that is checked.
const gateCard = "---\nlicense: mit\nextra_gated_prompt: Please agree.\nextra_gated_fields:\n  Company: text\n  Use:\n    type: select\n    options: [Research, {label: Something else, value: other}]\n  I agree: checkbox\n---\n# Form\n"

// startOrgs makes the world with everything about organizations. Beyond it there is the organization beta of bob, the
// gated model acme/form with a form, and the tokens carol.fg and dave.fg with a scope on acme and alice.org, which may
// change its settings, alice.groups, which may manage its groups and sees nothing, and alice.sa, which may issue what it holds.
func startOrgs(t *testing.T) *testkit.Hub {
	h := testkit.New(t, func(h *testkit.Hub) {
		hubapi.New(hubapi.Services{
			Accounts: accounts.New(h.DB, h.Keys, accounts.Options{PasswordMinLength: 10, SessionLifetime: time.Hour}),
			Tokens:   tokens.New(h.DB, h.Zone, h.Keys, testkit.Instance, tokens.Options{MaxPerUser: 10, MaxScopes: 10}),
			Repos:    h.Repos,
			Policies: policies.New(h.DB, h.Keys, nil),
			Groups:   groups.New(h.DB, h.Zone, nil),
			Gates:    gates.New(h.DB, h.Repos, nil),
			Machines: serviceaccounts.New(h.DB, h.Keys, testkit.Instance, serviceaccounts.Options{}),
		}).Register(h.Server)
		resolve.New(h.Transfer(transfer.Config{})).Register(h.Server)
	})
	h.World()
	h.Org("beta", "bob")
	h.Member("beta", "carol", hub.RoleRead)
	form := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "form"}
	h.Repo("alice.write", form, repos.NewRepo{Files: []repos.File{{Path: "README.md", Content: []byte(gateCard)}, {Path: "data.txt", Content: []byte("secret\n")}}})
	h.Gate(form, hub.GateManual)
	h.Repo("bob.write", hub.RepoID{Type: hub.Dataset, Namespace: "beta", Name: "own"}, repos.NewRepo{Visibility: hub.Private})
	org := func(ps ...hub.Permission) []hub.Scope { return []hub.Scope{h.Scope(hub.EntityOrg, "acme", ps...)} }
	for token, t := range map[string]hub.Token{
		"carol.fg":     {Scopes: append(org(hub.PermRepoContentRead), h.Scope(hub.EntityDataset, "beta/own", hub.PermRepoContentRead))},
		"dave.fg":      {Scopes: org(hub.PermRepoContentRead, hub.PermRepoWrite)},
		"alice.org":    {Scopes: org(hub.PermOrgWrite)},
		"alice.groups": {Scopes: org(hub.PermResourceGroupWrite, hub.PermOrgWrite)},
		"alice.sa":     {Scopes: org(hub.PermOrgSAWrite, hub.PermRepoContentRead)},
	} {
		t.Kind = hub.TokenFineGrained
		h.Token(token, token[:len(token)-len(token[lastDot(token):])], t)
	}
	return h
}

func lastDot(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return i
		}
	}
	return len(s)
}

func TestOrganizationScripts(t *testing.T) { testkit.Run(t, "testdata/orgs/*.http", startOrgs) }
