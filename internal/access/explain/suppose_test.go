package explain_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// withGroup puts a resource group into acme in which carol writes, and bob is not.
func (b *bench) withGroup() hub.ResourceGroup {
	b.t.Helper()
	acme, err := b.DB.OrgByName(ctx, "acme")
	if err != nil {
		b.t.Fatal(err)
	}
	carol, err := b.DB.UserByName(ctx, "carol")
	if err != nil {
		b.t.Fatal(err)
	}
	g := hub.ResourceGroup{ID: hub.NewID(), OrgID: acme.ID, Name: "lab"}
	if err := b.DB.CreateGroup(ctx, g, []hub.GroupMember{{UserID: carol.ID, Role: hub.RoleWrite}}, hub.Event{}); err != nil {
		b.t.Fatal(err)
	}
	return g
}

// TestSupposeInGroup: what if a repository, there or not, were in a resource group, and what would a token scoped to
// one open there.
func TestSupposeInGroup(t *testing.T) {
	b := newBench(t)
	g := b.withGroup()
	on := func(target string) operatorapi.ExplainQuery {
		return operatorapi.ExplainQuery{Action: "repo.write", Target: target}
	}
	const planned, closed = "model:acme/planned", "model:acme/closed"
	cases := []struct {
		name, asker string
		q           operatorapi.ExplainQuery
		with        operatorapi.ExplainQuery
		allowed     bool
		told        string
		reason      string
		says        string // in some layer
	}{
		{"a planned one in the group", "carol", on(planned), operatorapi.ExplainQuery{Group: "lab"}, true, "visible", "", ""},
		{"by the id of the group", "carol", on(planned), operatorapi.ExplainQuery{Group: string(g.ID)}, true, "visible", "", ""},
		{"a planned one in none", "carol", on(planned), operatorapi.ExplainQuery{Group: "none"}, false, "visible", "role.lacks_write", "Your role in acme: read"},
		{"a planned public one", "mallory", operatorapi.ExplainQuery{Action: "repo.view", Target: planned}, operatorapi.ExplainQuery{Visibility: "public"}, true, "visible", "", ""},
		{"a planned private one", "mallory", operatorapi.ExplainQuery{Action: "repo.view", Target: planned}, operatorapi.ExplainQuery{Visibility: "private"}, false, "visible", "repo.not_found", "You are not a member"},
		{"one that there is", "carol", on(closed), operatorapi.ExplainQuery{Group: "lab"}, true, "visible", "", ""},
		{"a token for the group", "carol", on(planned), operatorapi.ExplainQuery{Group: "lab", Kind: "fine-grained", Scopes: []string{"resource-group:acme/lab=repo.write"}}, true, "visible", "", ""},
		{"a token that reads the group", "carol", on(planned), operatorapi.ExplainQuery{Group: "lab", Kind: "fine-grained", Scopes: []string{"org:acme=repo.write", "resource-group:acme/lab=repo.content.read"}}, false, "visible", "token.scope_missing", "repo.write"},
		{"a token for the group, elsewhere", "carol", on(planned), operatorapi.ExplainQuery{Group: "none", Kind: "fine-grained", Scopes: []string{"resource-group:acme/lab=repo.write"}}, false, "visible", "repo.not_found", ""},
		{"a place in the group", "carol", operatorapi.ExplainQuery{Action: "repo.create", Target: "new:model:acme/planned"}, operatorapi.ExplainQuery{Group: "lab"}, true, "visible", "", ""},
		{"a place in none", "carol", operatorapi.ExplainQuery{Action: "repo.create", Target: "new:model:acme/planned"}, operatorapi.ExplainQuery{Group: "none"}, false, "visible", "role.lacks_create", ""},
		{"an admin about a member outside the group", "alice", on(closed), operatorapi.ExplainQuery{User: "bob", Group: "lab"}, false, "full", "repo.not_found", ""},
		{"an admin about that member with a role there", "alice", on(closed), operatorapi.ExplainQuery{User: "bob", Group: "lab", GroupRole: "contributor"}, true, "full", "", ""}, // bob made it
		{"the operator", "operator", on(planned), operatorapi.ExplainQuery{User: "bob", Group: "lab", GroupRole: "write"}, true, "full", "", ""},
	}
	for _, c := range cases {
		q := c.with
		q.Action, q.Target = c.q.Action, c.q.Target
		a, err := b.ask(b.session(c.asker), q)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if a.Allowed != c.allowed || a.Told != c.told || a.Reason != c.reason || a.As == "" {
			t.Errorf("%s: %+v", c.name, a)
		}
		said := ""
		for _, l := range a.Layers {
			said += l.Says + "\n"
		}
		if !strings.Contains(said, c.says) {
			t.Errorf("%s: the layers say\n%s", c.name, said)
		}
		if full := a.Exists != nil; full != (c.told == "full") || full && *a.Exists != (c.q.Target == closed) {
			t.Errorf("%s: exists %v", c.name, a.Exists)
		}
	}
}

// TestSupposeTellsNothing: what is supposed about a repository that the asker cannot see is answered as if there were
// none, and a group that the asker is not in is not there.
func TestSupposeTellsNothing(t *testing.T) {
	b := newBench(t)
	g := b.withGroup()
	for _, who := range []string{"mallory", "erin"} {
		for _, action := range []string{"repo.view", "repo.write", "repo.delete", "repo.content.read"} {
			for _, with := range []operatorapi.ExplainQuery{{Visibility: "public"}, {Visibility: "private"}, {Group: "none"}} {
				with.Action = action
				with.Target = "model:acme/closed"
				hidden, err := b.ask(b.session(who), with)
				if err != nil {
					t.Fatal(err)
				}
				with.Target = "model:acme/absent"
				missing, err := b.ask(b.session(who), with)
				if err != nil {
					t.Fatal(err)
				}
				if strings.ReplaceAll(render(hidden), "acme/closed", "X") != strings.ReplaceAll(render(missing), "acme/absent", "X") {
					t.Errorf("%s, %+v:\nhidden  %s\nmissing %s", who, with, render(hidden), render(missing))
				}
			}
		}
	}
	for _, c := range []struct {
		who  string
		q    operatorapi.ExplainQuery
		want hub.Code
	}{
		{"bob", operatorapi.ExplainQuery{Group: "lab"}, hub.NotFound},
		{"bob", operatorapi.ExplainQuery{Group: string(g.ID)}, hub.NotFound},
		{"bob", operatorapi.ExplainQuery{Group: "nosuch"}, hub.NotFound},
		{"bob", operatorapi.ExplainQuery{Kind: "fine-grained", Scopes: []string{"resource-group:acme/lab=repo.write"}}, hub.NotFound},
		{"carol", operatorapi.ExplainQuery{Kind: "fine-grained", Scopes: []string{"resource-group:lab=repo.write"}}, hub.InvalidInput},
		{"carol", operatorapi.ExplainQuery{Group: "lab", GroupRole: "admin"}, hub.Forbidden},
		{"carol", operatorapi.ExplainQuery{GroupRole: "admin"}, hub.InvalidInput},
		{"carol", operatorapi.ExplainQuery{Visibility: "secret"}, hub.InvalidInput},
		{"carol", operatorapi.ExplainQuery{Target: "namespace:acme", Action: "org.read", Group: "lab"}, hub.InvalidInput},
	} {
		q := c.q
		if q.Target == "" {
			q.Action, q.Target = "repo.write", "model:acme/planned"
		}
		if a, err := b.ask(b.session(c.who), q); hub.CodeOf(err) != c.want {
			t.Errorf("%s, %+v: %+v %v", c.who, q, a, err)
		}
	}
}

func render(a any) string {
	b, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// TestGroupsByName: a group is named as people know it, to those who see it; to others it is not there.
func TestGroupsByName(t *testing.T) {
	b := newBench(t)
	g := b.withGroup()
	for who, want := range map[string]bool{"carol": true, "alice": true, "operator": true, "bob": false, "mallory": false} {
		q := operatorapi.ExplainQuery{Action: "group.read", Target: "group:acme/lab"}
		if who == "operator" {
			q.User = "carol"
		}
		a, err := b.ask(b.session(who), q)
		if want && (err != nil || !a.Allowed || a.Target != "group:acme/"+string(g.ID)) {
			t.Errorf("%s: %+v %v", who, a, err)
		}
		q.Target = "group:acme/nothing"
		_, missing := b.ask(b.session(who), q)
		if !hub.Is(missing, hub.NotFound) || !want && strings.ReplaceAll(fmt.Sprint(err), "lab", "nothing") != fmt.Sprint(missing) {
			t.Errorf("%s: %v, and of none: %v", who, err, missing)
		}
	}
}
