package access

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cedar-policy/cedar-go"
)

// oraclePolicy is one policy of oracle.cedar with what it reads. cedar.Authorize evaluates each policy by itself and
// allows when a permit holds and no forbid does (cedar-go authorize.go; Cedar's documentation, "Authorization"), so the
// policies may be asked one by one, and each once for all the callers and repositories that are the same to it.
//
// That they are the same to it is no claim about the text: the entities that it is asked with have the attributes that
// its syntax tree names and no others. Had the walk through the tree missed one, Cedar would fail for want of it. Only
// "has" and "in" look at something that is not there without an error: the first must not occur in any policy, and where
// the second does all roles of the user are there.
type oraclePolicy struct {
	id                    cedar.PolicyID
	set                   *cedar.PolicySet // nothing but this policy
	permit                bool
	principal, resource   []string // the attributes that it reads
	hierarchy             bool     // it looks at what somebody is in
	callerMask, repoMask  uint64   // over codes
	callers, repos        map[uint64]int32
	callerCodes, repoCods []uint64
	known                 [][]uint64 // caller → repository → the actions for which it holds, and whether Cedar was asked
}

const cedarAsked = 1 << 63

func readOracle(t testing.TB) (all []*oraclePolicy) {
	t.Helper()
	for id, policy := range newCedarWorld(t).policies.All() {
		p := &oraclePolicy{id: id, set: cedar.NewPolicySet(), permit: policy.Effect() == cedar.Permit, callers: map[uint64]int32{}, repos: map[uint64]int32{}}
		p.set.Add(id, policy)
		text, err := policy.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var tree struct {
			Conditions []any `json:"conditions"`
		}
		if err := json.Unmarshal(text, &tree); err != nil {
			t.Fatal(err)
		}
		p.read(t, tree.Conditions)
		p.callerMask = callerFields.mask(p.principal, p.hierarchy)
		p.repoMask = repoFields.mask(p.resource, false)
		all = append(all, p)
	}
	return all
}

// read walks through the syntax tree of the conditions.
func (p *oraclePolicy) read(t testing.TB, node any) {
	switch n := node.(type) {
	case []any:
		for _, v := range n {
			p.read(t, v)
		}
	case map[string]any:
		if dot, ok := n["."].(map[string]any); ok {
			of, _ := dot["left"].(map[string]any)
			attribute, _ := dot["attr"].(string)
			switch of["Var"] {
			case "principal":
				p.principal = append(p.principal, attribute)
			case "resource":
				p.resource = append(p.resource, attribute)
			default:
				t.Fatalf("%s reads an attribute of %v", p.id, dot["left"])
			}
		}
		for op, v := range n {
			switch op {
			case "in":
				p.hierarchy = true
			case "has", "is", "like", "hasTag", "getTag":
				t.Fatalf("%s uses %s: what that reads is not known here", p.id, op)
			}
			p.read(t, v)
		}
	}
}

// number gives the classes of a code to a policy: equal in all that it reads is equal.
func number(known map[uint64]int32, codes *[]uint64, code uint64) int32 {
	n, ok := known[code]
	if !ok {
		n = int32(len(*codes))
		known[code] = n
		*codes = append(*codes, code)
	}
	return n
}

func (p *oraclePolicy) caller(code uint64) int32 {
	n := number(p.callers, &p.callerCodes, code&p.callerMask)
	for len(p.known) <= int(n) {
		p.known = append(p.known, nil)
	}
	return n
}

func (p *oraclePolicy) repo(code uint64) int32 {
	return number(p.repos, &p.repoCods, code&p.repoMask)
}

// oracle asks Cedar about classes.
type oracle struct {
	policies []*oraclePolicy
	actions  []Action
	uids     []cedar.EntityUID
	world    *cedarWorld
	asked    int
}

func newOracle(t testing.TB) *oracle {
	o := &oracle{policies: readOracle(t), actions: repoActions(), world: &cedarWorld{entities: cedar.EntityMap{}}}
	for _, a := range o.actions {
		o.uids = append(o.uids, uid("Action", a.String()))
	}
	o.world.addOrg(spaceOrg)
	o.world.addGroup(spaceGroup)
	return o
}

// holds returns the actions for which a policy holds, a bit for each Action.
func (o *oracle) holds(p *oraclePolicy, caller, repo int32) (uint64, error) {
	row := p.known[caller]
	if len(row) <= int(repo) {
		row = append(row, make([]uint64, int(repo)+1-len(row))...)
		p.known[caller] = row
	}
	if row[repo] == 0 {
		set, err := o.ask(p, p.callerCodes[caller], p.repoCods[repo])
		if err != nil {
			return 0, err
		}
		row[repo] = set | cedarAsked
	}
	return row[repo] &^ cedarAsked, nil
}

// ask evaluates one policy for every action, with entities that have what it reads and nothing else.
func (o *oracle) ask(p *oraclePolicy, caller, repo uint64) (set uint64, err error) {
	credential, target := uid("Credential", "x"), uid("Repo", string(spaceRepo))
	for _, person := range []cedar.EntityUID{thePerson, theRobot} {
		o.world.put(person, nil, callerRoles(caller)...)
	}
	o.world.put(credential, callerFields.entity(caller, p.principal))
	o.world.put(target, repoFields.entity(repo, p.resource))
	for i, action := range o.uids {
		o.asked++
		_, diag := cedar.Authorize(p.set, o.world.entities, cedar.Request{Principal: credential, Action: action, Resource: target})
		if len(diag.Errors) > 0 {
			return 0, fmt.Errorf("%s reads more than its text says: %v", p.id, diag.Errors)
		}
		if len(diag.Reasons) > 0 {
			set |= 1 << o.actions[i]
		}
	}
	return set, nil
}

// allowed puts the policies together.
func (o *oracle) allowed(callers, repos []int32) (uint64, error) {
	var permits, forbids uint64
	for i, p := range o.policies {
		set, err := o.holds(p, callers[i], repos[i])
		if err != nil {
			return 0, err
		}
		if p.permit {
			permits |= set
		} else {
			forbids |= set
		}
	}
	return permits &^ forbids, nil
}

// TestCedarCompleteSpace compares production with Cedar for every action on repositories, in one sitting in 8,009 of the
// space, or in every one with AMBIT_FULL=1, or in as many as AMBIT_ORACLE_EVERY says. Cedar is asked once for each class
// of callers and repositories that a policy can tell apart: see oraclePolicy.
func TestCedarCompleteSpace(t *testing.T) {
	var mu sync.Mutex
	var oracles []*oracle
	var states []*int
	err := walk(fullOr(8009, "AMBIT_ORACLE_EVERY"), func(b *slab) func(*visit) error {
		o, n := newOracle(t), new(int)
		mu.Lock()
		oracles, states = append(oracles, o), append(states, n)
		mu.Unlock()
		return o.comparing(b, n)
	})
	if err != nil {
		t.Fatal(err)
	}
	asked, seen := 0, 0
	for i, o := range oracles {
		asked += o.asked
		seen += *states[i]
	}
	t.Logf("%d decisions in %d states agree with cedar-go, which evaluated %d single policies", seen*len(repoActions()), seen, asked)
	if seen < 5_000 {
		t.Errorf("only %d states: the space has shrunk", seen)
	}
}

// comparing makes the visitor that holds production to Cedar.
func (o *oracle) comparing(b *slab, seen *int) func(*visit) error {
	at := sitting{-1, -1, -1}
	callers := make([]int32, len(o.policies))
	repos := map[uint64][]int32{}
	return func(v *visit) error {
		if v.absent || v.target != "repo" {
			return nil // the policies are about repositories that are there
		}
		*seen++
		if v.at != at {
			at = v.at
			code := v.callerCode()
			for i, p := range o.policies {
				callers[i] = p.caller(code)
			}
		}
		code := v.repoCode()
		repo := repos[code]
		if repo == nil {
			for _, p := range o.policies {
				repo = append(repo, p.repo(code))
			}
			repos[code] = repo
		}
		want, err := o.allowed(callers, repo)
		if err != nil {
			return err
		}
		allowed := decide(v.state).Allowed()
		for _, a := range o.actions {
			if got := a.allowedBy(allowed); got != (want>>a&1 != 0) {
				return fmt.Errorf("%s for %+v: %v here, %v by cedar", a, v.situation, got, !got)
			}
		}
		return nil
	}
}

// TestOracleFacts compares the entities made of codes with those made of subjects and repositories.
func TestOracleFacts(t *testing.T) {
	c := newCedarWorld(t)
	for s := range situations(600_011) {
		if s.absent || s.target != "repo" {
			continue
		}
		clear(c.entities)
		c.addSituation(s)
		for u, e := range c.entities {
			var got cedar.RecordMap
			switch u.Type {
			case "Credential":
				got = callerFields.entity(s.callerCode(), callerFields.all())
			case "Repo":
				got = repoFields.entity(s.repoCode(), repoFields.all())
			default:
				continue
			}
			if !cedar.NewRecord(got).Equal(e.Attributes) {
				t.Fatalf("%+v:\nof the code    %s\nof the subject %s", s, cedar.NewRecord(got), e.Attributes)
			}
		}
		user := callerFields.entity(s.callerCode(), []string{"user"})["user"].(cedar.EntityUID)
		if got := cedar.NewEntityUIDSet(callerRoles(s.callerCode())...); !got.Equal(c.entities[user].Parents) {
			t.Fatalf("%+v:\nof the code    %v\nof the subject %v", s, got, c.entities[user].Parents)
		}
	}
}

// TestOracleReadsAttributes keeps the walk through the syntax trees honest: every attribute is read by some policy,
// and some policies read little.
func TestOracleReadsAttributes(t *testing.T) {
	read := map[string]bool{}
	for _, p := range readOracle(t) {
		for _, a := range p.principal {
			read["principal."+a] = true
		}
		for _, a := range p.resource {
			read["resource."+a] = true
		}
	}
	for _, a := range callerFields.all() {
		if !read["principal."+a] {
			t.Errorf("no policy reads principal.%s", a)
		}
	}
	for _, a := range repoFields.all() {
		if !read["resource."+a] && !strings.HasPrefix(a, "group") {
			t.Errorf("no policy reads resource.%s", a)
		}
	}
	if !slices.ContainsFunc(readOracle(t), func(p *oraclePolicy) bool { return !p.hierarchy }) {
		t.Error("every policy looks at roles")
	}
}
