package explain_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// TestServiceAccountsAreExplained: to admins, for the token that may if there is one, or for one that is supposed.
func TestServiceAccountsAreExplained(t *testing.T) {
	b := newBench(t)
	n, err := b.DB.Namespace(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	robot := hub.ServiceAccount{ID: hub.NewID(), OrgID: n.ID, OrgName: "acme", Name: "robot", CreatedAt: time.Now()}
	if err := b.DB.CreateServiceAccount(ctx, robot, hub.Event{}); err != nil {
		t.Fatal(err)
	}
	ask := func(who *access.Subject, q operatorapi.ExplainQuery) (allowed bool, changes, code string) {
		t.Helper()
		q.Action, q.Target = "push", "acme/closed"
		a, err := b.ask(who, q)
		for _, c := range a.Changes {
			changes += c.What + " " + c.Where
		}
		return a.Allowed, changes, string(hub.CodeOf(err))
	}
	admin := b.session("alice")
	if ok, changes, code := ask(admin, operatorapi.ExplainQuery{Service: "acme/robot"}); ok || code != "" || !strings.Contains(changes, "repo.write") {
		t.Errorf("without a token: %v %q %s", ok, changes, code)
	}
	for i, perms := range [][]hub.Permission{{hub.PermRepoWrite}, {hub.PermRepoContentRead}} {
		value := secret.New("value " + string(rune('a'+i)))
		kid, digest := b.Keys.TokenDigest(value)
		st := hub.ServiceToken{ID: hub.NewID(), AccountID: robot.ID, Name: "t", Gen: 1, Permissions: perms, CreatedAt: time.Now()}
		if err := b.DB.CreateServiceToken(ctx, st, kid, digest, hub.Event{}); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		who  *access.Subject
		q    operatorapi.ExplainQuery
		ok   bool
		code hub.Code
	}{
		"one of its tokens may":   {admin, operatorapi.ExplainQuery{Service: "acme/robot"}, true, ""},
		"by id":                   {admin, operatorapi.ExplainQuery{Service: "acme/" + string(robot.ID)}, true, ""},
		"a token of the admin":    {b.Subject("alice.write"), operatorapi.ExplainQuery{Service: "acme/robot"}, true, ""},
		"the operator":            {access.Operator(), operatorapi.ExplainQuery{Service: "acme/robot"}, true, ""},
		"supposed, too little":    {admin, operatorapi.ExplainQuery{Service: "acme/robot", Kind: "fine-grained", Scopes: []string{"org:acme=repo.content.read"}}, false, ""},
		"supposed, enough":        {admin, operatorapi.ExplainQuery{Service: "acme/robot", Kind: "fine-grained", Scopes: []string{"model:acme/closed=repo.write"}}, true, ""},
		"a kind that it has not":  {admin, operatorapi.ExplainQuery{Service: "acme/robot", Kind: "write"}, false, hub.InvalidInput},
		"no such account":         {admin, operatorapi.ExplainQuery{Service: "acme/other"}, false, hub.NotFound},
		"no name":                 {admin, operatorapi.ExplainQuery{Service: "robot"}, false, hub.InvalidInput},
		"two at once":             {admin, operatorapi.ExplainQuery{Service: "acme/robot", User: "bob"}, false, hub.InvalidInput},
		"somebody who writes":     {b.session("bob"), operatorapi.ExplainQuery{Service: "acme/robot"}, false, hub.NotFound},
		"a stranger":              {b.session("mallory"), operatorapi.ExplainQuery{Service: "acme/robot"}, false, hub.NotFound},
		"a stranger, no account":  {b.session("mallory"), operatorapi.ExplainQuery{Service: "acme/other"}, false, hub.NotFound},
		"a read token, of admins": {b.Subject("alice.read"), operatorapi.ExplainQuery{Service: "acme/robot"}, false, hub.NotFound},
	} {
		if ok, _, code := ask(c.who, c.q); ok != c.ok || code != string(c.code) {
			t.Errorf("%s: %v %q, want %v %q", name, ok, code, c.ok, c.code)
		}
	}
}

// TestTokensThatOneCouldMake are explained to whoever holds another token, about what that token sees.
func TestTokensThatOneCouldMake(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		who, target, kind string
		allowed           bool
		code              hub.Code
	}{
		{"bob.read", "acme/closed", "write", true, ""},
		{"bob.read", "model:acme/closed", "read", false, ""},
		{"bob.read", "acme/closed", "ssh", true, ""},
		{"carol.read", "acme/closed", "ssh", false, ""},
		{"carol.fg", "acme/closed", "ssh", false, hub.NotFound},
		{"carol.read", "acme/closed", "write", false, ""},
		{"carol.read", "acme/nothing", "write", false, hub.NotFound},
		{"carol.fg", "acme/closed", "write", false, hub.NotFound}, // which that token does not see
		{"carol.fg", "acme/nothing", "write", false, hub.NotFound},
	} {
		a, err := b.ask(b.Subject(c.who), operatorapi.ExplainQuery{Action: "push", Target: c.target, Kind: c.kind})
		if a.Allowed != c.allowed || hub.CodeOf(err) != c.code {
			t.Errorf("%s, a %s token, %s: %+v %v", c.who, c.kind, c.target, a, err)
		}
	}
	// Whether a name is taken by something that the token does not see, its owner would be told, and it is not.
	var says []string
	for _, name := range []string{"closed", "nothing"} {
		a, err := b.ask(b.Subject("carol.fg"), operatorapi.ExplainQuery{Action: "create", Target: "acme/" + name, Kind: "write"})
		if err != nil || a.Allowed {
			t.Errorf("%s: %+v %v", name, a, err)
		}
		says = append(says, strings.ReplaceAll(fmt.Sprint(a.Code, a.Reason, a.Message, a.Layers, a.Told, a.Exists), name, "NAME"))
	}
	if says[0] != says[1] {
		t.Errorf("a taken name: %s\na free one: %s", says[0], says[1])
	}
	if _, err := b.ask(b.Subject("bob.read"), operatorapi.ExplainQuery{Action: "push", Target: "acme/closed", Kind: "write", Org: "acme", Role: "admin"}); !hub.Is(err, hub.NotFound) {
		t.Errorf("a role is supposed by admins: %v", err)
	}
}

// TestTargetsAsPeopleWriteThem.
func TestTargetsAsPeopleWriteThem(t *testing.T) {
	b := newBench(t)
	for in, want := range map[[2]string]string{
		{"push", "acme/open"}: "repo.write model:acme/open", {"clone", "datasets/acme/table"}: "repo.content.read dataset:acme/table",
		{"download", "models/acme/open"}: "repo.content.read model:acme/open", {"create", "acme/new"}: "repo.create new:model:acme/new",
		{"create", "space:acme/new"}: "repo.create new:space:acme/new", {"repo.create", "new:model:acme/new"}: "repo.create new:model:acme/new",
		{"repo.write", "model:acme/open"}: "repo.write model:acme/open", {"org.read", "namespace:acme"}: "org.read namespace:acme",
	} {
		a, err := b.ask(b.session("bob"), operatorapi.ExplainQuery{Action: in[0], Target: in[1]})
		if got := a.Action + " " + a.Target; err != nil || got != want {
			t.Errorf("%v: %q %v, want %q", in, got, err, want)
		}
	}
	for _, bad := range [][2]string{{"push", "acme"}, {"dance", "acme/open"}, {"push", "things/acme/open"}, {"push", "a/b/c/d"}} {
		if _, err := b.ask(b.session("bob"), operatorapi.ExplainQuery{Action: bad[0], Target: bad[1]}); !hub.Is(err, hub.InvalidInput) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}
