package compat

import (
	"net/http"
	"testing"
)

// Access requests through the official client: a model and a dataset, from asking to every kind of decision.
func TestGates(t *testing.T) {
	h := theHub(t)
	for _, kind := range []string{"model", "dataset"} {
		t.Run(kind, func(t *testing.T) {
			if kind == "dataset" {
				// The client's functions for requests take the type; one pass with the model exercises the rest.
				t.Parallel()
				gatesOfADataset(t, h)
				return
			}
			t.Parallel()
			bob := h.as(h.plain(t, "bob", "write"))
			bob.createRepo(t, "acme/gates", false)
			bob.createRepo(t, "acme/gates-private", true)
			python(t, h, "gates", vars{
				"repo": "acme/gates", "private": "acme/gates-private", "type": "model",
				"owner": h.plain(t, "bob", "write"), "owner_read": h.plain(t, "bob", "read"), "reader": h.plain(t, "carol", "write"),
				"asker": h.plain(t, "dan", "read"), "asker_name": "dan", "asker_email": "dan@example.org", "asker_full": "Person dan",
				"other_name":  "erin",
				"asker_plain": h.token(t, "dan", "--kind", "fine-grained").Value,
				"asker_gated": h.token(t, "dan", "--kind", "fine-grained", "--gated").Value,
			})
		})
	}
}

func gatesOfADataset(t *testing.T, h *hub) {
	bob, dan := h.as(h.plain(t, "bob", "write")), h.as(h.plain(t, "dan", "read"))
	bob.createRepoOf(t, "dataset", "acme/gates-data", false)
	const api = "/api/datasets/acme/gates-data"
	expect := func(a answer, want int) {
		t.Helper()
		if a.status != want {
			t.Fatalf("status %d, want %d: %s", a.status, want, a.body)
		}
	}
	expect(bob.json(t, "PUT", api+"/settings", map[string]any{"gated": "auto"}), http.StatusOK)
	expect(dan.get(t, api+"/auth-check"), http.StatusForbidden)
	python(t, h, "gates_dataset", vars{"repo": "acme/gates-data", "owner": h.plain(t, "bob", "write"), "asker": h.plain(t, "dan", "read"), "asker_name": "dan"})
	expect(dan.get(t, api+"/auth-check"), http.StatusForbidden)
}

// Token policies through the official client, each step after a change by the organization's administrator.
func TestTokenPolicies(t *testing.T) {
	h := theHub(t)
	t.Parallel()
	h.mustAmbit(t, "admin", "org", "create", "strict", "--admin", "alice")
	h.mustAmbit(t, "admin", "member", "set", "strict", "bob", "write")
	admin := h.as(h.token(t, "alice", "--kind", "fine-grained", "--scope", "org:strict=org.write").Value)
	bob := h.as(h.plain(t, "bob", "write"))
	bob.createRepo(t, "strict/closed", true)
	bob.createRepo(t, "strict/open", false)
	scoped := h.token(t, "bob", "--kind", "fine-grained", "--scope", "org:strict=repo.content.read,repo.write")
	policy := func(p string) {
		t.Helper()
		if a := admin.json(t, "PATCH", "/api/organizations/strict/settings/access", map[string]any{"tokenPolicy": p}); a.status != http.StatusOK {
			t.Fatalf("the policy cannot be set to %s: %d %s", p, a.status, a.body)
		}
	}
	decide := func(verb string) {
		t.Helper()
		if a := admin.json(t, "POST", "/api/organizations/strict/settings/tokens/"+scoped.ID+"/"+verb, map[string]any{}); a.status != http.StatusOK {
			t.Fatalf("%s answers %d %s", verb, a.status, a.body)
		}
	}
	step := func(name, token, says, restriction string) {
		t.Helper()
		python(t, h, "organizations", vars{"case": name, "token": token, "org": "strict", "private": "strict/closed", "public": "strict/open",
			"says": []string{"403 Forbidden", "strict", says}, "restriction": restriction})
	}
	plain := h.plain(t, "bob", "write")

	step("works", plain, "", "")
	step("works", scoped.Value, "", "")
	step("missing", h.plain(t, "carol", "write"), "", "")

	policy("fine_grained_only")
	step("blocked", plain, "fine-grained", "token-policy")
	step("works", scoped.Value, "", "")
	step("missing", h.plain(t, "carol", "write"), "", "") // an outsider learns of no policy

	policy("require_approval")
	step("blocked", scoped.Value, "approves", "token-policy")
	decide("approve")
	step("works", scoped.Value, "", "")
	decide("deny")
	step("blocked", scoped.Value, "approves", "token-policy")
	decide("revoke")
	step("blocked", scoped.Value, "revoked", "token-revoked")

	policy("allow_all")
	step("blocked", scoped.Value, "revoked", "token-revoked")
	step("works", plain, "", "")
}
