package access

import (
	"fmt"
	"maps"
	"sync"
	"testing"
)

var verdictOutcomes = map[verdict]outcome{
	verdictHidden: hide, verdictPolicy: byPolicy, verdictNoGroup: noSuchGroup, verdictDisabled: disabled, verdictGated: behindGate,
	verdictSignIn: signIn, verdictForbidden: deny,
}

var outcomeFor = func() (t [verdictForbidden + 1]outcome) {
	for v, o := range verdictOutcomes {
		t[v] = o
	}
	return t
}()

// asker decides as Authorizer does, up to the words. It is used again and again: the complete space has no time to
// allocate.
type asker struct {
	given given
	d     denial
}

// ask returns the answer to one action and, unless it is allowed, leaves the denial in d.
func (q *asker) ask(st State, l *Layers, a Action) (outcome, string) {
	if l.Subject == 0 {
		return dead, ""
	}
	if a.allowedBy(l.Allowed()) {
		return allow, ""
	}
	q.given.need.Action = a
	q.d.given, q.d.state, q.d.layers = &q.given, st, *l
	switch v := q.d.verdict(); v {
	case verdictHidden:
		return hide, ReasonRepoNotFound
	case verdictNoGroup:
		return noSuchGroup, ReasonNoSuchGroup
	case verdictDisabled:
		return disabled, ReasonRepoDisabled
	default:
		return outcomeFor[v], q.d.reason()
	}
}

// tally counts what one goroutine saw.
type tally struct {
	states, decisions int
	outcomes          [numOutcomes]int
	reasons           map[string]bool
}

// TestCompleteSpace compares production and law: outcome and reason of every action in every situation, with the
// subject and the object made from stored facts, so that abstract is tested along with decide. In one sitting in 8,009,
// or in every one with AMBIT_FULL=1, which takes minutes on two processors, or in as many as AMBIT_LAW_EVERY says.
func TestCompleteSpace(t *testing.T) {
	l := readLaw(t)
	for a := NoAction + 1; a < numActions; a++ {
		if l.targetOf(a.String()) == "" || l.cred[a.String()] == nil {
			t.Fatalf("the law says nothing about %s", a)
		}
	}
	var mu sync.Mutex
	var all []*tally
	err := walk(fullOr(8009, "AMBIT_LAW_EVERY"), func(b *slab) func(*visit) error {
		n := &tally{reasons: map[string]bool{}}
		mu.Lock()
		all = append(all, n)
		mu.Unlock()
		return comparing(l.tabulate(b), n)
	})
	if err != nil {
		t.Fatal(err)
	}
	sum := tally{reasons: map[string]bool{}}
	for _, n := range all {
		sum.states += n.states
		sum.decisions += n.decisions
		for o := range numOutcomes {
			sum.outcomes[o] += n.outcomes[o]
		}
		maps.Copy(sum.reasons, n.reasons)
	}
	t.Logf("%d decisions in %d states agree with the law", sum.decisions, sum.states)
	for o, k := range sum.outcomes {
		t.Logf("%-9s %d", outcomeNames[o], k)
		if k == 0 {
			t.Errorf("no decision ended as %s: the space has shrunk", outcomeNames[o])
		}
	}
	if sum.decisions < 100_000 || len(sum.reasons) < 28 {
		t.Errorf("only %d decisions for %d reasons: the space has shrunk: %v", sum.decisions, len(sum.reasons), sum.reasons)
	}
}

// comparing makes the visitor that holds production to the law.
func comparing(tables *lawTables, n *tally) func(*visit) error {
	q, said := &asker{}, &asked{}
	var last [numActions]string
	return func(v *visit) error {
		n.states++
		l := decide(v.state)
		tables.ask(v, said)
		for _, a := range tables.asks(v) {
			n.decisions++
			got, gotReason := q.ask(v.state, &l, a)
			want, wantReason := tables.answer(said, a)
			if got != want || gotReason != wantReason {
				return fmt.Errorf("%s for %+v:\ngot  %s %s\nwant %s %s", a, v.situation, outcomeNames[got], gotReason, outcomeNames[want], wantReason)
			}
			n.outcomes[want]++
			if wantReason != last[a] { // a look in a map at every decision would take longer than the rest
				last[a] = wantReason
				n.reasons[wantReason] = true
			}
		}
		return nil
	}
}

// TestNoActionIsNeverAllowed: the zero Action, and numbers beyond the table, need what nothing gives.
func TestNoActionIsNeverAllowed(t *testing.T) {
	for _, a := range []Action{NoAction, numActions, 255} {
		if a.allowedBy(^Bits(0)) {
			t.Errorf("action %d is allowed", a)
		}
		for k := noTarget; k <= groupTarget; k++ {
			if a.takes(k) {
				t.Errorf("action %d takes target kind %d", a, k)
			}
		}
	}
	if (decide(0) != Layers{Role: bitPublic | bitView | bitContent, Gate: allBits, Policy: allBits}) {
		t.Errorf("the zero state: %+v", decide(0))
	}
	if decide(0).Allowed() != 0 {
		t.Error("the zero state allows something")
	}
}
