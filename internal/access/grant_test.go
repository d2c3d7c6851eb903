package access

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

func authorize(t *testing.T, w *world, s *Subject, needs ...Need) Grant {
	t.Helper()
	g, err := NewAuthorizer(w, Options{Now: func() time.Time { return spaceNow }}).Authorize(context.Background(), s, needs...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestZeroGrantOpensNothing(t *testing.T) {
	var g Grant
	for a := range numActions {
		_, errRepo := g.Repo(a)
		_, errNS := g.Namespace(a)
		if errRepo == nil || errNS == nil || g.Has(a) == nil || g.Allows(a) || g.AllowsOrg("x", a) {
			t.Errorf("the zero grant opens %s", a)
		}
	}
	if _, _, err := g.NewRepo(); err == nil {
		t.Error("the zero grant creates")
	}
	if _, err := NewAuthorizer(newWorld(), Options{}).Recheck(context.Background(), g); err == nil {
		t.Error("the zero grant can be rechecked")
	}
}

func TestZeroNeedAndZeroSubjectAreRefused(t *testing.T) {
	w := readWorld(t)
	az := NewAuthorizer(w, Options{})
	s := w.subject(t, "ann", "session")
	for name, err := range map[string]error{
		"no needs":     second(az.Authorize(context.Background(), s)),
		"zero need":    second(az.Authorize(context.Background(), s, Need{})),
		"zero target":  second(az.Authorize(context.Background(), s, Need{Action: RepoView})),
		"wrong target": second(az.Authorize(context.Background(), s, Need{RepoDelete, Namespace("acme")})),
		"nil subject":  second(az.Authorize(context.Background(), nil, Need{PublicRoute, Hub()})),
		"zero subject": second(az.Authorize(context.Background(), &Subject{}, Need{PublicRoute, Hub()})),
	} {
		if err == nil {
			t.Errorf("%s: allowed", name)
		}
	}
}

func second(_ Grant, err error) error { return err }

// TestGrantIsForItsActionAndTarget: a yes for one thing cannot be spent on another.
func TestGrantIsForItsActionAndTarget(t *testing.T) {
	w := readWorld(t)
	secret := hub.RepoID{Type: hub.Model, Namespace: "ACME", Name: "Secret"}
	g := authorize(t, w, w.subject(t, "will", "write"), Need{RepoWrite, Repo(secret)})
	r, err := g.Repo(RepoWrite)
	if err != nil || r.FullName() != "acme/secret" {
		t.Fatalf("%v %v", r.FullName(), err)
	}
	if _, err := g.Repo(RepoDelete); err == nil {
		t.Error("a grant to write deletes")
	}
	if _, err := g.Repo(RepoContentRead); err == nil {
		t.Error("a grant to write was used to read")
	}
	if !g.Allows(RepoDelete) || g.Allows(RepoTransfer) || g.Allows(OrgWrite) || g.Allows(NoAction) {
		t.Error("Allows does not tell what else this caller may do here")
	}
	if g.Has(RepoWrite) != nil || g.Has(RepoView) == nil {
		t.Error("Has")
	}
}

func TestGrantForANewRepo(t *testing.T) {
	w := readWorld(t)
	for asked, want := range map[string]string{"ACME": "acme", "": "connie", "Connie": "connie"} {
		g := authorize(t, w, w.subject(t, "connie", "write"), Need{RepoCreate, NewRepo(hub.RepoID{Type: hub.Dataset, Namespace: asked, Name: "New"})})
		id, ns, err := g.NewRepo()
		if err != nil || id != (hub.RepoID{Type: hub.Dataset, Namespace: want, Name: "New"}) || ns.Name != want {
			t.Errorf("%q: %v %v %v", asked, id, ns, err)
		}
		if _, err := g.Repo(RepoCreate); err == nil {
			t.Error("a repository that does not exist came out of a grant")
		}
	}
}

// TestAllowsOrg masks organizations in whoami.
func TestAllowsOrg(t *testing.T) {
	w := readWorld(t)
	acme := w.spaces["acme"].ID
	for token, want := range map[string]bool{
		"read": true, "session": true, "fg": false, "fg[org:acme=org.read]": true, "fg[org:acme=org.write]": true,
		"fg[org:umbrella=org.read]": false,
	} {
		g := authorize(t, w, w.subject(t, "rita", token), Need{WhoAmI, Self()})
		if got := g.AllowsOrg(acme, OrgRead); got != want {
			t.Errorf("%s: %v", token, got)
		}
	}
	if authorize(t, w, w.subject(t, "bob", "write"), Need{WhoAmI, Self()}).AllowsOrg(acme, OrgRead) {
		t.Error("an outsider reads the organization")
	}
}

type refresher func(*Subject) (*Subject, error)

func (f refresher) Refresh(_ context.Context, s *Subject) (*Subject, error) { return f(s) }

// TestRecheck decides again with what is true now.
func TestRecheck(t *testing.T) {
	w := readWorld(t)
	ctx := context.Background()
	id := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "secret"}
	now := w.subject(t, "will", "write")
	var dead error
	az := NewAuthorizer(w, Options{Now: func() time.Time { return spaceNow }, Refresher: refresher(func(*Subject) (*Subject, error) { return now, dead })})
	g, err := az.Authorize(ctx, now, Need{RepoWrite, Repo(id)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := az.Recheck(ctx, g); err != nil {
		t.Fatalf("nothing changed: %v", err)
	}
	r := w.repos[nameKey(id)] // renamed in between
	delete(w.repos, nameKey(id))
	r.Name = "renamed"
	w.repos[nameKey(r.RepoID)] = r
	again, err := az.Recheck(ctx, g)
	if err != nil {
		t.Fatalf("after a rename: %v", err)
	}
	if r, err := again.Repo(RepoWrite); err != nil || r.Name != "renamed" {
		t.Fatalf("%v %v", r.Name, err)
	}
	now = w.subject(t, "rita", "write") // demoted in between
	if _, err := az.Recheck(ctx, again); !hub.Is(err, hub.Forbidden) {
		t.Errorf("after a demotion: %v", err)
	}
	now = w.subject(t, "bob", "write") // no longer a member
	if _, err := az.Recheck(ctx, again); !hub.Is(err, hub.RepoNotFound) {
		t.Errorf("after leaving: %v", err)
	}
	dead = hub.Errorf(hub.InvalidCredentials, "revoked")
	if _, err := az.Recheck(ctx, again); !hub.Is(err, hub.InvalidCredentials) {
		t.Errorf("after revocation: %v", err)
	}
	dead, now = nil, w.subject(t, "will", "write")
	delete(w.repos, nameKey(r.RepoID))
	if _, err := az.Recheck(ctx, again); !hub.Is(err, hub.RepoNotFound) {
		t.Errorf("after deletion: %v", err)
	}
}

type failing struct{ *world }

func (failing) FindRepo(context.Context, hub.RepoID) (hub.FoundRepo, error) {
	return hub.FoundRepo{}, errors.New("disk on fire")
}

func TestFailureOfTheSourceIsNoDecision(t *testing.T) {
	w := readWorld(t)
	az := NewAuthorizer(failing{w}, Options{})
	_, err := az.Authorize(context.Background(), w.subject(t, "ann", "write"), Need{RepoView, Repo(hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "open"})})
	if hub.CodeOf(err) != hub.Internal {
		t.Fatalf("%v", err)
	}
}

// TestHotPathAllocatesNothing covers the step from subject and repository to permission bits.
func TestHotPathAllocatesNothing(t *testing.T) {
	w := readWorld(t)
	s := w.subject(t, "ann", "fg[org:acme=repo.write;model:acme/secret=repo.content.read;gated]")
	r := w.repos["model:acme/secret"]
	var sum Bits
	if n := testing.AllocsPerRun(1000, func() {
		o := objectOf(&r)
		sum |= decide(abstract(s, &o, spaceNow)).Allowed()
	}); n != 0 {
		t.Fatalf("%v allocations a decision", n)
	}
	if sum == 0 {
		t.Fatal("nothing decided")
	}
}

// TestSubjectInLogs: who and with which token, and nothing that helps to become them.
func TestSubjectInLogs(t *testing.T) {
	w := readWorld(t)
	for token, want := range map[string]string{
		"write": "[kind=write user=ann token=eeeeeeeeeeeeeeeeeeeeeee1]", "session": "[kind=session user=ann]",
	} {
		if got := w.subject(t, "ann", token).LogValue().String(); got != want {
			t.Errorf("%s: %s, want %s", token, got, want)
		}
	}
	if got := Anonymous().LogValue().String(); got != "[kind=anonymous]" {
		t.Error(got)
	}
	robot := w.subject(t, "robot", "service[org:acme=org.read]")
	if got, want := robot.LogValue().String(), "[kind=service service="+string(robot.ActorID())+" token="+string(robot.TokenID())+"]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := (KindService + 1).String(); got != "none" { // a number that is no kind
		t.Error(got)
	}
}
