package law

import (
	"context"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/testkit"
)

var ctx = context.Background()

// founder administers every organization beside those whom the tables name: an organization cannot be made without an
// administrator. No row speaks of him.
const founder = "founder"

// World is the world of the tables in a hub.
type World struct {
	*testkit.Hub
	t        testing.TB
	lines    [][]string
	groups   map[string]hub.ID              // by org/name
	services map[string]hub.ServiceAccount  // by name
	members  map[string]map[string]hub.Role // org → user → role
	tokens   map[string]string              // values by who + credential
}

// Build makes the world that dir/world.txt describes in a hub that has nothing in it.
func Build(t testing.TB, h *testkit.Hub, dir string) *World {
	t.Helper()
	w := &World{Hub: h, t: t, groups: map[string]hub.ID{}, services: map[string]hub.ServiceAccount{}, members: map[string]map[string]hub.Role{}, tokens: map[string]string{}}
	for _, l := range lines(t, filepath.Join(dir, "world.txt")) {
		w.lines = append(w.lines, strings.Fields(l.text))
	}
	w.User(founder)
	w.Token(founder, founder, hub.Token{Kind: hub.TokenWrite})
	// People may write while they make what they created; then they get their roles, and the organizations their rules.
	for _, step := range []struct {
		word string
		make func(f []string)
	}{{"user", w.user}, {"org", w.org}, {"member", w.join}, {"group", w.group}, {"service", w.service}, {"repo", w.repo}, {"gate", w.gate},
		{"member", w.role}, {"rules", w.rules}, {"user", w.suspend}} {
		for _, f := range w.lines {
			if f[0] == step.word {
				step.make(f)
			}
		}
	}
	return w
}

func (w *World) check(err error) {
	if err != nil {
		w.t.Helper()
		w.t.Fatal(err)
	}
}

func (w *World) space(name string) hub.ID {
	w.t.Helper()
	n, err := w.DB.Namespace(ctx, name)
	w.check(err)
	return n.ID
}

func (w *World) user(f []string) {
	u := hub.User{Name: f[1], CreatedAt: time.Now().UTC(), Admin: len(f) > 2 && f[2] == "operator"}
	w.check(hub.GiveID(u.CreatedAt, func(id hub.ID) error {
		u.ID = id
		return w.DB.CreateUser(ctx, u, "", hub.Event{})
	}))
	w.Token(f[1], f[1], hub.Token{Kind: hub.TokenWrite})
}

func (w *World) suspend(f []string) {
	if len(f) > 2 && f[2] == "suspended" {
		w.check(w.DB.SetSuspended(ctx, w.space(f[1]), true, hub.Event{}))
	}
}

func (w *World) org(f []string) {
	w.Org(f[1], founder)
	w.members[f[1]] = map[string]hub.Role{}
}

func (w *World) join(f []string) {
	role, err := hub.ParseRole(f[3])
	w.check(err)
	w.members[f[1]][f[2]] = role
	w.Member(f[1], f[2], hub.RoleWrite)
}

func (w *World) role(f []string) { w.Member(f[1], f[2], w.members[f[1]][f[2]]) }

func (w *World) group(f []string) {
	g := hub.ResourceGroup{OrgID: w.space(f[1]), Name: f[2]}
	var ms []hub.GroupMember
	for _, m := range f[3:] {
		user, role, _ := strings.Cut(m, "=")
		r, err := hub.ParseRole(role)
		w.check(err)
		ms = append(ms, hub.GroupMember{UserID: w.space(user), Role: r})
	}
	w.check(hub.GiveID(time.Now(), func(id hub.ID) error {
		g.ID = id
		return w.DB.CreateGroup(ctx, g, ms, hub.Event{})
	}))
	w.groups[f[1]+"/"+f[2]] = g.ID
}

func (w *World) service(f []string) {
	a := hub.ServiceAccount{OrgID: w.space(f[1]), OrgName: f[1], Name: f[2], CreatedAt: time.Now().UTC()}
	w.check(hub.GiveID(a.CreatedAt, func(id hub.ID) error {
		a.ID = id
		return w.DB.CreateServiceAccount(ctx, a, hub.Event{})
	}))
	w.services[f[2]] = a
}

// repo makes a repository as its creator would, under a name that it had before if the world says so.
func (w *World) repo(f []string) {
	id, err := hub.ParseRepoID(hub.RepoType(f[1]), f[2])
	w.check(err)
	first := id
	for _, m := range w.lines {
		if m[0] == "moved" && m[1] == f[1] && m[3] == f[2] {
			if first, err = hub.ParseRepoID(id.Type, m[2]); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	creator, set := founder, map[string]string{}
	if w.members[first.Namespace] == nil {
		creator = first.Namespace
	}
	for _, fact := range f[4:] {
		k, v, _ := strings.Cut(fact, "=")
		set[k] = v
		if k == "creator" {
			creator = v
		}
	}
	guest := creator != founder && w.members[first.Namespace] != nil && w.members[first.Namespace][creator] == hub.RoleNone
	if guest {
		w.Member(first.Namespace, creator, hub.RoleWrite)
	}
	n := repos.NewRepo{Visibility: hub.Visibility(f[3])}
	if id.Type == hub.Space {
		n.SDK = "static"
	}
	r := w.Repo(creator, first, n)
	if guest {
		w.check(w.DB.RemoveMember(ctx, w.space(first.Namespace), w.space(creator), hub.Event{}))
	}
	if first != id {
		w.check(w.DB.MoveRepo(ctx, r.ID, id, w.space(id.Namespace), hub.Event{}))
	}
	if r, err = w.DB.RepoByID(ctx, r.ID); err != nil {
		w.t.Fatal(err)
	}
	if _, ok := set["gated"]; ok {
		r.Gated = hub.GateManual
	}
	_, r.MembersGated = set["members_gated"]
	_, r.Disabled = set["disabled"]
	w.check(w.DB.UpdateRepo(ctx, r, hub.Event{}))
	if g := set["group"]; g != "" {
		w.check(w.DB.SetRepoGroup(ctx, r.ID, w.groups[id.Namespace+"/"+g], hub.Event{}))
	}
}

func (w *World) gate(f []string) {
	id, err := hub.ParseRepoID(hub.RepoType(f[1]), f[2])
	w.check(err)
	r, _, err := w.DB.RepoByName(ctx, id)
	w.check(err)
	kind, subject := hub.GateUser, hub.ID("")
	if a, ok := w.services[f[3]]; ok {
		kind, subject = hub.GateService, a.ID
	} else {
		subject = w.space(f[3])
	}
	var until time.Time
	if f[4] == "over" {
		until = time.Now().Add(-time.Hour)
	}
	w.check(w.DB.GrantGate(ctx, r.ID, kind, subject, w.space(founder), until, hub.Event{}))
	if st := hub.GateState(f[4]); f[4] != "over" && st != hub.GateAccepted {
		_, err := w.DB.DecideGate(ctx, r.ID, kind, subject, st, w.space(founder), "", time.Time{}, hub.Event{})
		w.check(err)
	}
}

func (w *World) rules(f []string) {
	w.check(w.DB.ChangeOrgRules(ctx, w.space(f[1]), hub.Event{}, func(r *hub.OrgRules) (string, error) {
		for _, fact := range f[2:] {
			switch k, v, _ := strings.Cut(fact, "="); k {
			case "policy":
				r.Tokens = hub.TokenPolicy(v)
			case "ips":
				r.IPRanges = append(r.IPRanges, netip.MustParsePrefix(v))
			case "ssh":
				r.SSH = hub.SSHRule(v)
			case "private_only":
				r.PrivateOnly = true
			case "creation":
				role, err := hub.ParseRole(v)
				if err != nil {
					return "", err
				}
				r.GroupCreation = role
			}
		}
		return "rules of the tables", nil
	}))
}

// Group returns the id of a resource group written ORG/NAME; one that the world does not have gets an id that nothing has.
func (w *World) Group(name string) hub.ID {
	if id, ok := w.groups[name]; ok {
		return id
	}
	return "123456789012345678901234"
}

// IsUser tells whether the name is a person's.
func (w *World) IsUser(name string) bool {
	n, err := w.DB.Namespace(ctx, name)
	return err == nil && n.Kind == hub.UserNamespace
}
