package groups_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/groups"
	"github.com/ambit-hub/ambit/internal/testkit"
)

var ctx = context.Background()

type world struct {
	*testkit.Hub
	t   *testing.T
	svc *groups.Service
}

func start(t *testing.T) *world {
	w := &world{t: t, Hub: testkit.New(t, func(*testkit.Hub) {})}
	w.World()
	w.svc = groups.New(w.DB, w.Zone, nil)
	return w
}

func (w *world) check(err error) {
	if err != nil {
		w.t.Helper()
		w.t.Fatal(err)
	}
}

func (w *world) org(token string, a access.Action) access.Grant {
	w.t.Helper()
	g, err := w.Zone.Authorize(ctx, w.Subject(token), access.Need{Action: a, Target: access.Namespace("acme")})
	w.check(err)
	return g
}

func (w *world) create(n groups.NewGroup) groups.Full {
	w.t.Helper()
	f, err := w.svc.Create(ctx, w.org("alice.write", access.GroupCreate), "", n, hub.Event{})
	w.check(err)
	return f
}

func people(f groups.Full) (out []string) {
	for _, m := range f.Members {
		out = append(out, m.UserName+"="+m.Role.String())
	}
	slices.Sort(out)
	return out
}

// Whoever is in the scope of automatic joining is in the group: those who are there at once, those who come when they
// come, and those whose role rises when it does. Roles that somebody was given stay.
func TestAutoJoin(t *testing.T) {
	w := start(t)
	f := w.create(groups.NewGroup{Name: "lab", People: []groups.Person{{User: "carol", Role: hub.RoleWrite}},
		AutoJoin: groups.AutoJoin{Role: hub.RoleRead, Scope: hub.AutoJoinReadPlus}})
	want := []string{"alice=read", "bob=read", "carol=write", "dave=read"}
	if got := people(f); !slices.Equal(got, want) {
		t.Errorf("at once: %v, want %v", got, want)
	}
	show := func() []string {
		t.Helper()
		g, err := w.Zone.Authorize(ctx, w.Subject("alice.write"), access.Need{Action: access.GroupRead, Target: access.Group("acme", f.ID)})
		w.check(err)
		x, err := w.svc.Show(ctx, g, "", f.ID)
		w.check(err)
		return people(x)
	}
	w.Member("acme", "mallory", hub.RoleRead)
	w.Member("acme", "erin", hub.RoleContributor)
	want = []string{"alice=read", "bob=read", "carol=write", "dave=read", "erin=read", "mallory=read"}
	if got := show(); !slices.Equal(got, want) {
		t.Errorf("later: %v, want %v", got, want)
	}
}

// A list of people is taken whole or not at all.
func TestAddingIsAllOrNothing(t *testing.T) {
	w := start(t)
	f := w.create(groups.NewGroup{Name: "lab", People: []groups.Person{{User: "carol", Role: hub.RoleRead}}})
	g, err := w.Zone.Authorize(ctx, w.Subject("alice.write"), access.Need{Action: access.GroupManage, Target: access.Group("acme", f.ID)})
	w.check(err)
	for _, c := range []struct {
		list []groups.Person
		code hub.Code
	}{
		{[]groups.Person{{User: "bob", Role: hub.RoleRead}, {User: "mallory", Role: hub.RoleRead}}, hub.Forbidden},
		{[]groups.Person{{User: "bob", Role: hub.RoleRead}, {User: "carol", Role: hub.RoleRead}}, hub.Forbidden},
		{[]groups.Person{{User: "bob", Role: hub.RoleRead}, {User: "ghost", Role: hub.RoleRead}}, hub.InvalidInput},
		{[]groups.Person{{User: "bob", Role: hub.RoleRead}, {User: "BOB", Role: hub.RoleRead}}, hub.InvalidInput},
		{[]groups.Person{{User: "bob", Role: hub.RoleRead}, {User: "dave"}}, hub.InvalidInput},
		{nil, hub.InvalidInput},
	} {
		if _, err := w.svc.Add(ctx, g, "", f.ID, c.list, hub.Event{}); !hub.Is(err, c.code) {
			t.Errorf("%v: %v, want %s", c.list, err, c.code)
		}
	}
	x, err := w.svc.Add(ctx, g, "", f.ID, []groups.Person{{User: "bob", Role: hub.RoleRead}}, hub.Event{})
	w.check(err)
	if got := people(x); !slices.Equal(got, []string{"bob=read", "carol=read"}) {
		t.Errorf("after refused lists: %v", got)
	}
}

// Two admins who demote each other at once leave one admin.
func TestLastAdminUnderRace(t *testing.T) {
	for round := range 5 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			w := start(t)
			w.Member("acme", "bob", hub.RoleAdmin)
			grants := map[string]access.Grant{"alice": w.org("bob.write", access.OrgWrite), "bob": w.org("alice.write", access.OrgWrite)}
			var wg sync.WaitGroup
			for target, g := range grants {
				wg.Go(func() {
					err := w.svc.SetMemberRole(ctx, g, "", target, hub.RoleRead, nil, hub.Event{})
					if err != nil && !hub.Is(err, hub.Forbidden) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			ms, err := w.DB.Members(ctx, w.Scope(hub.EntityOrg, "acme").EntityID, "", 100)
			w.check(err)
			admins := 0
			for _, m := range ms {
				if m.Role == hub.RoleAdmin {
					admins++
				}
			}
			if admins != 1 {
				t.Errorf("%d admins are left", admins)
			}
		})
	}
}

// A group's admin who is none of the organization's manages members and nothing else.
func TestGroupAdminStaysInTheGroup(t *testing.T) {
	w := start(t)
	closed := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "closed"}
	f := w.create(groups.NewGroup{Name: "lab", People: []groups.Person{{User: "erin", Role: hub.RoleAdmin}}, Repos: []hub.RepoID{closed}})
	other := w.create(groups.NewGroup{Name: "other"})
	s := w.Subject("erin.write")
	for _, c := range []struct {
		need access.Need
		ok   bool
	}{
		{access.Need{Action: access.GroupRead, Target: access.Group("acme", f.ID)}, true},
		{access.Need{Action: access.GroupManage, Target: access.Group("acme", f.ID)}, true},
		{access.Need{Action: access.RepoWrite, Target: access.Repo(closed)}, true},
		{access.Need{Action: access.GroupRead, Target: access.Group("acme", other.ID)}, false},
		{access.Need{Action: access.GroupDelete, Target: access.Group("acme", f.ID)}, false},
		{access.Need{Action: access.RepoAssignGroup, Target: access.Repo(closed)}, false},
		{access.Need{Action: access.RepoTransfer, Target: access.Repo(closed)}, false},
		{access.Need{Action: access.OrgWrite, Target: access.Namespace("acme")}, false},
		{access.Need{Action: access.OrgTokens, Target: access.Namespace("acme")}, false},
	} {
		if _, err := w.Zone.Authorize(ctx, s, c.need); (err == nil) != c.ok {
			t.Errorf("%s: %v, want allowed %v", c.need.Action, err, c.ok)
		}
	}
}
