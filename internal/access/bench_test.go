package access

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go"

	"github.com/ambit-hub/ambit/internal/hub"
)

// The universe of the benchmarks: half of the repositories private, a tenth gated, most in organizations;
// users with four memberships on average and three tokens each, one of every kind.
const (
	benchOrgs    = 200
	benchUsers   = 2_000
	benchRepos   = 20_000
	benchQueries = 1 << 16
)

type universe struct {
	repos    []hub.Repo
	subjects []*Subject
	queries  []query
}

type query struct {
	subject int32
	repo    int32
	action  Action
}

func id(r *rand.Rand) hub.ID { return hub.ID(fmt.Sprintf("%08x%016x", r.Uint32(), r.Uint64())) }

func newUniverse(seed uint64, repos int) *universe {
	r := rand.New(rand.NewPCG(seed, seed))
	u := &universe{}
	orgs := make([]hub.ID, benchOrgs)
	for i := range orgs {
		orgs[i] = id(r)
	}
	users := make([]hub.ID, benchUsers)
	for i := range users {
		users[i] = id(r)
	}
	near := map[hub.ID][]int32{} // repositories by namespace
	for i := range repos {
		repo := hub.Repo{ID: id(r), RepoID: hub.RepoID{Type: hub.Model, Name: "m"}, CreatorID: users[r.IntN(benchUsers)], Visibility: hub.Public}
		if r.IntN(10) < 7 {
			repo.NamespaceID, repo.OwnerIsOrg = orgs[r.IntN(benchOrgs)], true
		} else {
			repo.NamespaceID = users[r.IntN(benchUsers)]
		}
		if r.IntN(2) == 0 {
			repo.Visibility = hub.Private
		}
		if r.IntN(10) == 0 {
			repo.Gated = hub.GateManual
		}
		u.repos = append(u.repos, repo)
		near[repo.NamespaceID] = append(near[repo.NamespaceID], int32(i))
	}
	for _, user := range users {
		f := hub.SubjectFacts{User: hub.User{ID: user}}
		var mine []int32
		mine = append(mine, near[user]...)
		seen := map[hub.ID]bool{}
		for range 1 + r.IntN(7) {
			if org := orgs[r.IntN(benchOrgs)]; !seen[org] {
				seen[org] = true
				f.Memberships = append(f.Memberships, hub.Member{OrgID: org, UserID: user, Role: hub.RoleNoAccess + hub.Role(r.IntN(5))})
				mine = append(mine, near[org]...)
			}
		}
		for _, kind := range []hub.TokenKind{hub.TokenRead, hub.TokenWrite, hub.TokenFineGrained} {
			g := f
			g.Token = &hub.Token{ID: id(r), UserID: user, Kind: kind, CanReadGated: r.IntN(2) == 0}
			if kind == hub.TokenFineGrained {
				g.Token.Scopes = u.drawScopes(r, f, mine)
			}
			u.subjects = append(u.subjects, NewSubject(g, Credential{}))
			for range benchQueries/(3*benchUsers) + 1 {
				q := query{subject: int32(len(u.subjects) - 1), repo: int32(r.IntN(repos)), action: repoActions()[r.IntN(7)]}
				if len(mine) > 0 && r.IntN(2) == 0 {
					q.repo = mine[r.IntN(len(mine))]
				}
				u.queries = append(u.queries, q)
			}
		}
	}
	r.Shuffle(len(u.queries), func(i, j int) { u.queries[i], u.queries[j] = u.queries[j], u.queries[i] })
	u.queries = u.queries[:benchQueries]
	return u
}

func (u *universe) drawScopes(r *rand.Rand, f hub.SubjectFacts, mine []int32) []hub.Scope {
	perms := func() []hub.Permission { return hub.RepoPermissions[:1+r.IntN(len(hub.RepoPermissions))] }
	scopes := []hub.Scope{{EntityType: hub.EntityUser, EntityID: f.User.ID, Permissions: perms()}}
	for _, m := range f.Memberships {
		if r.IntN(2) == 0 {
			scopes = append(scopes, hub.Scope{EntityType: hub.EntityOrg, EntityID: m.OrgID, Permissions: perms()})
		}
	}
	for range min(len(mine), r.IntN(6)) {
		scopes = append(scopes, hub.Scope{EntityType: hub.EntityModel, EntityID: u.repos[mine[r.IntN(len(mine))]].ID, Permissions: perms()})
	}
	return scopes
}

// cedar builds the same universe for cedar-go, with the queries as its requests.
func (u *universe) cedar(t testing.TB) (*cedarWorld, []cedar.Request) {
	c := newCedarWorld(t)
	creds := make([]cedar.EntityUID, len(u.subjects))
	for i, s := range u.subjects {
		c.addUser(s.Facts())
		for _, m := range s.Facts().Memberships {
			if _, ok := c.entities[uid("Namespace", string(m.OrgID))]; !ok {
				c.addOrg(m.OrgID)
			}
		}
		creds[i] = c.addCredential(fmt.Sprint(i), s, spaceNow)
	}
	for _, r := range u.repos {
		c.addRepo(r)
	}
	reqs := make([]cedar.Request, len(u.queries))
	for i, q := range u.queries {
		reqs[i] = cedar.Request{Principal: creds[q.subject], Action: uid("Action", q.action.String()), Resource: uid("Repo", string(u.repos[q.repo].ID))}
	}
	return c, reqs
}

func (u *universe) decide(q query) bool {
	o := objectOf(&u.repos[q.repo])
	return q.action.allowedBy(decide(abstract(u.subjects[q.subject], &o, spaceNow)).Allowed())
}

// TestRandomUniverseAgainstCedar compares the two engines on the benchmark's own queries.
func TestRandomUniverseAgainstCedar(t *testing.T) {
	u := newUniverse(uint64(time.Now().UnixNano()), 2_000)
	c, reqs := u.cedar(t)
	allowed := 0
	for i, q := range u.queries[:5_000] {
		want, _ := cedar.Authorize(c.policies, c.entities, reqs[i])
		if got := u.decide(q); got != bool(want) {
			t.Fatalf("%s: %v here, %v by cedar; subject %+v, repository %+v", q.action, got, want, u.subjects[q.subject].Facts(), u.repos[q.repo])
		}
		if want {
			allowed++
		}
	}
	if allowed < 500 || allowed > 4_500 {
		t.Fatalf("%d of 5000 allowed: the universe is not worth asking", allowed)
	}
}

// BenchmarkDecision asks both engines the same mixed, cold queries; goals 1 and 2 of the engine. The last line
// carries the ratio of the two.
func BenchmarkDecision(b *testing.B) {
	u := newUniverse(1, benchRepos)
	var ambit float64
	yes := 0
	b.Run("ambit/mixed", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			if u.decide(u.queries[i%benchQueries]) {
				yes++
			}
		}
		ambit = float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	})
	b.Run("ambit/hot", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			if u.decide(u.queries[i%64]) {
				yes++
			}
		}
	})
	b.Run("ambit/reason", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			q := u.queries[i%benchQueries]
			o := objectOf(&u.repos[q.repo])
			d := denial{need: Need{Action: q.action}, state: abstract(u.subjects[q.subject], &o, spaceNow)}
			if d.layers = decide(d.state); !q.action.allowedBy(d.layers.Allowed()) && d.verdict() == verdictForbidden && d.reason() != "" {
				yes++
			}
		}
	})
	b.Run("ambit/all-permissions", func(b *testing.B) {
		b.ReportAllocs()
		var sum Bits
		for i := range b.N {
			q := u.queries[i%benchQueries]
			o := objectOf(&u.repos[q.repo])
			sum ^= decide(abstract(u.subjects[q.subject], &o, spaceNow)).Allowed()
		}
		if sum == 1 {
			yes++
		}
	})
	c, reqs := u.cedar(b)
	b.Run("cedar/mixed", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			if ok, _ := cedar.Authorize(c.policies, c.entities, reqs[i%benchQueries]); ok {
				yes++
			}
		}
		if ambit > 0 {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/ambit, "x-ambit")
		}
	})
	if yes == 0 {
		b.Fatal("nothing was allowed")
	}
}

// BenchmarkFilter decides for one token which of 100,000 repositories it sees: goal 3.
func BenchmarkFilter(b *testing.B) {
	const n = 100_000
	u := newUniverse(2, n)
	objects := make([]object, n)
	for i := range u.repos {
		objects[i] = objectOf(&u.repos[i])
	}
	b.Run("records", func(b *testing.B) {
		b.ReportAllocs()
		seen := 0
		for i := range b.N {
			s := u.subjects[i%len(u.subjects)]
			for j := range objects {
				if RepoView.allowedBy(decide(abstract(s, &objects[j], spaceNow)).Allowed()) {
					seen++
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/repo")
		if seen == 0 {
			b.Fatal("nothing seen")
		}
	})
}

// BenchmarkAuthorize is the whole call over a source in memory: lookups, decision, grant.
func BenchmarkAuthorize(b *testing.B) {
	w := readWorld(b)
	s := w.subject(b, "will", "write")
	az := NewAuthorizer(w, Options{})
	need := Need{RepoWrite, Repo(hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "secret"})}
	b.ReportAllocs()
	for range b.N {
		if _, err := az.Authorize(context.Background(), s, need); err != nil {
			b.Fatal(err)
		}
	}
}
