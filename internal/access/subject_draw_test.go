package access

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestThingsAreOfOneKind: what is known of a thing is known of it as what it is: an organization, a group and a repository
// are nothing else, also where many stand side by side.
func TestThingsAreOfOneKind(t *testing.T) {
	nth := func(of byte, i int) hub.ID { return hub.ID(fmt.Sprintf("%c%015x%c%07x", of, i, of, 0xfff-i*7%16)) }
	for _, n := range []int{1, 3, 12} {
		f := hub.SubjectFacts{User: hub.User{ID: spaceUser}, Token: &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: hub.TokenFineGrained}}
		for i := range n {
			org, group, repo := nth('a', i), nth('b', i), nth('c', i)
			f.Memberships = append(f.Memberships, hub.Member{OrgID: org, OrgName: fmt.Sprint("org-", i), Role: hub.RoleRead})
			f.Groups = append(f.Groups, hub.GroupMember{GroupID: group, OrgID: org, Role: hub.RoleWrite})
			f.Token.Scopes = append(f.Token.Scopes, hub.Scope{EntityType: hub.EntityModel, EntityID: repo, NamespaceID: org, Permissions: []hub.Permission{hub.PermRepoWrite}},
				hub.Scope{EntityType: hub.EntityGroup, EntityID: nth('d', i), NamespaceID: org, Permissions: permissions})
		}
		s := NewSubject(f, Credential{})
		for i := range n {
			for of, kind := range map[byte]entity{'a': aSpace, 'b': aGroup, 'c': aRepo, 'd': aGroup} {
				for _, as := range []entity{aSpace, aGroup, aRepo} {
					if got := s.fact(tailOf(nth(of, i)), as); (got != 0) != (as == kind) {
						t.Errorf("%d of each: of %s as %d there is %#x", n, nth(of, i), as, got)
					}
				}
			}
			if got := s.RoleIn(nth('a', i)); got != hub.RoleRead || s.RoleIn(nth('b', i)) != hub.RoleNone || s.RoleIn(nth('d', i)) != hub.RoleNone {
				t.Errorf("%d of each: role %s, in a group %s", n, got, s.RoleIn(nth('b', i)))
			}
			if !s.InGroup(nth('b', i)) || s.InGroup(nth('a', i)) || s.InGroup(nth('d', i)) {
				t.Errorf("%d of each: in an organization, or in a group for which there is only an entry", n)
			}
			if s.orgNamed(fmt.Sprint("org-", i)) != tailOf(nth('a', i)) || s.orgName(tailOf(nth('a', i))) != fmt.Sprint("org-", i) {
				t.Errorf("%d of each: organization %d is called %q", n, i, s.orgName(tailOf(nth('a', i))))
			}
		}
		if s.orgNamed("") != 0 || len(s.orgs()) != n {
			t.Errorf("%d of each: %d organizations, and one without a name", n, len(s.orgs()))
		}
	}
}

// TestFirstEntryCounts: the store has one entry for a thing. If there were two they would not be added up.
func TestFirstEntryCounts(t *testing.T) {
	entry := func(p hub.Permission) hub.Scope {
		return hub.Scope{EntityType: hub.EntityModel, EntityID: spaceRepo, NamespaceID: spaceOrg, Permissions: []hub.Permission{p}}
	}
	f := hub.SubjectFacts{User: hub.User{ID: spaceUser}, Token: &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: hub.TokenFineGrained,
		Scopes: []hub.Scope{entry(hub.PermRepoContentRead), entry(hub.PermRepoWrite)}}}
	o := objectOf(&hub.Repo{ID: spaceRepo, NamespaceID: spaceOrg})
	s := NewSubject(f, Credential{})
	if st := abstract(s, &o, spaceNow); st.atoms() != atomContentRead || st.level() != levelRepo || len(s.rows) != 1 {
		t.Errorf("atoms %b at level %d, %d rows", st.atoms(), st.level(), len(s.rows))
	}
}

// TestEveryPermission: those that decisions do not read have no part in cells.
func TestEveryPermission(t *testing.T) {
	f := hub.SubjectFacts{User: hub.User{ID: spaceUser}, Token: &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: hub.TokenFineGrained,
		Scopes: []hub.Scope{{EntityType: hub.EntityOrg, EntityID: spaceOrg, NamespaceID: spaceOrg, Permissions: permissions}}}}
	s, o := NewSubject(f, Credential{}), objectOfNamespace(spaceOrg)
	want := State(KindFineGrained) | stateLive | State(outsider)<<relationShift | statePrivate |
		State(levelNamespace)<<levelShift | atomMask<<atomShift | stateNamespaceWrite | stateNamespaceGroups
	if got := abstract(s, &o, spaceNow); got != want {
		t.Errorf("state %#x, want %#x", got, want)
	}
	if got := s.MissingToIssue(spaceOrg, permissions); len(got) != 0 {
		t.Errorf("%v missing of all", got)
	}
}

// TestHomes: a group that only holds repositories of entries is drawn once, says where they are, and takes no place among
// what decisions read.
func TestHomes(t *testing.T) {
	scope := func(repo hub.ID) hub.Scope {
		return hub.Scope{EntityType: hub.EntityModel, EntityID: repo, NamespaceID: spaceOrg, GroupID: spaceGroup, Permissions: []hub.Permission{hub.PermRepoWrite}}
	}
	f := hub.SubjectFacts{User: hub.User{ID: spaceUser}, Memberships: []hub.Member{{OrgID: spaceOrg, Role: hub.RoleWrite}},
		Token: &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: hub.TokenFineGrained, Scopes: []hub.Scope{scope(spaceRepo), scope(strange)}}}
	s := NewSubject(f, Credential{})
	var homes []object
	for i := range s.rows {
		if r := &s.rows[i]; r.entity() == aRepo {
			homes = append(homes, s.homeOf(r))
		}
	}
	home := object{namespace: tailOf(spaceOrg), group: tailOf(spaceGroup), flags: low(statePrivate | stateGrouped)}
	if len(s.rows) != 4 || !slices.Equal(homes, []object{home, home}) || s.fact(tailOf(spaceGroup), aGroup) != 0 || s.cellOf(tailOf(spaceGroup), aGroup) != nil {
		t.Errorf("%d rows, at home in %+v; of the group decisions read %#x", len(s.rows), homes, s.fact(tailOf(spaceGroup), aGroup))
	}
}

// TestGroupsThemselves: that a group is asked about, and not something in it, is no part of the state.
func TestGroupsThemselves(t *testing.T) {
	o := objectOfGroup(spaceOrg, spaceGroup)
	want := State(KindSession) | stateLive | State(outsider)<<relationShift | statePrivate | stateGrouped
	if got := abstract(NewSubject(hub.SubjectFacts{User: hub.User{ID: spaceUser}}, Credential{}), &o, spaceNow); got != want {
		t.Errorf("state %#x, want %#x", got, want)
	}
}
