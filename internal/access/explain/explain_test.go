package explain_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/explain"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit"
)

var ctx = context.Background()

type bench struct {
	*testkit.Hub
	*explain.Service
	t *testing.T
}

func newBench(t *testing.T) *bench {
	h := testkit.New(t, func(*testkit.Hub) {})
	h.World()
	h.Token("carol.fg", "carol", hub.Token{Kind: hub.TokenFineGrained, Scopes: []hub.Scope{h.Scope(hub.EntityOrg, "acme", hub.PermOrgRead)}})
	return &bench{h, explain.New(h.DB, h.Zone), t}
}

// session is the browser session of a person, or the operator.
func (b *bench) session(name string) *access.Subject {
	b.t.Helper()
	if name == "operator" {
		return access.Operator()
	}
	return access.NewSubject(b.facts(name), access.Credential{Session: true})
}

func (b *bench) facts(name string) hub.SubjectFacts {
	b.t.Helper()
	u, err := b.DB.UserByName(ctx, name)
	if err != nil {
		b.t.Fatal(err)
	}
	f, err := b.DB.UserFacts(ctx, u.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	return f
}

func (b *bench) ask(asker *access.Subject, q operatorapi.ExplainQuery) (explain.Answer, error) {
	b.t.Helper()
	parsed, err := b.Query(ctx, asker, q)
	if err != nil {
		return explain.Answer{}, err
	}
	return b.Explain(ctx, asker, parsed, hub.Event{ActorName: "test"})
}

// TestAudiences goes through the table of who is told what.
func TestAudiences(t *testing.T) {
	b := newBench(t)
	id := func(token string) hub.ID { return b.Subject(token).TokenID() }
	asker := func(name string) *access.Subject {
		if strings.Contains(name, ".") {
			return b.Subject(name)
		}
		return b.session(name)
	}
	cases := []struct {
		name, asker, token, user, action, target string
		told, reason, note                       string // told "" is NotFound
	}{
		{"bearer, in sight", "carol.read", "", "", "repo.write", "model:acme/closed", "visible", "role.lacks_write", ""},
		{"bearer, by its own id", "carol.read", "carol.read", "", "repo.write", "model:acme/closed", "visible", "role.lacks_write", ""},
		{"bearer, hidden", "mallory.write", "", "", "repo.write", "model:acme/closed", "outcome", "repo.not_found", ""},
		{"bearer, missing", "mallory.write", "", "", "repo.write", "model:acme/nothing", "outcome", "repo.not_found", ""},
		{"bearer, about another token of its owner", "carol.fg", "carol.read", "", "repo.view", "model:acme/closed", "", "", ""},
		{"bearer, about its owner", "carol.fg", "", "carol", "repo.view", "model:acme/closed", "", "", ""},
		{"token without scope", "carol.fg", "", "", "repo.view", "model:acme/closed", "outcome", "repo.not_found", ""},
		{"owner in a session about that token", "carol", "carol.fg", "", "repo.view", "model:acme/closed", "visible", "repo.not_found", "Your own account can see this"},
		{"owner about what the account does not see", "mallory", "mallory.write", "", "repo.view", "model:acme/closed", "outcome", "repo.not_found", ""},
		{"owner about somebody else's token", "carol", "bob.write", "", "repo.view", "model:acme/closed", "", "", ""},
		{"owner about somebody else", "carol", "", "bob", "repo.view", "model:acme/closed", "", "", ""},
		{"admin about a member's token", "alice.write", "carol.fg", "", "repo.view", "model:acme/closed", "full", "repo.not_found", ""},
		{"admin about what is missing", "alice.write", "carol.fg", "", "repo.view", "model:acme/nothing", "full", "repo.not_found", ""},
		{"admin about a stranger", "alice.write", "mallory.write", "", "repo.view", "model:acme/closed", "", "", ""},
		{"admin with a read token", "alice.read", "carol.fg", "", "repo.view", "model:acme/closed", "", "", ""},
		{"admin elsewhere", "alice", "carol.fg", "", "repo.view", "model:bob/x", "", "", ""},
		{"writer is no admin", "bob", "carol.fg", "", "repo.view", "model:acme/closed", "", "", ""},
		{"operator about anybody", "operator", "mallory.write", "", "repo.view", "model:acme/closed", "full", "repo.not_found", ""},
		{"operator about a person", "operator", "", "erin", "repo.view", "model:acme/closed", "full", "repo.not_found", ""},
	}
	for _, c := range cases {
		q := operatorapi.ExplainQuery{Action: c.action, Target: c.target, User: c.user}
		if c.token != "" {
			q.Token = id(c.token)
		}
		a, err := b.ask(asker(c.asker), q)
		if c.told == "" {
			if !hub.Is(err, hub.NotFound) {
				t.Errorf("%s: %+v %v", c.name, a, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if a.Told != c.told || a.Reason != c.reason || !strings.HasPrefix(a.Note, c.note) || (c.note == "") != (a.Note == "") {
			t.Errorf("%s: %+v", c.name, a)
		}
		if full := a.Exists != nil; full != (c.told == "full") || full && *a.Exists == strings.Contains(c.target, "nothing") {
			t.Errorf("%s: exists %v", c.name, a.Exists)
		}
		if (len(a.Layers) > 0) != (c.told != "outcome") {
			t.Errorf("%s: %d layers", c.name, len(a.Layers))
		}
		if missing := a.Exists != nil && !*a.Exists; missing != strings.Contains(fmt.Sprint(a.Layers), "There is no such repository.") || missing && len(a.Changes) > 0 {
			t.Errorf("%s: %+v, changes %+v", c.name, a.Layers, a.Changes)
		}
	}
}

// TestHiddenExplainsLikeMissing: to who may not know, an explanation of what is hidden is that of what is not there.
func TestHiddenExplainsLikeMissing(t *testing.T) {
	b := newBench(t)
	for _, who := range []string{"mallory.write", "erin.read", "carol.fg"} {
		for _, action := range access.Actions() {
			hidden, err1 := b.ask(b.Subject(who), operatorapi.ExplainQuery{Action: action.String(), Target: "model:acme/closed"})
			missing, err2 := b.ask(b.Subject(who), operatorapi.ExplainQuery{Action: action.String(), Target: "model:acme/absent"})
			hidden.Target, missing.Target = "", ""
			if hub.CodeOf(err1) != hub.CodeOf(err2) || hidden.Told != missing.Told || hidden.Message != missing.Message || len(hidden.Layers) != len(missing.Layers) {
				t.Errorf("%s, %s: %+v %v, missing %+v %v", who, action, hidden, err1, missing, err2)
			}
		}
	}
}

// TestSuppose: a token that is not made yet, a role, a policy.
func TestSuppose(t *testing.T) {
	b := newBench(t)
	answer := func(asker string, q operatorapi.ExplainQuery) explain.Answer {
		t.Helper()
		a, err := b.ask(b.session(asker), q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		return a
	}
	write := operatorapi.ExplainQuery{Action: "repo.write", Target: "model:acme/closed"}
	q := write
	q.Kind, q.Scopes = "fine-grained", []string{"org:acme=repo.content.read"}
	if a := answer("bob", q); a.Allowed || a.Reason != "token.scope_missing" || len(a.Changes) != 1 {
		t.Errorf("a token with too little: %+v", a)
	}
	q.Scopes = []string{"model:acme/closed=repo.write"}
	if a := answer("bob", q); !a.Allowed {
		t.Errorf("a token with enough: %+v", a)
	}
	q = write
	q.User, q.Org, q.Role = "carol", "acme", "write"
	if a := answer("alice", q); !a.Allowed {
		t.Errorf("with a role: %+v", a)
	}
	q.Role, q.Policy, q.User, q.Token = "", "fine_grained_only", "", b.Subject("bob.write").TokenID()
	if a := answer("alice", q); a.Allowed || a.Reason != "policy.fine_grained_only" {
		t.Errorf("under a policy: %+v", a)
	}
	q = write
	q.Kind, q.Scopes = "fine-grained", []string{"model:acme/closed=repo.write"}
	if _, err := b.ask(b.session("mallory"), q); !hub.Is(err, hub.RepoNotFound) {
		t.Errorf("a scope on what is hidden: %v", err)
	}
	q = write
	q.Org, q.Role = "acme", "admin"
	if _, err := b.ask(b.session("carol"), q); !hub.Is(err, hub.Forbidden) {
		t.Errorf("who may not give roles may not suppose them: %v", err)
	}
}

// TestPolicyEffect counts what a policy stops, and holds it to what happens when it is set.
func TestPolicyEffect(t *testing.T) {
	b := newBench(t)
	g, err := b.Zone.Authorize(ctx, b.session("alice"), access.Need{Action: access.OrgTokens, Target: access.Namespace("acme")})
	if err != nil {
		t.Fatal(err)
	}
	acme, err := b.DB.OrgByName(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []hub.TokenPolicy{hub.FineGrainedOnly, hub.RequireApproval, hub.AllowAllTokens} {
		e, err := b.Policy(ctx, g, p)
		if err != nil {
			t.Fatal(err)
		}
		stops := map[hub.ID]bool{}
		for _, x := range e.Stops {
			stops[x.ID] = true
			if waits := x.Kind == hub.TokenFineGrained && p == hub.RequireApproval; waits != (x.State == hub.TokenPending) {
				t.Errorf("%s: a %s token would be %q", p, x.Kind, x.State)
			}
		}
		before := b.restricted(acme.ID)
		err = b.DB.ChangeOrgRules(ctx, acme.ID, hub.Event{}, func(r *hub.OrgRules) (string, error) { r.Tokens = p; return "", nil })
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for id, now := range b.restricted(acme.ID) {
			if stopped := now && !before[id]; stopped != stops[id] {
				t.Errorf("%s: %s stopped %v, foretold %v", p, id, stopped, stops[id])
			} else if stopped {
				n++
			}
		}
		if n != len(e.Stops) || !strings.Contains(e.Sentence, "tokens with access to acme") {
			t.Errorf("%s: %+v", p, e)
		}
	}
}

func (b *bench) restricted(org hub.ID) map[hub.ID]bool {
	b.t.Helper()
	list, err := b.DB.OrgTokens(ctx, hub.OrgTokenQuery{OrgID: org, Limit: 1000, WithRevoked: true})
	if err != nil {
		b.t.Fatal(err)
	}
	got := map[hub.ID]bool{}
	for _, x := range list {
		f, err := b.DB.TokenFactsByID(ctx, x.ID)
		if err != nil {
			b.t.Fatal(err)
		}
		got[x.ID] = len(access.NewSubject(f, access.Credential{}).Restrictions(org)) > 0
	}
	return got
}

// TestRefusals are found by who was refused and by those who may know, and by nobody else.
func TestRefusals(t *testing.T) {
	b := newBench(t)
	rec := explain.NewRecorder(b.DB, nil)
	_, err := b.Zone.Authorize(ctx, b.Subject("carol.read"), access.Need{Action: access.RepoWrite, Target: access.Repo(hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "closed"})})
	var e *hub.Error
	if !errors.As(err, &e) || e.Asked != "repo.write model:acme/closed" {
		t.Fatalf("%v %q", err, e.Asked)
	}
	rec.Denied("req-7", b.Subject("carol.read"), e)
	rec.Denied("req-8", nil, e)
	rec.Denied("req-8", access.Anonymous(), e)
	for range 100 {
		rec.Denied("flood", b.Subject("bob.read"), e)
	}
	rec.Flush(ctx)
	for who, want := range map[string]bool{"carol.read": true, "carol.fg": false, "alice.write": true, "bob.write": false, "mallory.write": false} {
		list, err := b.Refusals(ctx, b.Subject(who), "req-7", hub.Event{})
		if ok := err == nil; ok != want {
			t.Errorf("%s: %v", who, err)
		} else if ok && (len(list) != 1 || list[0].Reason != "role.lacks_write" || list[0].Now == nil || time.Since(list[0].At) > time.Minute) {
			t.Errorf("%s: %+v", who, list)
		}
	}
	if list, err := b.Refusals(ctx, b.session("carol"), "req-7", hub.Event{}); err != nil || list[0].Now == nil {
		t.Errorf("in the owner's session: %v", err)
	}
	if _, err := b.Refusals(ctx, access.Operator(), "req-8", hub.Event{}); !hub.Is(err, hub.NotFound) {
		t.Errorf("anonymous refusals: %v", err)
	}
	ds, err := b.DB.Denials(ctx, "flood")
	if err != nil || len(ds) == 0 || len(ds) > 16 {
		t.Errorf("a flood leaves a sample: %d %v", len(ds), err)
	}
}
