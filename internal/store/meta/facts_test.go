package meta

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestFactsAgainstModel changes a world at random and compares what the store says about each token and user with what
// plain maps say.
func TestFactsAgainstModel(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			m := &factsModel{t: t, db: db, prefix: fmt.Sprintf("%s%d", db.Engine()[:1], n)}
			for range 3 {
				m.addUser()
			}
			for range 2 {
				m.addOrg(rt)
			}
			for range rapid.IntRange(5, 30).Draw(rt, "steps") {
				m.step(rt)
			}
			m.check()
		})
	})
}

type factsModel struct {
	t       *testing.T
	db      *DB
	prefix  string
	serial  int
	users   []hub.User
	orgs    []hub.Organization
	members []hub.Member
	repos   []hub.Repo
	tokens  []modelToken
}

type modelToken struct {
	hub.Token
	digest []byte
}

func (m *factsModel) name(what string) string {
	m.serial++
	return fmt.Sprintf("%s-%s-%d", m.prefix, what, m.serial)
}

func (m *factsModel) addUser() { m.users = append(m.users, addUser(m.t, m.db, m.name("user"))) }

func (m *factsModel) addOrg(rt *rapid.T) {
	u := rapid.SampledFrom(m.users).Draw(rt, "administrator")
	o := addOrg(m.t, m.db, m.name("org"), u.ID)
	m.orgs = append(m.orgs, o)
	m.members = append(m.members, hub.Member{OrgID: o.ID, UserID: u.ID, Role: hub.RoleAdmin})
}

// step makes one random change on both sides. What would be refused is not tried.
func (m *factsModel) step(rt *rapid.T) {
	user := func() hub.User { return rapid.SampledFrom(m.users).Draw(rt, "user") }
	switch rapid.SampledFrom([]string{"member", "leave", "repo", "token", "token", "move", "unrepo", "revoke", "rotate", "update", "touch", "suspend", "rename"}).Draw(rt, "step") {
	case "member":
		o, u := rapid.SampledFrom(m.orgs).Draw(rt, "org"), user()
		role := hub.Role(rapid.IntRange(int(hub.RoleNoAccess), int(hub.RoleAdmin)).Draw(rt, "role"))
		err := m.db.SetMember(ctx, o.ID, u.ID, role, hub.Event{})
		if hub.Is(err, hub.Conflict) {
			return // the last administrator
		}
		must(m.t, err)
		m.members = slices.DeleteFunc(m.members, func(x hub.Member) bool { return x.OrgID == o.ID && x.UserID == u.ID })
		m.members = append(m.members, hub.Member{OrgID: o.ID, UserID: u.ID, Role: role})
	case "leave":
		x := rapid.SampledFrom(m.members).Draw(rt, "member")
		if err := m.db.RemoveMember(ctx, x.OrgID, x.UserID, hub.Event{}); !hub.Is(err, hub.Conflict) {
			must(m.t, err)
			m.members = slices.DeleteFunc(m.members, func(y hub.Member) bool { return y == x })
		}
	case "repo":
		owner := m.owner(rt)
		m.repos = append(m.repos, addRepo(m.t, m.db, owner.ID, m.name("repo")))
	case "move":
		if len(m.repos) > 0 {
			i, owner := rapid.IntRange(0, len(m.repos)-1).Draw(rt, "repo"), m.owner(rt)
			name := m.name("moved")
			must(m.t, m.db.MoveRepo(ctx, m.repos[i].ID, hub.RepoID{Name: name}, owner.ID, hub.Event{}))
			m.repos[i].Name, m.repos[i].Namespace, m.repos[i].NamespaceID = name, owner.Name, owner.ID
		}
	case "unrepo":
		if len(m.repos) > 0 {
			i := rapid.IntRange(0, len(m.repos)-1).Draw(rt, "repo")
			must(m.t, m.db.DeleteRepo(ctx, m.repos[i].ID, hub.Event{}))
			m.repos = slices.Delete(m.repos, i, i+1)
		}
	case "token":
		tok, digest := addToken(m.t, m.db, user().ID, m.scopes(rt)...)
		m.tokens = append(m.tokens, modelToken{tok, digest})
	case "suspend":
		i := rapid.IntRange(0, len(m.users)-1).Draw(rt, "user")
		m.users[i].Suspended = !m.users[i].Suspended
		must(m.t, m.db.SetSuspended(ctx, m.users[i].ID, m.users[i].Suspended, hub.Event{}))
	case "rename":
		i := rapid.IntRange(0, len(m.users)-1).Draw(rt, "user")
		m.users[i].FullName = m.name("full")
		must(m.t, putUser(m.db, m.users[i], hub.Event{}))
	default:
		m.changeToken(rt)
	}
}

func (m *factsModel) changeToken(rt *rapid.T) {
	live := slices.DeleteFunc(slices.Clone(m.tokens), func(x modelToken) bool { return !x.RevokedAt.IsZero() })
	if len(live) == 0 {
		return
	}
	id := rapid.SampledFrom(live).Draw(rt, "token").ID
	x := &m.tokens[slices.IndexFunc(m.tokens, func(y modelToken) bool { return y.ID == id })]
	now := testTime()
	switch rapid.IntRange(0, 3).Draw(rt, "how") {
	case 0:
		must(m.t, m.db.RevokeToken(ctx, id, "deleted", now, hub.Event{}))
		x.RevokedAt, x.RevokedWhy, x.Gen = now, "deleted", x.Gen+1
	case 1:
		x.digest = newDigest()
		must(m.t, m.db.RotateToken(ctx, id, "next", "k2", x.digest, now, hub.Event{}))
		x.Last4, x.RotatedAt, x.Gen = "next", now, x.Gen+1
	case 2:
		x.Scopes, x.ExpiresAt, x.CanReadGated = m.scopes(rt), now, !x.CanReadGated
		must(m.t, m.db.UpdateToken(ctx, x.Token, hub.Event{}))
		x.Gen++
	case 3:
		must(m.t, m.db.TouchTokens(ctx, map[hub.ID]time.Time{id: now}))
		x.LastUsedAt = now
	}
}

func (m *factsModel) owner(rt *rapid.T) hub.Namespace {
	return rapid.SampledFrom(m.namespaces()).Draw(rt, "owner")
}

func (m *factsModel) namespaces() (all []hub.Namespace) {
	for _, u := range m.users {
		all = append(all, hub.Namespace{ID: u.ID, Name: u.Name, Kind: hub.UserNamespace})
	}
	for _, o := range m.orgs {
		all = append(all, hub.Namespace{ID: o.ID, Name: o.Name, Kind: hub.OrgNamespace})
	}
	return all
}

// scopes chooses up to four entities that exist.
func (m *factsModel) scopes(rt *rapid.T) (scopes []hub.Scope) {
	perms := rapid.SliceOfNDistinct(rapid.SampledFrom(hub.RepoPermissions), 1, 3, rapid.ID)
	for range rapid.IntRange(0, 4).Draw(rt, "scopes") {
		s := hub.Scope{Permissions: perms.Draw(rt, "permissions")}
		if i := rapid.IntRange(-3, len(m.repos)-1).Draw(rt, "entity"); i >= 0 {
			s.EntityType, s.EntityID = hub.EntityType(m.repos[i].Type), m.repos[i].ID
		} else {
			n := m.owner(rt)
			s.EntityType, s.EntityID = hub.EntityType(n.Kind), n.ID
		}
		scopes = append(scopes, s)
	}
	return scopes
}

// naive assembles the facts of a user the slow way.
func (m *factsModel) naive(u hub.User) hub.SubjectFacts {
	f := hub.SubjectFacts{User: u}
	for _, o := range m.orgs {
		for _, x := range m.members {
			if x.OrgID == o.ID && x.UserID == u.ID {
				f.Memberships = append(f.Memberships, hub.Member{OrgID: o.ID, OrgName: o.Name, UserID: u.ID, UserName: u.Name,
					FullName: u.FullName, Role: x.Role})
			}
		}
	}
	slices.SortFunc(f.Memberships, func(a, b hub.Member) int { return cmp.Compare(a.OrgID, b.OrgID) })
	return f
}

// entity gives a scope the names of today; false when its entity is gone.
func (m *factsModel) entity(s hub.Scope) (hub.Scope, bool) {
	for _, n := range m.namespaces() {
		if n.ID == s.EntityID {
			s.EntityName, s.NamespaceID = n.Name, n.ID
			return s, true
		}
	}
	for _, r := range m.repos {
		if r.ID == s.EntityID {
			s.EntityName, s.NamespaceID = r.Namespace+"/"+r.Name, r.NamespaceID
			return s, true
		}
	}
	return s, false
}

func (m *factsModel) check() {
	seq, err := m.db.LastChange(ctx)
	must(m.t, err)
	normal := func(f hub.SubjectFacts) hub.SubjectFacts {
		for i := range f.Memberships {
			f.Memberships[i].CreatedAt = time.Time{}
		}
		if f.Seq != seq {
			m.t.Errorf("the facts say that they are of %d, not %d", f.Seq, seq)
		}
		f.Seq = 0
		return f
	}
	owners := map[hub.ID]hub.User{}
	for _, u := range m.users {
		owners[u.ID] = u
		got, err := m.db.UserFacts(ctx, u.ID)
		must(m.t, err)
		same(m.t, "facts of a user", normal(got), m.naive(u))
	}
	for _, x := range m.tokens {
		want := m.naive(owners[x.UserID])
		tok := x.Token
		tok.Scopes = nil
		for _, s := range x.Scopes {
			if s, ok := m.entity(s); ok {
				tok.Scopes = append(tok.Scopes, s)
			}
		}
		want.Token = &tok
		got, err := m.db.TokenFacts(ctx, x.digest)
		must(m.t, err)
		same(m.t, "facts of a token", normal(got), want)
		got, err = m.db.TokenFactsByID(ctx, x.ID)
		must(m.t, err)
		same(m.t, "facts of a token by id", normal(got), want)
	}
}
