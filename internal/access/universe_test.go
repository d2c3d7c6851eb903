package access

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cedar-policy/cedar-go"

	"github.com/ambit-hub/ambit/internal/hub"
)

// size is how large a universe is. Users have three tokens each, one of every kind.
type size struct{ orgs, groupsOfOrg, users, repos, queries int }

// The whole universe is that of access-engine.md, 3.a: with it engines are compared. The small one is for tests.
var (
	wholeUniverse = size{orgs: 1_000, groupsOfOrg: 4, users: 10_000, repos: 100_000, queries: 1 << 17}
	smallUniverse = size{orgs: 100, groupsOfOrg: 4, users: 1_000, repos: 2_000, queries: 1 << 16}
)

// universe is made at random: half of the repositories private, a tenth gated, most in organizations and of those a
// third in resource groups; users in four organizations on average, in some of their groups, and let in at some gates;
// organizations under each token policy, and tokens about which each decision was made.
type universe struct {
	size
	orgs     []hub.ID
	rules    map[hub.ID]hub.OrgRules
	groups   map[hub.ID][]hub.ID // by organization
	repos    []hub.Repo
	objects  []object // of the repositories: a request has its row in hand before it asks
	subjects []*Subject
	facts    []hub.SubjectFacts // that they were made of
	queries  []query
	tails    map[tail]bool // that are taken
}

type query struct {
	subject int32
	repo    int32
	action  Action
}

// id draws one whose tail no other thing has, as the store gives them.
func (u *universe) id(r *rand.Rand) hub.ID {
	for {
		if id := hub.ID(fmt.Sprintf("%08x%016x", r.Uint32(), r.Uint64())); !u.tails[tailOf(id)] && tailOf(id) != 0 {
			u.tails[tailOf(id)] = true
			return id
		}
	}
}

func newUniverse(seed uint64, n size) *universe {
	r := rand.New(rand.NewPCG(seed, seed))
	u := &universe{size: n, rules: map[hub.ID]hub.OrgRules{}, groups: map[hub.ID][]hub.ID{}, tails: map[tail]bool{}}
	for range n.orgs {
		org := u.id(r)
		u.orgs = append(u.orgs, org)
		u.rules[org] = hub.OrgRules{OrgID: org, Tokens: []hub.TokenPolicy{hub.AllowAllTokens, hub.FineGrainedOnly, hub.RequireApproval}[r.IntN(3)]}
		for range n.groupsOfOrg {
			u.groups[org] = append(u.groups[org], u.id(r))
		}
	}
	users := make([]hub.ID, n.users)
	for i := range users {
		users[i] = u.id(r)
	}
	near := map[hub.ID][]int32{} // repositories by namespace
	for i := range n.repos {
		repo := u.drawRepo(r, users)
		u.repos = append(u.repos, repo)
		u.objects = append(u.objects, objectOf(&repo))
		near[repo.NamespaceID] = append(near[repo.NamespaceID], int32(i))
	}
	for _, user := range users {
		f, mine := u.drawUser(r, user, near)
		for _, kind := range []hub.TokenKind{hub.TokenRead, hub.TokenWrite, hub.TokenFineGrained} {
			g := f
			g.Token = &hub.Token{ID: u.id(r), UserID: user, Kind: kind, CanReadGated: r.IntN(2) == 0}
			if kind == hub.TokenFineGrained {
				g.Token.Scopes = u.drawScopes(r, f, mine)
			}
			for _, m := range f.Memberships {
				if state := []hub.TokenState{hub.TokenNone, hub.TokenPending, hub.TokenApproved, hub.TokenDenied, hub.TokenRevoked}[r.IntN(5)]; state != hub.TokenNone {
					g.Grants = append(g.Grants, hub.TokenGrant{TokenID: g.Token.ID, OrgID: m.OrgID, State: state})
				}
			}
			u.facts = append(u.facts, g)
			u.subjects = append(u.subjects, asKept(NewSubject(g, Credential{})))
			for range n.queries/(3*n.users) + 1 {
				q := query{subject: int32(len(u.subjects) - 1), repo: int32(r.IntN(n.repos)), action: repoActions()[r.IntN(7)]}
				if len(mine) > 0 && r.IntN(2) == 0 {
					q.repo = mine[r.IntN(len(mine))]
				}
				u.queries = append(u.queries, q)
			}
		}
	}
	r.Shuffle(len(u.queries), func(i, j int) { u.queries[i], u.queries[j] = u.queries[j], u.queries[i] })
	u.queries = u.queries[:n.queries]
	return u
}

// asKept is s where the cache of credentials keeps it: behind 16 bytes of its own, in one block.
func asKept(s *Subject) *Subject {
	kept := &struct {
		own     [2]uint64
		subject Subject
	}{subject: *s}
	return &kept.subject
}

func (u *universe) drawRepo(r *rand.Rand, users []hub.ID) hub.Repo {
	repo := hub.Repo{ID: u.id(r), RepoID: hub.RepoID{Type: hub.Model, Name: "m"}, CreatorID: users[r.IntN(len(users))], Visibility: hub.Public}
	if r.IntN(10) < 7 {
		repo.NamespaceID, repo.OwnerIsOrg = u.orgs[r.IntN(len(u.orgs))], true
		if r.IntN(10) < 3 {
			repo.GroupID = u.groups[repo.NamespaceID][r.IntN(u.groupsOfOrg)]
		}
	} else {
		repo.NamespaceID = users[r.IntN(len(users))]
	}
	if r.IntN(2) == 0 {
		repo.Visibility = hub.Private
	}
	if r.IntN(10) == 0 {
		repo.Gated = hub.GateManual
	}
	return repo
}

// drawUser returns the facts of a user, without a token, and the repositories of the namespaces that the user is in.
func (u *universe) drawUser(r *rand.Rand, user hub.ID, near map[hub.ID][]int32) (f hub.SubjectFacts, mine []int32) {
	f.User.ID = user
	mine = append(mine, near[user]...)
	seen := map[hub.ID]bool{}
	role := func() hub.Role { return hub.RoleNoAccess + hub.Role(r.IntN(5)) }
	for range 1 + r.IntN(7) {
		org := u.orgs[r.IntN(len(u.orgs))]
		if seen[org] {
			continue
		}
		seen[org] = true
		f.Memberships = append(f.Memberships, hub.Member{OrgID: org, UserID: user, Role: role()})
		f.Rules = append(f.Rules, u.rules[org])
		for _, g := range u.groups[org] {
			if r.IntN(4) == 0 {
				f.Groups = append(f.Groups, hub.GroupMember{GroupID: g, OrgID: org, UserID: user, Role: role()})
			}
		}
		mine = append(mine, near[org]...)
	}
	for _, i := range mine {
		if u.repos[i].Gated != hub.Ungated && r.IntN(4) == 0 {
			f.Gates = append(f.Gates, hub.GateGrant{RepoID: u.repos[i].ID, Kind: hub.GateUser, State: hub.GateAccepted})
		}
	}
	for range 2 { // and elsewhere
		f.Gates = append(f.Gates, hub.GateGrant{RepoID: u.repos[r.IntN(len(u.repos))].ID, Kind: hub.GateUser, State: hub.GateAccepted})
	}
	return f, mine
}

func (u *universe) drawScopes(r *rand.Rand, f hub.SubjectFacts, mine []int32) []hub.Scope {
	perms := func() []hub.Permission { return hub.RepoPermissions[:1+r.IntN(len(hub.RepoPermissions))] }
	scopes := []hub.Scope{{EntityType: hub.EntityUser, EntityID: f.User.ID, Permissions: perms()}}
	for _, m := range f.Memberships {
		if r.IntN(2) == 0 {
			scopes = append(scopes, hub.Scope{EntityType: hub.EntityOrg, EntityID: m.OrgID, Permissions: perms()})
		}
	}
	start := r.IntN(len(mine) + 1)
	for _, i := range mine[start:min(len(mine), start+r.IntN(4))] { // each at most once, as the store has it
		scopes = append(scopes, hub.Scope{EntityType: hub.EntityModel, EntityID: u.repos[i].ID, Permissions: perms()})
	}
	return scopes
}

// cedar builds the same universe for cedar-go, with the queries as its requests.
func (u *universe) cedar(t testing.TB) (*cedarWorld, []cedar.Request) {
	c := newCedarWorld(t)
	for _, org := range u.orgs {
		c.addOrg(org)
		for _, g := range u.groups[org] {
			c.addGroup(g)
		}
	}
	creds := make([]cedar.EntityUID, len(u.subjects))
	for i, s := range u.subjects {
		if i%3 == 0 { // the three tokens of a user
			c.addUser(u.facts[i])
		}
		creds[i] = c.addCredential(fmt.Sprint(i), s, u.facts[i], spaceNow)
	}
	for _, r := range u.repos {
		c.addRepo(r, u.rules[r.NamespaceID])
	}
	reqs := make([]cedar.Request, len(u.queries))
	for i, q := range u.queries {
		reqs[i] = cedar.Request{Principal: creds[q.subject], Action: uid("Action", q.action.String()), Resource: uid("Repo", string(u.repos[q.repo].ID))}
	}
	return c, reqs
}

func (u *universe) decide(q query) bool {
	return q.action.allowedBy(allowed(abstract(u.subjects[q.subject], &u.objects[q.repo], spaceNow)))
}
