package access

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go"

	"github.com/ambit-hub/ambit/internal/hub"
)

// cedarWorld holds the facts of subjects and repositories as entities of testdata/oracle.cedar.
type cedarWorld struct {
	policies *cedar.PolicySet
	entities cedar.EntityMap
}

var roleNames = []string{"no_access", "read", "contributor", "write", "admin"}

func newCedarWorld(t testing.TB) *cedarWorld {
	t.Helper()
	text, err := os.ReadFile("testdata/oracle.cedar")
	if err != nil {
		t.Fatal(err)
	}
	ps, err := cedar.NewPolicySetFromBytes("oracle.cedar", text)
	if err != nil {
		t.Fatal(err)
	}
	return &cedarWorld{policies: ps, entities: cedar.EntityMap{}}
}

func uid(typ, id string) cedar.EntityUID {
	return cedar.NewEntityUID(cedar.EntityType(typ), cedar.String(id))
}

func (c *cedarWorld) put(u cedar.EntityUID, attrs cedar.RecordMap, parents ...cedar.EntityUID) {
	c.entities[u] = cedar.Entity{UID: u, Parents: cedar.NewEntityUIDSet(parents...), Attributes: cedar.NewRecord(attrs)}
}

func (c *cedarWorld) addOrg(id hub.ID) {
	c.put(uid("Namespace", string(id)), nil)
	for i, role := range roleNames {
		var below []cedar.EntityUID
		if i > 0 {
			below = append(below, uid("Role", string(id)+"/"+roleNames[i-1]))
		}
		c.put(uid("Role", string(id)+"/"+role), nil, below...)
	}
}

// addUser makes the user's personal namespace the same entity: the owner of what is in it.
func (c *cedarWorld) addUser(f hub.SubjectFacts) {
	var roles []cedar.EntityUID
	for _, m := range f.Memberships {
		roles = append(roles, uid("Role", string(m.OrgID)+"/"+m.Role.String()))
	}
	for _, g := range f.Groups {
		roles = append(roles, uid("Role", string(g.GroupID)+"/"+g.Role.String()))
	}
	id := f.User.ID
	if f.Service != nil {
		id = f.Service.ID
	}
	c.put(uid("Namespace", string(id)), nil, roles...)
}

func (c *cedarWorld) addRepo(r hub.Repo, rules hub.OrgRules) {
	if rules.Tokens == "" {
		rules.Tokens = hub.AllowAllTokens
	}
	group := func(name string) cedar.EntityUID { return uid("Role", string(r.GroupID)+"/"+name) }
	role := func(name string) cedar.EntityUID { return uid("Role", string(r.NamespaceID)+"/"+name) }
	c.put(uid("Repo", string(r.ID)), cedar.RecordMap{
		"private": cedar.Boolean(r.Visibility != hub.Public), "gated": cedar.Boolean(r.Gated != hub.Ungated && r.Type != hub.Space),
		"disabled": cedar.Boolean(r.Disabled), "owner": uid("Namespace", string(r.NamespaceID)),
		"creator": uid("Namespace", string(r.CreatorID)), "members": role("no_access"), "readers": role("read"),
		"contributors": role("contributor"), "writers": role("write"), "admins": role("admin"),
		"membersGated": cedar.Boolean(r.MembersGated), "grouped": cedar.Boolean(r.GroupID != ""), "group": uid("Group", string(r.GroupID)),
		"groupReaders": group("read"), "groupContributors": group("contributor"), "groupWriters": group("write"), "groupAdmins": group("admin"),
		"policy": cedar.String(rules.Tokens), "noSSH": cedar.Boolean(rules.NoSSH()), "privateOnly": cedar.Boolean(rules.PrivateOnly),
	})
}

// addGroup makes the roles of a resource group, each in the one below it.
func (c *cedarWorld) addGroup(id hub.ID) {
	c.put(uid("Group", string(id)), nil)
	for i, role := range roleNames {
		var below []cedar.EntityUID
		if i > 0 {
			below = append(below, uid("Role", string(id)+"/"+roleNames[i-1]))
		}
		c.put(uid("Role", string(id)+"/"+role), nil, below...)
	}
}

// addCredential adds a subject, made of f, under the given id.
func (c *cedarWorld) addCredential(id string, s *Subject, f hub.SubjectFacts, now time.Time) cedar.EntityUID {
	u := uid("Credential", id)
	sets := map[hub.Permission][]cedar.Value{}
	var with []cedar.Value
	attrs := cedar.RecordMap{
		"kind": cedar.String(s.Kind().String()), "live": cedar.Boolean(s.Check(now) == nil),
		"signedIn": cedar.Boolean(!s.IsAnonymous()), "user": uid("Namespace", "user:"+string(s.UserID())),
		"readGated": cedar.False, "discuss": cedar.False,
	}
	if s.ActorID() != "" {
		attrs["user"] = uid("Namespace", string(s.ActorID()))
	}
	addVerdicts(attrs, s, f, now)
	if t := f.Token; t != nil {
		attrs["readGated"], attrs["discuss"] = cedar.Boolean(t.CanReadGated), cedar.Boolean(len(t.Global) > 0)
		for _, sc := range t.Scopes {
			e := uid("Namespace", string(sc.EntityID))
			switch sc.EntityType {
			case hub.EntityUser, hub.EntityOrg:
			case hub.EntityGroup:
				e = uid("Group", string(sc.EntityID))
			default:
				e = uid("Repo", string(sc.EntityID))
			}
			with = append(with, e)
			for _, p := range sc.Permissions {
				sets[p] = append(sets[p], e)
			}
		}
	}
	attrs["entries"] = cedar.NewSet(with...)
	attrs["reads"] = cedar.NewSet(sets[hub.PermRepoContentRead]...)
	attrs["accesses"] = cedar.NewSet(sets[hub.PermRepoAccessRead]...)
	attrs["writes"] = cedar.NewSet(sets[hub.PermRepoWrite]...)
	attrs["groupWrites"] = cedar.NewSet(sets[hub.PermResourceGroupWrite]...)
	attrs["discusses"] = cedar.NewSet(sets[hub.PermDiscussionWrite]...)
	c.put(u, attrs)
	return u
}

// addVerdicts adds what organizations and owners of gates said about the subject.
func addVerdicts(attrs cedar.RecordMap, s *Subject, f hub.SubjectFacts, now time.Time) {
	var outside, approved, revoked, accepted []cedar.Value
	for _, r := range f.Rules {
		inside := len(r.IPRanges) == 0 || f.SkipNetwork
		for _, p := range r.IPRanges {
			inside = inside || p.Contains(s.Addr())
		}
		if !inside {
			outside = append(outside, uid("Namespace", string(r.OrgID)))
		}
	}
	for _, g := range f.Grants {
		switch g.State {
		case hub.TokenApproved:
			approved = append(approved, uid("Namespace", string(g.OrgID)))
		case hub.TokenRevoked:
			revoked = append(revoked, uid("Namespace", string(g.OrgID)))
		}
	}
	for _, g := range f.Gates {
		if g.State == hub.GateAccepted && (g.Until.IsZero() || now.Before(g.Until)) {
			accepted = append(accepted, uid("Repo", string(g.RepoID)))
		}
	}
	attrs["outside"], attrs["approvedIn"] = cedar.NewSet(outside...), cedar.NewSet(approved...)
	attrs["revokedIn"], attrs["accepted"] = cedar.NewSet(revoked...), cedar.NewSet(accepted...)
}

func (c *cedarWorld) allows(t testing.TB, credential cedar.EntityUID, a cedar.EntityUID, repo cedar.EntityUID) bool {
	ok, diag := cedar.Authorize(c.policies, c.entities, cedar.Request{Principal: credential, Action: a, Resource: repo})
	if len(diag.Errors) > 0 {
		t.Fatalf("oracle: %v", diag.Errors)
	}
	return bool(ok)
}

// repoActions are the actions that the oracle knows.
func repoActions() (out []Action) {
	for a := NoAction + 1; a < numActions; a++ {
		if a.takes(repoTarget) {
			out = append(out, a)
		}
	}
	return out
}

// addSituation adds what is asked about in a situation, and by whom.
func (c *cedarWorld) addSituation(s *situation) (sub *Subject, credential, target cedar.EntityUID, repo hub.Repo) {
	sub, repo = s.world()
	f := s.facts(repo)
	c.addUser(hub.SubjectFacts{User: hub.User{ID: spaceUser}, Memberships: f.Memberships, Groups: f.Groups, Service: f.Service})
	c.addRepo(repo, s.orgRules())
	return sub, c.addCredential("x", sub, f, spaceNow), uid("Repo", string(repo.ID)), repo
}

// TestCedarOracle asks cedar-go the same questions, all policies at once and the world built anew: in one sitting in
// 2,000,003, in one in 100,003 with AMBIT_FULL=1. TestCedarCompleteSpace goes through all of them, a policy at a time.
func TestCedarOracle(t *testing.T) {
	every := 2_000_003
	if os.Getenv("AMBIT_FULL") == "1" {
		every = 100_003
	}
	c := newCedarWorld(t)
	c.addOrg(spaceOrg)
	c.addGroup(spaceGroup)
	var actionIDs []cedar.EntityUID
	for _, a := range repoActions() {
		actionIDs = append(actionIDs, uid("Action", a.String()))
	}
	n, decisions := 0, 0
	for s := range situations(every) {
		if s.absent || s.target != "repo" {
			continue // the policies are about repositories that are there
		}
		if n++; n%5 != 0 && every > 1_000_000 {
			continue // each thing of a sitting in turn
		}
		sub, credential, target, repo := c.addSituation(s)
		o := objectOf(&repo)
		allowed := decide(abstract(sub, &o, spaceNow)).Allowed()
		for i, a := range repoActions() {
			decisions++
			if got, want := a.allowedBy(allowed), c.allows(t, credential, actionIDs[i], target); got != want {
				t.Fatalf("%s for %+v: %v here, %v by cedar", a, *s, got, want)
			}
		}
	}
	t.Logf("%d decisions in %d situations agree with cedar-go", decisions, decisions/len(actionIDs))
}

// TestOracleKnowsEveryAction keeps the policies from falling behind the table of actions.
func TestOracleKnowsEveryAction(t *testing.T) {
	text, err := os.ReadFile("testdata/oracle.cedar")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range repoActions() {
		if !strings.Contains(string(text), `Action::"`+a.String()+`"`) {
			t.Errorf("oracle.cedar says nothing about %s", a)
		}
	}
}
