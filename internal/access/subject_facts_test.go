package access

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestRulesThatAreNone: settings that say nothing, or nothing that is known, are the strictest, and spill into nothing
// else.
func TestRulesThatAreNone(t *testing.T) {
	w := readWorld(t)
	acme := w.spaces["acme"].ID
	for _, c := range []struct {
		least hub.Role
		lets  string // the lowest member who creates groups
	}{{hub.RoleNone, "ann"}, {hub.RoleNoAccess, "ann"}, {hub.RoleAdmin, "ann"}, {hub.RoleAdmin + 1, "ann"}, {9, "ann"}, {hub.RoleWrite, "will"}, {hub.RoleContributor, "connie"}, {hub.RoleRead, "rita"}} {
		w.rules[acme] = hub.OrgRules{OrgID: acme, GroupCreation: c.least}
		reached := false
		for _, who := range []string{"nora", "rita", "connie", "will", "ann"} {
			reached = reached || who == c.lets
			s := w.subject(t, who, "write")
			o := objectOfNamespace(acme)
			st := abstract(s, &o, spaceNow)
			if got := GroupCreate.allowedBy(decide(st).Allowed()); got != reached {
				t.Errorf("least role %s, %s: %v", c.least, who, got)
			}
			if st>>48 != 0 || st.policy() != policyAllowAll || st.tokenState() != tokenNone || st.has(stateOutsideNetwork|stateNoSSH|statePrivateOnly) {
				t.Errorf("least role %s spills into %#x", c.least, st)
			}
		}
	}
}

// TestFromKeepsTheRest: the address changes what networks say and nothing else, and is asked for only where it matters.
func TestFromKeepsTheRest(t *testing.T) {
	w := readWorld(t)
	inside, outside := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("192.0.2.1")
	plain := w.subject(t, "bob", "write")
	if plain.From(inside) != plain {
		t.Error("nobody looks at the address, and the snapshot was copied")
	}
	if robot := w.subject(t, "robot", "service[org:acme=org.read]"); robot.From(inside) != robot {
		t.Error("nobody looks at the service account's address, and the snapshot was copied")
	}
	s := w.subject(t, "will", "fg[org:net=repo.write;org:acme=repo.content.read;resource-group:house/lab=repo.write;model:acme/secret=repo.write]")
	at := func(s *Subject) (states []State) {
		for _, k := range sortedRepos(w) {
			r := w.repos[k]
			o := objectOf(&r)
			states = append(states, abstract(s, &o, spaceNow))
		}
		return states
	}
	in, out, back, away := at(s.From(inside)), at(s.From(outside)), at(s.From(outside).From(inside)), at(s.From(inside).From(outside))
	differ := 0
	for i := range in {
		if in[i] != back[i] || out[i] != away[i] || in[i] != out[i]&^stateOutsideNetwork {
			t.Errorf("%s: %#x, %#x, %#x", sortedRepos(w)[i], in[i], out[i], back[i])
		}
		if in[i] != out[i] {
			differ++
		}
	}
	if differ != 2 {
		t.Errorf("%d repositories look at the address", differ)
	}
	bot, o := w.subject(t, "netbot", "service[org:net=repo.content.read]"), objectOfNamespace(w.spaces["net"].ID)
	for addr, out := range map[netip.Addr]bool{inside: false, outside: true, {}: true} {
		if got := abstract(bot.From(addr), &o, spaceNow).has(stateOutsideNetwork); got != out {
			t.Errorf("a service account at %v: outside %v", addr, got)
		}
	}
}

// TestDecidedAboutAnotherToken: what an organization decided about another token of the same person says nothing about this one.
func TestDecidedAboutAnotherToken(t *testing.T) {
	f := hub.SubjectFacts{
		User: hub.User{ID: spaceUser}, Memberships: []hub.Member{{OrgID: spaceOrg, UserID: spaceUser, Role: hub.RoleWrite}},
		Rules: []hub.OrgRules{{OrgID: spaceOrg, Tokens: hub.RequireApproval}},
		Token: &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: hub.TokenFineGrained},
	}
	o := objectOfNamespace(spaceOrg)
	session := f
	session.Token, session.Grants = nil, []hub.TokenGrant{{OrgID: spaceOrg, State: hub.TokenRevoked}}
	if got := abstract(NewSubject(session, Credential{}), &o, spaceNow).tokenState(); got != tokenNone {
		t.Errorf("a session: state %d", got)
	}
	for other, want := range map[hub.ID]tokenState{spaceToken: tokenApproved, strange: tokenNone} {
		f.Grants = []hub.TokenGrant{{TokenID: other, OrgID: spaceOrg, State: hub.TokenApproved}}
		if got := abstract(NewSubject(f, Credential{}), &o, spaceNow).tokenState(); got != want {
			t.Errorf("approved %s: state %d, want %d", other, got, want)
		}
	}
}

// TestEndsAreOfAcceptance: a time that is over ends being let in, and nothing else.
func TestEndsAreOfAcceptance(t *testing.T) {
	o := objectOf(&hub.Repo{ID: spaceRepo, NamespaceID: spaceOrg, Visibility: hub.Public, Gated: hub.GateManual})
	for state, want := range map[hub.GateState]standing{
		hub.GateAccepted: standOver, hub.GatePending: standPending, hub.GateRejected: standRejected, hub.GateReset: standReset,
	} {
		f := hub.SubjectFacts{User: hub.User{ID: spaceUser}, Gates: []hub.GateGrant{{RepoID: spaceRepo, Kind: hub.GateUser, State: state, Until: spaceNow}}}
		if got := abstract(NewSubject(f, Credential{}), &o, spaceNow).standing(); got != want {
			t.Errorf("%s with an end: %d, want %d", state, got, want)
		}
	}
}

// TestSnapshotsTakeNoMoreThanTheyHold: a hub keeps one for each credential in use.
func TestSnapshotsTakeNoMoreThanTheyHold(t *testing.T) {
	w := readWorld(t)
	for who := range w.users {
		for _, token := range append([]string{"fg[user:" + who + "=repo.write]"}, everyToken...) {
			if s := w.subject(t, who, token); cap(s.rows) != len(s.rows) {
				t.Errorf("%s with %s: room for %d rows, and %d of them", who, token, cap(s.rows), len(s.rows))
			}
		}
	}
}

// TestIssuing: who issues a service account's token hands out only what it holds.
func TestIssuing(t *testing.T) {
	w := readWorld(t)
	acme := w.spaces["acme"].ID
	want := []hub.Permission{hub.PermRepoContentRead, hub.PermOrgRead, hub.PermOrgNetworkWrite}
	for _, c := range []struct {
		who, token string
		missing    int
	}{
		{"ann", "session", 0}, {"ann", "write", 0}, {"ann", "fg[org:acme=org.serviceAccounts.write]", 3},
		{"ann", "fg[org:acme=repo.write+org.write]", 1}, {"ann", "fg[org:house=repo.write+org.write]", 3},
		{"robot", "service[org:acme=repo.write+org.write+org.serviceAccounts.write]", 1},
	} {
		if got := w.subject(t, c.who, c.token).MissingToIssue(acme, want); len(got) != c.missing {
			t.Errorf("%s with %s: %v missing", c.who, c.token, got)
		}
	}
	// Each permission holds itself, and those for writing what goes with them.
	implied := map[hub.Permission][]hub.Permission{
		hub.PermRepoWrite: {hub.PermRepoContentRead, hub.PermRepoAccessRead}, hub.PermOrgWrite: {hub.PermOrgRead},
		hub.PermOrgSAWrite: {hub.PermOrgSARead}, hub.PermCollectionWrite: {hub.PermCollectionRead},
	}
	for _, held := range permissions {
		f := hub.SubjectFacts{User: hub.User{ID: spaceUser}, Token: &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: hub.TokenFineGrained,
			Scopes: []hub.Scope{{EntityType: hub.EntityOrg, EntityID: acme, NamespaceID: acme, Permissions: []hub.Permission{held}}}}}
		var want []hub.Permission
		for _, p := range permissions {
			if p != held && !slices.Contains(implied[held], p) {
				want = append(want, p)
			}
		}
		if got := NewSubject(f, Credential{}).MissingToIssue(acme, permissions); !slices.Equal(got, want) {
			t.Errorf("who holds %s lacks %v, want %v", held, got, want)
		}
	}
}
