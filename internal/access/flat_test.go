package access

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// flat is what a hub would decide with that had nothing else to do: the facts of the benchmark's universe and no others, as
// three arrays of integers, in which things have numbers below a hundred thousand. A token takes 20 bytes and four for each
// thing in its lists, a repository 16. The rules are ours. It is the anchor of goal 1: what a decision costs on the machine at
// hand, now, when all that it reads lies in the fewest bytes.
type flat struct {
	tokens []flatToken
	lists  []uint32 // numbers of things, with what is said of them from flatSays on
	repos  []flatRepo
}

type flatToken struct {
	user, from                  uint32 // a person; a place in lists, at which
	orgs, groups, scopes, gates uint16 // so many of each begin
	kind                        Kind
	readGated                   bool
}

type flatRepo struct{ owner, group, creator, flags uint32 }

const (
	flatRepos = 1 << 17 // added to the number of a repository, beside the others
	flatSays  = 18
	flatThing = 1<<flatSays - 1
)

func newFlat(u *universe) *flat {
	f := &flat{}
	numbers := map[hub.ID]uint32{"": 0}
	number := func(id hub.ID) uint32 {
		n, ok := numbers[id]
		if !ok {
			n = uint32(len(numbers))
			numbers[id] = n
		}
		return n
	}
	for i := range u.repos {
		r := &u.repos[i]
		f.repos = append(f.repos, flatRepo{number(r.NamespaceID), number(r.GroupID), number(r.CreatorID), uint32(u.objects[i].flags)})
	}
	for i := range u.repos {
		numbers[u.repos[i].ID] = flatRepos | uint32(i)
	}
	for i := range u.facts {
		x, s := &u.facts[i], u.subjects[i]
		f.tokens = append(f.tokens, flatToken{
			user: number(x.User.ID), from: uint32(len(f.lists)), kind: s.Kind(), readGated: x.Token.CanReadGated,
			orgs: uint16(len(x.Memberships)), groups: uint16(len(x.Groups)), scopes: uint16(len(x.Token.Scopes)), gates: uint16(len(x.Gates)),
		})
		for _, m := range x.Memberships {
			f.lists = append(f.lists, number(m.OrgID)|s.fact(tailOf(m.OrgID), aSpace)<<flatSays) // of the rules, this universe has the policies
		}
		for _, g := range x.Groups {
			f.lists = append(f.lists, number(g.GroupID)|uint32(g.Role)<<flatSays)
		}
		for _, sc := range x.Token.Scopes {
			f.lists = append(f.lists, number(sc.EntityID)|factOf(sc.Permissions)<<flatSays)
		}
		for _, g := range x.Gates {
			f.lists = append(f.lists, number(g.RepoID))
		}
	}
	return f
}

// find returns the entry of a number, 0 if there is none.
func find(list []uint32, number uint32) uint32 {
	for _, x := range list {
		if x&flatThing == number {
			return x
		}
	}
	return 0
}

func (f *flat) decide(q query) bool {
	t, r := &f.tokens[q.subject], &f.repos[q.repo]
	orgs := f.lists[t.from:]
	groups := orgs[t.orgs:]
	scopes := groups[t.groups:]
	gates := scopes[t.scopes:]
	st := State(t.kind) | stateLive | State(r.flags)
	org := find(orgs[:t.orgs], r.owner) >> flatSays
	rel := relation(org & relationMask)
	switch {
	case r.owner == t.user:
		rel = owner
	case org == 0:
		rel = outsider
	}
	st |= State(rel)<<relationShift | State(org>>rulesShift&rulesMask)<<policyShift
	if r.group != 0 {
		st |= State(find(groups[:t.groups], r.group)>>flatSays) << groupShift
	}
	if r.creator == t.user {
		st |= stateCreator
	}
	if st.has(stateGated) && find(gates[:t.gates], flatRepos|uint32(q.repo)) != 0 {
		st |= State(standAccepted) << standingShift
	}
	if t.kind >= KindFineGrained {
		if t.readGated {
			st |= stateReadGated
		}
		lv, at := levelNone, uint32(0)
		if x := find(scopes[:t.scopes], r.owner); x != 0 {
			if lv, at = levelNamespace, x>>flatSays; atoms(at)&atomWrite != 0 {
				st |= stateNamespaceWrite
			}
		}
		if x := find(scopes[:t.scopes], flatRepos|uint32(q.repo)); x != 0 {
			lv, at = levelRepo, x>>flatSays
		}
		st |= State(lv)<<levelShift | State(at&atomMask)<<atomShift
	}
	return q.action.allowedBy(allowed(st))
}

// TestFlatAgrees: the anchor answers every query of the benchmark as the hub does.
func TestFlatAgrees(t *testing.T) {
	u := newUniverse(1, wholeUniverse)
	f := newFlat(u)
	for i, q := range u.queries {
		if u.decide(q) != f.decide(q) {
			t.Fatalf("query %d, %s: the anchor says %v; subject %+v, repository %+v", i, q.action, f.decide(q), u.facts[q.subject], u.repos[q.repo])
		}
	}
}
