package access

import (
	"net/netip"
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
	}{{hub.RoleNone, "ann"}, {hub.RoleNoAccess, "ann"}, {hub.RoleAdmin, "ann"}, {9, "ann"}, {hub.RoleWrite, "will"}, {hub.RoleContributor, "connie"}, {hub.RoleRead, "rita"}} {
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
	s := w.subject(t, "will", "fg[org:net=repo.write;org:acme=repo.content.read;resource-group:house/lab=repo.write;model:acme/secret=repo.write]")
	at := func(s *Subject) (states []State) {
		for _, k := range sortedRepos(w) {
			r := w.repos[k]
			o := objectOf(&r)
			states = append(states, abstract(s, &o, spaceNow))
		}
		return states
	}
	in, out, back := at(s.From(inside)), at(s.From(outside)), at(s.From(outside).From(inside))
	differ := 0
	for i := range in {
		if in[i] != back[i] || in[i] != out[i]&^stateOutsideNetwork {
			t.Errorf("%s: %#x, %#x, %#x", sortedRepos(w)[i], in[i], out[i], back[i])
		}
		if in[i] != out[i] {
			differ++
		}
	}
	if differ != 2 {
		t.Errorf("%d repositories look at the address", differ)
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
}
