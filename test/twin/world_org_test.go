package twin

import (
	"fmt"
	"net/http"

	"github.com/ambit-hub/ambit/internal/hub"
)

// find returns a repository of the world.
func (w *world) find(typ hub.RepoType, name string) repo {
	for _, r := range w.repos {
		if r.Type == typ && r.FullName() == name {
			return r
		}
	}
	panic("no repository " + name)
}

// buildGroups hides some repositories of an organization from most of its members.
func (w *world) buildGroups(n *node) {
	for _, g := range []struct{ name, people, repos string }{
		{"inner", `{"user":"carol","role":"write"},{"user":"erin","role":"read"}`, `{"type":"dataset","name":"acme/closed"},{"type":"model","name":"acme/vault"},{"type":"model","name":"acme/open"}`},
		{"outer", `{"user":"dave","role":"read"}`, `{"type":"space","name":"acme/closed"}`},
	} {
		var made struct{ ID string }
		n.must(w.send("alice.write", "POST", "/api/organizations/acme/resource-groups", fmt.Sprintf(`{"name":%q,"users":[%s],"repos":[%s]}`, g.name, g.people, g.repos)), &made)
		w.groups = append(w.groups, made.ID)
	}
	w.ids = append(w.ids, w.groups...)
}

// buildGates leaves requests before gates: one waits, one was let in, one was turned away.
func (w *world) buildGates(n *node) {
	for _, who := range []string{"mallory", "nina", "bob"} {
		if r := n.do(w.send(who+".write", "POST", "/acme/asks/ask-access", "")); r.status != http.StatusSeeOther {
			n.t.Fatalf("asking for access: %s", r.bytes())
		}
	}
	for who, state := range map[string]string{"nina": "accepted", "bob": "rejected"} {
		n.must(w.send("alice.write", "POST", "/api/models/acme/asks/user-access-request/handle", fmt.Sprintf(`{"user":%q,"status":%q}`, who, state)), nil)
	}
}

// buildMachines makes a service account with a token for one repository, one for all, and one for nothing.
func (w *world) buildMachines(n *node) {
	var made struct{ ID string }
	n.must(w.send("alice.write", "POST", "/api/organizations/acme/service-accounts", `{"name":"robot"}`), &made)
	w.ids, w.robot = append(w.ids, made.ID), made.ID
	for name, perms := range map[string]string{
		"robot.one":     fmt.Sprintf(`"repoIds":[%q],"repoPermissions":["repo.content.read","repo.write"]`, w.find(hub.Model, "acme/closed").row),
		"robot.all":     `"permissions":["repo.content.read"]`,
		"robot.nothing": `"permissions":[]`,
	} {
		var t struct{ ID, Token string }
		n.must(w.send("alice.write", "POST", "/api/organizations/acme/service-accounts/"+made.ID+"/tokens", fmt.Sprintf(`{"displayName":%q,%s}`, name, perms)), &t)
		w.ids, w.handles = append(w.ids, t.ID), append(w.handles, t.ID)
		w.callers = append(w.callers, caller{name, "robot", http.Header{"Authorization": {"Bearer " + t.Token}}})
	}
}

// buildPolicies comes last: from here on most tokens reach nothing in two organizations.
func (w *world) buildPolicies(n *node) {
	n.must(w.send("nina.write", "PATCH", "/api/organizations/gamma/settings/access", `{"tokenPolicy":"require_approval"}`), nil)
	n.must(w.send("dave.write", "PATCH", "/api/organizations/delta/settings/access", `{"tokenPolicy":"fine_grained_only"}`), nil)
}
