package hubapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/lfs"
	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	"github.com/ambit-hub/ambit/internal/service/accounts"
	"github.com/ambit-hub/ambit/internal/service/groups"
	"github.com/ambit-hub/ambit/internal/service/policies"
	"github.com/ambit-hub/ambit/internal/service/serviceaccounts"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// startTokens makes the world with all that tokens have to do with: their owners' pages of life, organizations' rules, and
// service accounts. Old values may work for a week. The group research of acme holds carol and the model acme/closed.
func startTokens(t *testing.T) *testkit.Hub {
	const week = 7 * 24 * time.Hour
	h := testkit.New(t, func(h *testkit.Hub) {
		tr := h.Transfer(transfer.Config{})
		hubapi.New(hubapi.Services{
			Accounts: accounts.New(h.DB, h.Keys, accounts.Options{PasswordMinLength: 10, SessionLifetime: time.Hour}),
			Tokens:   tokens.New(h.DB, h.Zone, h.Keys, testkit.Instance, tokens.Options{MaxPerUser: 10, MaxScopes: 10, MaxOverlap: week}),
			Insights: h.DB,
			Repos:    h.Repos, Transfer: tr,
			Policies: policies.New(h.DB, h.Keys, nil),
			Groups:   groups.New(h.DB, h.Zone, nil),
			Machines: serviceaccounts.New(h.DB, h.Keys, testkit.Instance, serviceaccounts.Options{MaxOverlap: week}),
		}).Register(h.Server)
		resolve.New(tr).Register(h.Server)
		lfs.New(tr, h.Auth, nil).Register(h.Server)
	})
	h.World()
	h.Org("beta", "bob")
	h.Token("alice.org", "alice", hub.Token{Kind: hub.TokenFineGrained, Scopes: []hub.Scope{h.Scope(hub.EntityOrg, "acme", hub.PermOrgWrite)}})
	closed := h.Scope(hub.EntityModel, "acme/closed")
	g := hub.ResourceGroup{ID: hub.NewID(), OrgID: closed.NamespaceID, Name: "research", CreatedAt: time.Now().UTC()}
	carol, err := h.DB.UserByName(context.Background(), "carol")
	if err == nil {
		err = h.DB.CreateGroup(context.Background(), g, []hub.GroupMember{{UserID: carol.ID, Role: hub.RoleRead}}, hub.Event{})
	}
	if err == nil {
		err = h.DB.SetRepoGroup(context.Background(), closed.EntityID, g.ID, hub.Event{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestTokenScripts(t *testing.T) { testkit.Run(t, "testdata/tokens/*.http", startTokens) }

// TestInsight uses a token for some of what it may, through several protocols, and reads what its owner and an admin are told.
func TestInsight(t *testing.T) {
	h := startTokens(t)
	ask := func(path, as string) (int, map[string]any) {
		t.Helper()
		req, err := http.NewRequest("GET", h.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if as == "bob" {
			req.Header.Set("Cookie", "token="+h.Session("bob"))
		} else {
			req.Header.Set("Authorization", "Bearer "+h.TokenValue(as))
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		json.Unmarshal(b, &v)
		return res.StatusCode, v
	}
	text := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	h.Token("bob.fg", "bob", hub.Token{Kind: hub.TokenFineGrained, Global: []hub.Permission{hub.PermDiscussionWrite}, Scopes: []hub.Scope{
		h.Scope(hub.EntityOrg, "acme", hub.PermRepoContentRead, hub.PermRepoWrite, hub.PermOrgRead),
		h.Scope(hub.EntityUser, "bob", hub.PermRepoWrite),
	}})
	id := string(h.Subject("bob.fg").TokenID())
	for _, path := range []string{"/api/models/acme/open", "/api/datasets/acme/table", "/api/datasets/acme/table", "/api/whoami-v2"} {
		if code, _ := ask(path, "bob.fg"); code != 200 {
			t.Fatalf("%s: %d", path, code)
		}
	}
	if err := h.Uses.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	code, own := ask("/api/settings/tokens/"+id+"/insight", "bob")
	if code != 200 {
		t.Fatalf("status %d %v", code, own)
	}
	for what, want := range map[string]string{
		"can":      `[{"entity":{"name":"acme","type":"org"},"permissions":["repo.content.read","repo.write","org.read"]},{"entity":{"name":"bob","type":"user"},"permissions":["repo.write"]},{"entity":null,"permissions":["discussion.write"]}]`,
		"unused":   `[{"entity":{"name":"acme","type":"org"},"permissions":["repo.write","org.read"]},{"entity":{"name":"bob","type":"user"},"permissions":["repo.write"]},{"entity":null,"permissions":["discussion.write"]}]`,
		"proposal": `[{"entity":{"name":"acme/table","type":"dataset"},"permissions":["repo.content.read"]}]`,
		"private":  `[{"name":"acme/gated","type":"model","write":true},{"name":"acme/table","type":"dataset","write":true}]`, // acme/closed is in a group without bob
	} {
		if got := text(own[what]); got != want {
			t.Errorf("%s: %s\nwant %s", what, got, want)
		}
	}
	if n := len(own["did"].([]any)); n != 2 || own["displayName"] != "bob.fg" {
		t.Errorf("did %s, name %v", text(own["did"]), own["displayName"])
	}
	// An admin is told what concerns the organization, and no name while it does not review tokens.
	code, seen := ask("/api/organizations/acme/settings/tokens/"+id+"/insight", "alice.write")
	if code != 200 || text(seen["can"]) != `[{"entity":{"name":"acme","type":"org"},"permissions":["repo.content.read","repo.write","org.read"]}]` || seen["displayName"] != nil {
		t.Errorf("%d %s %v", code, text(seen["can"]), seen["displayName"])
	}
	if text(seen["proposal"]) != text(own["proposal"]) {
		t.Errorf("proposal %s", text(seen["proposal"]))
	}
	outside := h.Subject("mallory.write").TokenID()
	for path, as := range map[string]string{
		"/api/settings/tokens/" + string(outside) + "/insight":                        "bob",
		"/api/settings/tokens/nothing/insight":                                        "bob",
		"/api/organizations/acme/settings/tokens/" + string(outside) + "/insight":     "alice.write",
		"/api/organizations/acme/settings/tokens/" + string(hub.NewID()) + "/insight": "alice.write",
	} {
		if code, _ := ask(path, as); code != 404 {
			t.Errorf("%s: %d", path, code)
		}
	}
	for _, as := range []string{"bob.write", "bob.fg"} {
		if code, _ := ask("/api/organizations/acme/settings/tokens/"+id+"/insight", as); code != 403 {
			t.Errorf("%s: %d", as, code)
		}
		if code, _ := ask("/api/settings/tokens/"+id+"/insight", as); code != 403 {
			t.Errorf("%s, his own: %d", as, code)
		}
	}
}
