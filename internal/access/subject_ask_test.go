package access

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestRolesIn: a snapshot tells the role in each organization, and that there is none.
func TestRolesIn(t *testing.T) {
	w := readWorld(t)
	for who, u := range w.users {
		s := w.subject(t, who, "write")
		for _, ns := range w.spaces {
			want := hub.RoleNone
			for _, m := range w.members {
				if m.UserID == u.ID && m.OrgID == ns.ID {
					want = m.Role
				}
			}
			if got := s.RoleIn(ns.ID); got != want {
				t.Errorf("%s in %s: %s, want %s", who, ns.Name, got, want)
			}
		}
		for _, g := range w.groups {
			want := slices.ContainsFunc(w.inGroup, func(m hub.GroupMember) bool { return m.UserID == u.ID && m.GroupID == g.ID })
			if got := s.InGroup(g.ID); got != want {
				t.Errorf("%s in group %s: %v", who, g.Name, got)
			}
		}
	}
}

// TestConcerns: what makes a snapshot stale is its person or account, its token, the organizations of its memberships and
// entries, and the repositories of its entries; nothing else.
func TestConcerns(t *testing.T) {
	person, token, org, repo := hub.ChangeUser, hub.ChangeToken, hub.ChangeOrg, hub.ChangeRepo
	other := hub.ID("bbbbbbbbbbbbbbbbbbbbbbb2")
	tok := &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: hub.TokenFineGrained, Scopes: []hub.Scope{
		{EntityType: hub.EntityOrg, EntityID: other, NamespaceID: other}, {EntityType: hub.EntityModel, EntityID: spaceRepo, NamespaceID: spaceOrg},
		{EntityType: hub.EntitySpace, EntityID: strange, NamespaceID: spaceOrg},
		{EntityType: hub.EntityGroup, EntityID: spaceGroup, GroupID: spaceGroup, NamespaceID: spaceOrg},
	}}
	members := []hub.Member{{OrgID: spaceOrg, Role: hub.RoleRead}}
	for name, c := range map[string]struct {
		facts hub.SubjectFacts
		want  []hub.Change
	}{
		"session": {hub.SubjectFacts{User: hub.User{ID: spaceUser}, Memberships: members}, []hub.Change{{Kind: person, ID: spaceUser}, {Kind: org, ID: spaceOrg}}},
		"token": {hub.SubjectFacts{User: hub.User{ID: spaceUser}, Memberships: members, Token: tok},
			[]hub.Change{{Kind: person, ID: spaceUser}, {Kind: token, ID: spaceToken}, {Kind: org, ID: spaceOrg}, {Kind: org, ID: other}, {Kind: repo, ID: spaceRepo}, {Kind: repo, ID: strange}}},
		"service account": {hub.SubjectFacts{Service: &hub.ServiceAccount{ID: spaceSA}, Memberships: members, Token: &hub.Token{ID: spaceToken, Kind: hub.TokenFineGrained}},
			[]hub.Change{{Kind: person, ID: spaceSA}, {Kind: token, ID: spaceToken}, {Kind: org, ID: spaceOrg}}},
	} {
		var want []uint64
		for _, ch := range c.want {
			want = append(want, Concern(ch))
		}
		s := NewSubject(c.facts, Credential{})
		if got := slices.Collect(s.Concerns); !slices.Equal(got, want) {
			t.Errorf("%s: %x, want %x", name, got, want)
		}
		for n := range want { // whoever knows enough stops
			seen := 0
			for range s.Concerns {
				if seen++; seen > n {
					break
				}
			}
			if seen != n+1 {
				t.Errorf("%s: stopped at %d of %d", name, seen, n+1)
			}
		}
	}
}

// TestConcernsDiffer: changes of different things have different numbers, whichever part of their ids differs, and the upper
// bits of these, by which they are kept, meet no oftener than by chance.
func TestConcernsDiffer(t *testing.T) {
	seen := map[uint64]hub.Change{}
	tops := map[uint64]bool{}
	n := 0
	note := func(ch hub.Change) {
		n++
		c := Concern(ch)
		if was, ok := seen[c]; ok && was != ch {
			t.Fatalf("%v and %v are both %x", was, ch, c)
		}
		seen[c], tops[c>>48] = ch, true
	}
	for _, kind := range []hub.ChangeKind{hub.ChangeUser, hub.ChangeToken, hub.ChangeOrg, hub.ChangeRepo} {
		note(hub.Change{Kind: kind, ID: "777777777777777777777777"})
		for i := 1; i < 1<<10; i++ {
			for _, part := range []string{"%08x7777777777777777", "77777777%08x77777777", "7777777777777777%08x"} {
				note(hub.Change{Kind: kind, ID: hub.ID(fmt.Sprintf(part, i))})
			}
		}
	}
	if Concern(hub.Change{ID: spaceUser}) == Concern(hub.Change{Kind: hub.ChangeUser, ID: spaceUser}) {
		t.Error("a change of no kind is one of a user")
	}
	if expected := 65536 * (1 - 0.829); float64(len(tops)) < 0.97*expected { // 1 - e^(-n/65536)
		t.Errorf("%d changes have %d different beginnings, by chance %.0f", n, len(tops), expected)
	}
}
