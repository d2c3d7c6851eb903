package explain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/explain"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// refused asks for something that is refused, and keeps the refusal under the id.
func (b *bench) refused(rec *explain.Recorder, id string, s *access.Subject, needs ...access.Need) {
	b.t.Helper()
	_, err := b.Zone.Authorize(ctx, s, needs...)
	var e *hub.Error
	if !errors.As(err, &e) {
		b.t.Fatalf("%s: %v", id, err)
	}
	rec.Denied(id, s, e)
}

func model(ns, name string) access.Target {
	return access.Repo(hub.RepoID{Type: hub.Model, Namespace: ns, Name: name})
}

// TestRefusalsAreFoundAtOnce: nobody waits for the next round of writing, and many in a second are all kept.
func TestRefusalsAreFoundAtOnce(t *testing.T) {
	b := newBench(t)
	rec := explain.NewRecorder(b.DB, nil)
	b.WithRecorder(rec)
	for i := range 100 {
		id := strings.Repeat("r", i+1)
		b.refused(rec, id+";Root=1-2-3", b.Subject("carol.read"), access.Need{Action: access.RepoWrite, Target: model("acme", "closed")})
		if list, err := b.Refusals(ctx, b.Subject("carol.read"), id, hub.Event{}); err != nil || len(list) != 1 {
			t.Fatalf("refusal %d: %v %v", i, list, err)
		}
	}
}

// TestRefusalsOfKeys: what a key was refused is told in its owner's session, and to the owner's tokens about what they see; it
// is answered anew for a key.
func TestRefusalsOfKeys(t *testing.T) {
	b := newBench(t)
	rec := explain.NewRecorder(b.DB, nil)
	b.WithRecorder(rec)
	n, err := b.DB.Namespace(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.DB.ChangeOrgRules(ctx, n.ID, hub.Event{}, func(r *hub.OrgRules) (string, error) { r.SSH = hub.SSHDenied; return "test", nil }); err != nil {
		t.Fatal(err)
	}
	key := access.NewSSHSubject(b.facts("carol"))
	b.refused(rec, "key", key, access.Need{Action: access.RepoContentRead, Target: model("acme", "closed")})
	for who, want := range map[*access.Subject]bool{b.session("carol"): true, b.session("alice"): true, b.Subject("carol.write"): true, b.Subject("carol.fg"): false, b.session("bob"): false, b.session("mallory"): false} {
		list, err := b.Refusals(ctx, who, "key", hub.Event{})
		switch {
		case (err == nil) != want:
			t.Errorf("%s %s: %v", who.UserName(), who.Kind(), err)
		case want && (list[0].Reason != "policy.no_ssh" || list[0].Now == nil || list[0].Now.Allowed || list[0].Now.Subject.Kind != "ssh"):
			t.Errorf("%s: %+v", who.UserName(), list[0])
		}
	}
	for kind, allowed := range map[string]bool{"ssh": false, "read": true} {
		a, err := b.ask(b.session("carol"), operatorapi.ExplainQuery{Action: "repo.content.read", Target: "model:acme/closed", Kind: kind})
		if err != nil || a.Allowed != allowed {
			t.Errorf("supposing %s: %+v %v", kind, a, err)
		}
	}
	if _, err := b.ask(b.session("carol"), operatorapi.ExplainQuery{Action: "repo.view", Target: "model:acme/closed", Kind: "ssh", Scopes: []string{"org:acme=repo.write"}}); !hub.Is(err, hub.InvalidInput) {
		t.Errorf("a key with scopes: %v", err)
	}
}

// TestRefusalsOfSeveralQuestions: each organization's admins are told about what is theirs.
func TestRefusalsOfSeveralQuestions(t *testing.T) {
	b := newBench(t)
	rec := explain.NewRecorder(b.DB, nil)
	b.WithRecorder(rec)
	b.Org("umbrella", "mallory")
	b.Member("umbrella", "bob", hub.RoleRead)
	b.refused(rec, "two", b.Subject("bob.write"), access.Need{Action: access.RepoTransfer, Target: model("acme", "open")},
		access.Need{Action: access.RepoCreate, Target: access.NewRepo(hub.RepoID{Type: hub.Model, Namespace: "umbrella", Name: "open"})})
	own, err := b.Refusals(ctx, b.Subject("bob.write"), "two", hub.Event{})
	if err != nil || len(own) != 2 || own[0].Action != "repo.transfer" || own[1].Action != "repo.create" || own[0].Now == nil || own[1].Now == nil {
		t.Errorf("the own: %+v %v", own, err)
	}
	for admin, about := range map[string]string{"alice": "repo.transfer", "mallory": "repo.create"} {
		list, err := b.Refusals(ctx, b.session(admin), "two", hub.Event{})
		if err != nil || len(list) != 1 || list[0].Action != about {
			t.Errorf("%s: %+v %v", admin, list, err)
			continue
		}
		if other := map[string]string{"alice": "umbrella", "mallory": "acme"}[admin]; strings.Contains(list[0].Message, other) {
			t.Errorf("%s is told of %s: %q", admin, other, list[0].Message)
		}
	}
}

// TestRefusalsOfServices: what a service forbids has an id to ask about too, for who was refused.
func TestRefusalsOfServices(t *testing.T) {
	b := newBench(t)
	rec := explain.NewRecorder(b.DB, nil)
	b.WithRecorder(rec)
	rec.Denied("last", b.Subject("alice.write"), &hub.Error{Code: hub.Forbidden, Message: "alice is the last admin of acme: name another one first."})
	rec.Denied("input", b.Subject("alice.write"), &hub.Error{Code: hub.InvalidInput, Message: "Nonsense."})
	if list, err := b.Refusals(ctx, b.session("alice"), "last", hub.Event{}); err != nil || len(list) != 1 || !strings.Contains(list[0].Message, "last admin") {
		t.Errorf("%+v %v", list, err)
	}
	for _, c := range []struct{ who, id string }{{"bob", "last"}, {"alice", "input"}} {
		if _, err := b.Refusals(ctx, b.session(c.who), c.id, hub.Event{}); !hub.Is(err, hub.NotFound) {
			t.Errorf("%s about %s: %v", c.who, c.id, err)
		}
	}
}
