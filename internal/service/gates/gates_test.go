package gates_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/gates"
	"github.com/ambit-hub/ambit/internal/testkit"
)

var (
	ctx   = context.Background()
	gated = hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "gated"}
)

type world struct {
	*testkit.Hub
	t   *testing.T
	svc *gates.Service
}

func start(t *testing.T) *world {
	w := &world{t: t, Hub: testkit.New(t, func(*testkit.Hub) {})}
	w.World()
	w.svc = gates.New(w.DB, w.Repos, nil)
	return w
}

func (w *world) check(err error) {
	if err != nil {
		w.t.Helper()
		w.t.Fatal(err)
	}
}

// noTime is the end of an access without end.
var noTime time.Time

// may is a grant for one action on the gated model.
func (w *world) may(token string, a access.Action) access.Grant {
	w.t.Helper()
	return w.mayOn(gated, token, a)
}

func (w *world) mayOn(id hub.RepoID, token string, a access.Action) access.Grant {
	w.t.Helper()
	g, err := w.Zone.Authorize(ctx, w.Subject(token), access.Need{Action: a, Target: access.Repo(id)})
	w.check(err)
	return g
}

func (w *world) row() hub.Repo {
	w.t.Helper()
	r, _, err := w.DB.RepoByName(ctx, gated)
	w.check(err)
	return r
}

// An access with an end is open up to that instant and closed from it on; then the holder may ask again.
func TestAccessEnds(t *testing.T) {
	w := start(t)
	until := time.Now().Add(time.Hour)
	w.check(w.svc.Grant(ctx, w.may("bob.write", access.RepoAccessManage), gated, gates.Who{User: "mallory"}, until, hub.Event{}))
	for offset, open := range map[time.Duration]bool{-time.Hour: true, -time.Microsecond: true, time.Microsecond: false, time.Hour: false} {
		zone := access.NewAuthorizer(w.DB, access.Options{Now: func() time.Time { return until.Add(offset) }})
		_, err := zone.Authorize(ctx, w.Subject("mallory.read"), access.Need{Action: access.RepoContentRead, Target: access.Repo(gated)})
		if open != (err == nil) || !open && !hub.Is(err, hub.GatedRepo) {
			t.Errorf("%v from the end: %v", offset, err)
		}
	}
	later := gates.New(w.DB, w.Repos, func() time.Time { return until.Add(time.Hour) })
	if err := later.Grant(ctx, w.may("bob.write", access.RepoAccessManage), gated, gates.Who{User: "mallory"}, until, hub.Event{}); !hub.Is(err, hub.InvalidInput) {
		t.Errorf("an access that ends in the past: %v", err)
	}
	if err := w.svc.Grant(ctx, w.may("bob.write", access.RepoAccessManage), gated, gates.Who{User: "erin"}, time.Now().AddDate(300, 0, 0), hub.Event{}); !hub.Is(err, hub.InvalidInput) {
		t.Errorf("an access that ends after the end of the clock: %v", err)
	}
}

// What owners hear of requests: nothing in automatic mode of who is let in by it, one message a day in bulk, one for each in real time, and an
// address of the repository's own.
func TestOwnersAreTold(t *testing.T) {
	w := start(t)
	told := func() (out []string) {
		rows, err := w.DB.ClaimOutbox(ctx, time.Now().Add(time.Hour), time.Now().Add(48*time.Hour), 100)
		w.check(err)
		for _, r := range rows {
			u, err := w.DB.UserByID(ctx, r.To)
			w.check(err)
			out = append(out, r.Kind+" to "+u.Name+r.Data["email"]+" about "+r.Data["user"])
		}
		slices.Sort(out)
		return out
	}
	expect := func(want ...string) {
		t.Helper()
		if got := told(); !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	set := func(change func(*hub.Repo)) {
		r := w.row()
		change(&r)
		w.check(w.DB.UpdateRepo(ctx, r, hub.Event{}))
	}
	ask := func(who string) {
		t.Helper()
		_, err := w.svc.Ask(ctx, w.may(who+".read", access.RepoAccessRequest), gates.Asking{}, hub.Event{})
		w.check(err)
	}
	told()
	set(func(r *hub.Repo) { r.GateNotify = hub.GateNotifyBulk })
	ask("mallory")
	expect("gate.requested to alice about mallory")
	ask("erin")
	expect() // the day's message has gone out
	set(func(r *hub.Repo) { r.GateNotify = hub.GateNotifyRealTime })
	ask("mallory") // pending already
	expect()
	w.check(w.svc.Withdraw(ctx, w.may("mallory.read", access.RepoAccessRequest), hub.Event{}))
	set(func(r *hub.Repo) { r.GateEmail = "gate@example.org" })
	ask("mallory")
	expect("gate.requested to alicegate@example.org about mallory")
	w.check(w.svc.Withdraw(ctx, w.may("mallory.read", access.RepoAccessRequest), hub.Event{}))
	set(func(r *hub.Repo) { r.Gated = hub.GateAuto })
	ask("mallory")
	expect()
	w.check(w.svc.Handle(ctx, w.may("bob.write", access.RepoAccessManage), gated, gates.Who{User: "mallory"}, gates.Decision{State: hub.GateRejected}, hub.Event{}))
	expect("gate.decided to mallory about ")
	w.check(w.svc.Handle(ctx, w.may("bob.write", access.RepoAccessManage), gated, gates.Who{User: "mallory"}, gates.Decision{State: hub.GateReset}, hub.Event{}))
	expect("gate.decided to mallory about ")
	ask("mallory") // the owner decides, also in automatic mode
	expect("gate.requested to alicegate@example.org about mallory")
	w.check(w.svc.Handle(ctx, w.may("bob.write", access.RepoAccessManage), gated, gates.Who{User: "mallory"}, gates.Decision{State: hub.GateAccepted, Until: time.Now().AddDate(0, 1, 0)}, hub.Event{}))
	expect("gate.decided to mallory about ")
	w.check(w.svc.Handle(ctx, w.may("bob.write", access.RepoAccessManage), gated, gates.Who{User: "mallory"}, gates.Decision{State: hub.GatePending}, hub.Event{}))
	expect("gate.decided to mallory about ") // what was open to her is closed
}

// Whoever lets himself in leaves an event that says so.
func TestSelfGrantIsRecorded(t *testing.T) {
	w := start(t)
	r := w.row()
	r.MembersGated = true
	w.check(w.DB.UpdateRepo(ctx, r, hub.Event{}))
	w.check(w.svc.Grant(ctx, w.may("bob.write", access.RepoAccessManage), gated, gates.Who{User: "bob"}, time.Time{}, hub.Event{}))
	rows, err := w.DB.AuditEvents(ctx, hub.AuditQuery{Limit: 1})
	w.check(err)
	if rows[0].Type != "gate.self_grant" || rows[0].ActorName != "bob" || rows[0].RepoID != r.ID || rows[0].NamespaceID != r.NamespaceID {
		t.Errorf("the newest event is %+v", rows[0])
	}
}

// Long lists come whole and once, whatever the page, and filters only leave out.
func TestLongLists(t *testing.T) {
	w := start(t)
	const people = 237
	var names []string
	for i := range people {
		u := w.User(fmt.Sprintf("person%03d", i))
		names = append(names, u.Name)
		_, err := w.DB.AskGate(ctx, w.row().ID, u.ID, nil, false, hub.Event{})
		w.check(err)
	}
	g := w.may("bob.write", access.RepoAccessRead)
	for _, limit := range []int{1, 10, 100, 236, 237, 238, 1000} {
		for text, want := range map[string]int{"": people, "PERSON00": 10, "full person23": 7, "nobody": 0} {
			var got []string
			for after := hub.ID(""); ; {
				page, next, err := w.svc.List(ctx, g, gated, gates.Query{State: hub.GatePending, Text: text, After: after, Limit: limit})
				w.check(err)
				for _, x := range page {
					got = append(got, x.SubjectName)
				}
				if after = next; next == "" {
					break
				}
			}
			if len(got) != want || want == people && !slices.Equal(got, names) {
				t.Errorf("limit %d, text %q: %d entries, want %d", limit, text, len(got), want)
			}
		}
	}
	n := 0
	w.check(w.svc.Each(ctx, g, func(hub.GateRequest) error { n++; return nil }))
	if n != people {
		t.Errorf("the report has %d lines, want %d", n, people)
	}
}

// Of decisions at once the same one succeeds once; the state is that of one of them, and every success left an event.
func TestRacingDecisions(t *testing.T) {
	w := start(t)
	_, err := w.svc.Ask(ctx, w.may("mallory.read", access.RepoAccessRequest), gates.Asking{}, hub.Event{})
	w.check(err)
	g := w.may("bob.write", access.RepoAccessManage)
	var wg sync.WaitGroup
	var mu sync.Mutex // guards won
	won := 0
	for range 16 {
		wg.Go(func() {
			err := w.svc.Handle(ctx, g, gated, gates.Who{User: "mallory"}, gates.Decision{State: hub.GateAccepted}, hub.Event{})
			if err != nil && !hub.Is(err, hub.NotFound) {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			}
		})
	}
	wg.Wait()
	rows, err := w.DB.AuditEvents(ctx, hub.AuditQuery{Type: "gate.accept", Limit: 100})
	w.check(err)
	if won != 1 || len(rows) != 1 {
		t.Errorf("%d decisions succeeded and %d were recorded, want 1 and 1", won, len(rows))
	}
}

// Whom an owner admits besides persons has to belong to the owner, except for organizations, which are no secret.
func TestAdmissionOfStrangers(t *testing.T) {
	w := start(t)
	w.Org("beta", "mallory")
	beta, err := w.DB.OrgByName(ctx, "beta")
	w.check(err)
	group := hub.ResourceGroup{ID: hub.NewID(), OrgID: beta.ID, Name: "theirs"}
	w.check(w.DB.CreateGroup(ctx, group, nil, hub.Event{}))
	robot := hub.ServiceAccount{ID: hub.NewID(), OrgID: beta.ID, Name: "robot"}
	w.check(w.DB.CreateServiceAccount(ctx, robot, hub.Event{}))
	g := w.may("bob.write", access.RepoAccessManage)
	var texts []string
	for _, p := range []gates.Party{{Kind: hub.GateGroup, ID: group.ID}, {Kind: hub.GateGroup, ID: hub.NewID()}, {Kind: hub.GateGroup, Name: "theirs"}} {
		err := w.svc.Admit(ctx, g, gated, p, time.Time{}, hub.Event{})
		if !hub.Is(err, hub.NotFound) {
			t.Errorf("%+v: %v", p, err)
			continue
		}
		texts = append(texts, err.Error())
	}
	if len(slices.Compact(texts)) != 1 {
		t.Errorf("another organization's group can be told from one that does not exist: %q", texts)
	}
	if err := w.svc.Admit(ctx, g, gated, gates.Party{Kind: hub.GateService, ID: robot.ID}, time.Time{}, hub.Event{}); !hub.Is(err, hub.NotFound) {
		t.Errorf("another organization's service account: %v", err)
	}
	w.check(w.svc.Admit(ctx, g, gated, gates.Party{Kind: hub.GateOrg, Name: "Beta"}, time.Time{}, hub.Event{}))
	w.may("mallory.read", access.RepoContentRead)
}
