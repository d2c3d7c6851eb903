package explain_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// TestPolicyIsExplainedFirst: what an organization asks of a credential is told with the place where it is changed, to those too
// who do not see what they ask about, and alike for what is hidden, missing, or written otherwise.
func TestPolicyIsExplainedFirst(t *testing.T) {
	b := newBench(t)
	b.Hub.Token("carol.none", "carol", hub.Token{Kind: hub.TokenFineGrained})
	acme, err := b.DB.OrgByName(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		policy               hub.TokenPolicy
		token, reason, where string
	}{
		{hub.RequireApproval, "carol.fg", "policy.approval_pending", "an administrator of the organization: POST /api/organizations/acme/settings/tokens/{id}/approve"},
		{hub.RequireApproval, "carol.none", "policy.approval_missing", "permissions on acme for the token: PATCH /api/settings/tokens/{id}"},
		{hub.RequireApproval, "carol.read", "policy.fine_grained_only", "a fine-grained token with an entry for acme"},
		{hub.FineGrainedOnly, "carol.read", "policy.fine_grained_only", "PATCH /api/organizations/acme/settings/access"},
	} {
		err := b.DB.ChangeOrgRules(ctx, acme.ID, hub.Event{}, func(r *hub.OrgRules) (string, error) { r.Tokens = c.policy; return "", nil })
		if err != nil {
			t.Fatal(err)
		}
		var first string
		for _, target := range []string{"model:acme/closed", "model:acme/absent", "model:ACME/closed", "model:ACME/absent"} {
			a, err := b.ask(b.Subject(c.token), operatorapi.ExplainQuery{Action: "repo.write", Target: target})
			if err != nil {
				t.Fatal(err)
			}
			a.Target = ""
			text, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = string(text)
			}
			id := string(b.Subject(c.token).TokenID())
			if a.Told != "outcome" || a.Reason != c.reason || len(a.Changes) != 1 || !strings.Contains(a.Changes[0].Where, strings.ReplaceAll(c.where, "{id}", id)) || string(text) != first {
				t.Errorf("%s, %s, %s: %s, first %s", c.policy, c.token, target, text, first)
			}
		}
	}
}

// TestOthersAreNamed: to an admin who asks about a member the layers do not say "your".
func TestOthersAreNamed(t *testing.T) {
	b := newBench(t)
	q := operatorapi.ExplainQuery{Action: "repo.write", Target: "model:acme/closed", Token: b.Subject("carol.read").TokenID()}
	for asker, about := range map[string]string{"alice": "carol's role in acme: read, too low", "carol": "Your role in acme: read, too low"} {
		a, err := b.ask(b.session(asker), q)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(a.Layers)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), about) || asker == "alice" && strings.Contains(strings.ToLower(string(text)), "you") {
			t.Errorf("%s reads %s", asker, text)
		}
	}
}

// TestNewTokenHasWhatItLacked: where no permission helps the token at hand, the new one is to have it.
func TestNewTokenHasWhatItLacked(t *testing.T) {
	b := newBench(t)
	acme, err := b.DB.OrgByName(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	err = b.DB.ChangeOrgRules(ctx, acme.ID, hub.Event{}, func(r *hub.OrgRules) (string, error) { r.Tokens = hub.FineGrainedOnly; return "", nil })
	if err != nil {
		t.Fatal(err)
	}
	a, err := b.ask(b.session("bob"), operatorapi.ExplainQuery{Action: "repo.write", Target: "model:acme/closed", Token: b.Subject("bob.read").TokenID()})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(a.Changes)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Changes) != 2 || !strings.Contains(string(text), "the same new token, fine-grained and with model:acme/closed=repo.write") || strings.Contains(string(text), "write token, or") || strings.Contains(string(text), "--kind write") {
		t.Errorf("changes %s", text)
	}
}
