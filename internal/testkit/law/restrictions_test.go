package law_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit/law"
)

// A refusal tells the first reason, whoami all of them, in one order: revoked, network, then the policy. Each is there as
// soon as it holds, for each organization by itself. Source: access-model 2.2 and 9, row 4.
func TestEveryRestrictionIsListed(t *testing.T) {
	w := law.Build(t, law.Start(t), tables)
	n, err := w.DB.Namespace(t.Context(), "net")
	if err != nil {
		t.Fatal(err)
	}
	policy := func(p hub.TokenPolicy) {
		t.Helper()
		if err := w.DB.ChangeOrgRules(t.Context(), n.ID, hub.Event{}, func(r *hub.OrgRules) (string, error) { r.Tokens = p; return "test", nil }); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(token, path string) (int, string, map[string]any) {
		t.Helper()
		req, err := http.NewRequest("GET", w.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !w.Present(req, law.Row{Who: "will", Token: token}) {
			t.Fatalf("%s cannot be sent", token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var body map[string]any
		json.NewDecoder(res.Body).Decode(&body)
		return res.StatusCode, res.Header.Get("X-Error-Message"), body
	}
	for _, c := range []struct {
		policy hub.TokenPolicy
		token  string
		want   []string
		says   string
	}{
		{hub.AllowAllTokens, "write,from=10.1.1.1", nil, ""},
		{hub.FineGrainedOnly, "write,from=10.1.1.1", []string{"token-policy"}, "fine-grained"},
		{hub.FineGrainedOnly, "write,from=192.0.2.1", []string{"ip", "token-policy"}, "networks"},
		{hub.FineGrainedOnly, "write,revoked=net,from=192.0.2.1", []string{"token-revoked", "ip", "token-policy"}, "revoked"},
		{hub.FineGrainedOnly, "write,revoked=net,from=10.1.1.1", []string{"token-revoked", "token-policy"}, "revoked"},
		{hub.RequireApproval, "fg[org:net=repo.content.read],pending=net,from=10.1.1.1", []string{"token-policy"}, "approves"},
		{hub.AllowAllTokens, "write,revoked=net,from=10.1.1.1", []string{"token-revoked"}, "revoked"},
		{hub.RequireApproval, "session,from=192.0.2.1", []string{"ip"}, "networks"},
	} {
		policy(c.policy)
		status, _, who := ask(c.token, "/api/whoami-v2")
		if status != http.StatusOK {
			t.Errorf("%s: whoami answers %d", c.token, status)
			continue
		}
		for _, o := range who["orgs"].([]any) {
			org := o.(map[string]any)
			var got []string
			for _, x := range org["securityRestrictions"].([]any) {
				got = append(got, x.(string))
			}
			switch {
			case org["name"] == "net" && !slices.Equal(got, c.want):
				t.Errorf("%s under %s: %q, want %q", c.token, c.policy, got, c.want)
			case org["name"] == "acme" && len(got) > 0:
				t.Errorf("%s: acme restricts it too: %q", c.token, got)
			}
		}
		if len(c.want) == 0 {
			continue
		}
		if status, message, _ := ask(c.token, "/api/models/net/secret"); status != http.StatusForbidden || !strings.Contains(message, c.says) {
			t.Errorf("%s under %s: %d %q, want %q", c.token, c.policy, status, message, c.says)
		}
	}
}
