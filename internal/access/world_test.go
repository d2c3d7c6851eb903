package access

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// world is a small store in memory: the Source of the decision tables and of the random worlds.
type world struct {
	users   map[string]hub.User
	spaces  map[string]hub.Namespace
	members []hub.Member
	repos   map[string]hub.Repo   // by key
	moved   map[string]hub.RepoID // old key → where it is now
	rules   map[hub.ID]hub.OrgRules
	groups  []hub.ResourceGroup
	inGroup []hub.GroupMember
	gates   map[hub.ID][]hub.GateGrant // of persons and service accounts
	service map[string]hub.ServiceAccount
	nextID  int
}

func newWorld() *world {
	return &world{users: map[string]hub.User{}, spaces: map[string]hub.Namespace{}, repos: map[string]hub.Repo{}, moved: map[string]hub.RepoID{}, rules: map[hub.ID]hub.OrgRules{},
		gates: map[hub.ID][]hub.GateGrant{}, service: map[string]hub.ServiceAccount{}}
}

func nameKey(id hub.RepoID) string { return strings.ToLower(string(id.Type) + ":" + id.FullName()) }

func (w *world) id() hub.ID {
	w.nextID++
	return hub.ID(fmt.Sprintf("%024x", w.nextID*7919))
}

func (w *world) addUser(name string) hub.User {
	u := hub.User{ID: w.id(), Name: name}
	w.users[name] = u
	w.spaces[strings.ToLower(name)] = hub.Namespace{ID: u.ID, Name: name, Kind: hub.UserNamespace}
	return u
}

func (w *world) addOrg(name string) hub.Namespace {
	ns := hub.Namespace{ID: w.id(), Name: name, Kind: hub.OrgNamespace}
	w.spaces[strings.ToLower(name)] = ns
	return ns
}

func (w *world) addMember(org, user string, role hub.Role) {
	w.members = append(w.members, hub.Member{
		OrgID: w.spaces[org].ID, OrgName: org, UserID: w.users[user].ID, UserName: user, Role: role,
	})
}

func (w *world) addRepo(r hub.Repo) hub.Repo {
	ns := w.spaces[strings.ToLower(r.Namespace)]
	r.ID, r.NamespaceID, r.OwnerIsOrg = w.id(), ns.ID, ns.Kind == hub.OrgNamespace
	w.repos[nameKey(r.RepoID)] = r
	return r
}

func (w *world) FindRepo(_ context.Context, id hub.RepoID) (hub.FoundRepo, error) {
	if r, ok := w.repos[nameKey(id)]; ok {
		return hub.FoundRepo{Repo: &r, Exists: true}, nil
	}
	if to, ok := w.moved[nameKey(id)]; ok {
		r := w.repos[nameKey(to)]
		return hub.FoundRepo{Repo: &r, Exists: true, Moved: true}, nil
	}
	return hub.FoundRepo{Repo: hub.NoRepo()}, nil
}

func (w *world) RepoByID(_ context.Context, id hub.ID) (hub.Repo, error) {
	for _, r := range w.repos {
		if r.ID == id {
			return r, nil
		}
	}
	return hub.Repo{}, hub.Errorf(hub.RepoNotFound, "no such row")
}

func (w *world) Namespace(_ context.Context, name string) (hub.Namespace, error) {
	if ns, ok := w.spaces[strings.ToLower(name)]; ok {
		return ns, nil
	}
	return hub.Namespace{}, hub.Errorf(hub.NotFound, "no such row")
}

// addGroup makes a resource group of org with user in it, unless role is RoleNone.
func (w *world) addGroup(org, name, user string, role hub.Role) hub.ID {
	g := hub.ResourceGroup{ID: w.id(), OrgID: w.spaces[org].ID, OrgName: org, Name: name}
	w.groups = append(w.groups, g)
	if role != hub.RoleNone {
		w.inGroup = append(w.inGroup, hub.GroupMember{GroupID: g.ID, GroupName: name, OrgID: g.OrgID, UserID: w.users[user].ID, Role: role})
	}
	return g.ID
}

func (w *world) GroupByID(_ context.Context, id hub.ID) (hub.ResourceGroup, error) {
	for _, g := range w.groups {
		if g.ID == id {
			return g, nil
		}
	}
	return hub.ResourceGroup{}, hub.Errorf(hub.NotFound, "no such row")
}

func (w *world) facts(user string) hub.SubjectFacts {
	f := hub.SubjectFacts{User: w.users[user]}
	for _, m := range w.members {
		if m.UserID == f.User.ID {
			f.Memberships = append(f.Memberships, m)
			if r, ok := w.rules[m.OrgID]; ok {
				f.Rules = append(f.Rules, r)
			}
		}
	}
	f.Gates = w.gates[f.User.ID]
	for _, g := range w.inGroup {
		if g.UserID == f.User.ID {
			f.Groups = append(f.Groups, g)
		}
	}
	return f
}

// subject reads the first two columns of a decision: who, and with which token. Forms: "-", "session", "ssh",
// "operator", "read", "write", "fg" and "fg[org:acme=repo.write+org.read;model:acme/x=;gated;discuss]", and
// "service[…]" for a service account, each with facts behind it: ",expired", ",revoked", ",pending=acme" (and
// approved, denied, revoked) for what an organization decided about the token, ",from=10.0.0.1", ",skip" of networks.
func (w *world) subject(t testing.TB, who, token string) *Subject {
	t.Helper()
	words := strings.Split(token, ",")
	kind := words[0]
	switch who {
	case "anonymous":
		return Anonymous()
	case "operator":
		return Operator()
	}
	f := w.facts(who)
	account, isService := w.service[who]
	if _, ok := w.users[who]; !ok && !isService {
		t.Fatalf("unknown user %q", who)
	}
	if kind != "session" && kind != "ssh" {
		f.Token = &hub.Token{ID: "eeeeeeeeeeeeeeeeeeeeeee1", UserID: f.User.ID, Kind: hub.TokenKind(kind)}
	}
	if strings.HasPrefix(kind, "fg") || strings.HasPrefix(kind, "service") {
		f.Token.Kind = hub.TokenFineGrained
		w.scope(t, f.Token, strings.Trim(strings.TrimPrefix(strings.TrimPrefix(kind, "fg"), "service"), "[]"))
	}
	if isService {
		f.Service, f.Gates = &account, w.gates[account.ID]
		f.Memberships = []hub.Member{{OrgID: account.OrgID, OrgName: account.OrgName, Role: hub.RoleAdmin}}
		f.Rules = []hub.OrgRules{w.rules[account.OrgID]}
	}
	var from netip.Addr
	for _, word := range words[1:] {
		fact, value, _ := strings.Cut(word, "=")
		switch {
		case word == "expired":
			f.Token.ExpiresAt = spaceNow.Add(-time.Second)
		case word == "revoked":
			f.Token.RevokedAt = spaceNow.Add(-time.Second)
		case word == "skip":
			f.SkipNetwork = true
		case fact == "from":
			from = netip.MustParseAddr(value)
		default:
			state, err := hub.ParseTokenState(fact)
			if err != nil {
				t.Fatalf("unknown fact %q", word)
			}
			f.Grants = append(f.Grants, hub.TokenGrant{TokenID: f.Token.ID, OrgID: w.spaces[value].ID, State: state})
		}
	}
	if kind == "ssh" {
		return NewSSHSubject(f).From(from)
	}
	s := NewSubject(f, Credential{}).From(from)
	if s.Kind() == KindNone {
		t.Fatalf("%s with %s is nobody", who, token)
	}
	return s
}

func (w *world) scope(t testing.TB, tok *hub.Token, spec string) {
	t.Helper()
	for _, entry := range strings.Split(spec, ";") {
		switch entry {
		case "":
			continue
		case "gated":
			tok.CanReadGated = true
			continue
		case "discuss":
			tok.Global = []hub.Permission{hub.PermDiscussionWrite}
			continue
		}
		what, perms, ok := strings.Cut(entry, "=")
		typ, name, ok2 := strings.Cut(what, ":")
		if !ok || !ok2 {
			t.Fatalf("bad scope %q", entry)
		}
		sc := hub.Scope{EntityType: hub.EntityType(typ), EntityName: name}
		if typ == "resource-group" {
			org, group, _ := strings.Cut(name, "/")
			sc.EntityID, sc.NamespaceID = w.group(org, group), w.spaces[org].ID
			sc.GroupID = sc.EntityID
		} else if typ == "user" || typ == "org" {
			sc.EntityID = w.spaces[name].ID
			sc.NamespaceID = sc.EntityID
		} else {
			r := w.repos[typ+":"+name]
			sc.EntityID, sc.NamespaceID, sc.GroupID = r.ID, r.NamespaceID, r.GroupID
		}
		if sc.EntityID == "" {
			t.Fatalf("scope on unknown %s", what)
		}
		for _, p := range strings.Split(perms, "+") {
			if p != "" {
				sc.Permissions = append(sc.Permissions, hub.Permission(p))
			}
		}
		if err := hub.CheckPermissions(sc.EntityType, sc.Permissions); err != nil {
			t.Fatal(err)
		}
		tok.Scopes = append(tok.Scopes, sc)
	}
}

func readWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld()
	for _, f := range matrix(t, "testdata/world.txt") {
		switch f[0] {
		case "user":
			u := w.addUser(f[1])
			for _, fact := range f[2:] {
				u.Admin, u.Suspended = fact == "operator", fact == "suspended"
			}
			w.users[u.Name] = u
		case "org":
			w.addOrg(f[1])
		case "member":
			role, err := hub.ParseRole(f[3])
			if err != nil {
				t.Fatal(err)
			}
			w.addMember(f[1], f[2], role)
		case "repo":
			w.addRepo(w.parseRepo(t, f))
		case "rules":
			w.parseRules(t, f)
		case "group":
			for _, m := range append(f[3:], "") {
				user, role, _ := strings.Cut(m, "=")
				w.joinGroup(f[1], f[2], user, role)
			}
		case "service":
			w.service[f[2]] = hub.ServiceAccount{ID: w.id(), OrgID: w.spaces[f[1]].ID, OrgName: f[1], Name: f[2]}
		case "gate":
			g := hub.GateGrant{RepoID: w.repos[f[1]+":"+f[2]].ID, Kind: hub.GateUser, State: hub.GateState(f[4])}
			if f[4] == "over" {
				g.State, g.Until = hub.GateAccepted, spaceNow
			}
			id := w.users[f[3]].ID
			if a, ok := w.service[f[3]]; ok {
				id, g.Kind = a.ID, hub.GateService
			}
			w.gates[id] = append(w.gates[id], g)
		case "moved":
			w.moved[f[1]+":"+f[2]] = w.repos[f[1]+":"+f[3]].RepoID
		default:
			t.Fatalf("world.txt: %q", f)
		}
	}
	return w
}

func (w *world) parseRepo(t testing.TB, f []string) hub.Repo {
	t.Helper()
	id, err := hub.ParseRepoID(hub.RepoType(f[1]), f[2])
	if err != nil {
		t.Fatal(err)
	}
	r := hub.Repo{RepoID: id, Visibility: hub.Visibility(f[3])}
	if u, ok := w.users[id.Namespace]; ok {
		r.CreatorID = u.ID
	}
	for _, fact := range f[4:] {
		switch {
		case fact == "gated":
			r.Gated = hub.GateAuto
		case fact == "disabled":
			r.Disabled = true
		case fact == "members_gated":
			r.MembersGated = true
		case strings.HasPrefix(fact, "group="):
			r.GroupID = w.group(id.Namespace, strings.TrimPrefix(fact, "group="))
		case strings.HasPrefix(fact, "creator="):
			r.CreatorID = w.users[strings.TrimPrefix(fact, "creator=")].ID
		default:
			t.Fatalf("world.txt: unknown fact %q", fact)
		}
	}
	return r
}

func (w *world) parseRules(t testing.TB, f []string) {
	t.Helper()
	r := hub.OrgRules{OrgID: w.spaces[f[1]].ID, Tokens: hub.AllowAllTokens, GroupCreation: hub.RoleAdmin}
	for _, fact := range f[2:] {
		key, value, _ := strings.Cut(fact, "=")
		switch key {
		case "policy":
			r.Tokens = hub.TokenPolicy(value)
		case "ips":
			r.IPRanges = append(r.IPRanges, netip.MustParsePrefix(value))
		case "ssh":
			r.SSH = hub.SSHRule(value)
		case "private_only":
			r.PrivateOnly = true
		case "creation":
			r.GroupCreation = lawRoles[value]
		default:
			t.Fatalf("world.txt: unknown rule %q", fact)
		}
	}
	w.rules[r.OrgID] = r
}

func (w *world) group(org, name string) hub.ID {
	for _, g := range w.groups {
		if g.OrgName == org && g.Name == name {
			return g.ID
		}
	}
	return w.addGroup(org, name, "", hub.RoleNone)
}

func (w *world) joinGroup(org, name, user, role string) {
	id := w.group(org, name)
	if user != "" {
		w.inGroup = append(w.inGroup, hub.GroupMember{GroupID: id, GroupName: name, OrgID: w.spaces[org].ID, UserID: w.users[user].ID, Role: lawRoles[role]})
	}
}
