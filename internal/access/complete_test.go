package access

import (
	"os"
	"strconv"
	"testing"
)

var verdictNames = map[verdict]string{
	verdictHidden: "hide", verdictPolicy: "policy", verdictNoGroup: "no-group", verdictDisabled: "disabled", verdictGated: "gated", verdictSignIn: "sign-in", verdictForbidden: "deny",
}

// asked is used again and again: the complete space has no time to allocate.
var asked given

// production decides a situation as Authorizer does, up to the words.
func production(st State, a Action) (outcome, reason string) {
	l := decide(st)
	if l.Subject == 0 {
		return "dead", ""
	}
	if a.allowedBy(l.Allowed()) {
		return "allow", ""
	}
	asked.need.Action = a
	d := denial{given: &asked, state: st, layers: l}
	switch v := d.verdict(); v {
	case verdictHidden:
		return "hide", ReasonRepoNotFound
	case verdictNoGroup:
		return "no-group", ReasonNoSuchGroup
	case verdictDisabled:
		return "disabled", ReasonRepoDisabled
	default:
		return verdictNames[v], d.reason()
	}
}

// TestCompleteSpace compares production and law for every action, with the world built anew each time, so that
// abstract is tested along with decide: in one situation in 997, or in every one with AMBIT_FULL=1, which takes half an
// hour, or in as many as AMBIT_LAW_EVERY says.
func TestCompleteSpace(t *testing.T) {
	l := readLaw(t)
	for a := range numActions {
		if a != NoAction && (l.targetOf(a.String()) == "" || l.cred[a.String()] == nil) {
			t.Fatalf("the law says nothing about %s", a)
		}
	}
	decisions, states, outcomes := 0, map[State]bool{}, map[string]int{}
	every := 997
	if os.Getenv("AMBIT_FULL") == "1" {
		every = 1
	}
	if n, err := strconv.Atoi(os.Getenv("AMBIT_LAW_EVERY")); err == nil && n > 0 {
		every = n
	}
	for s := range situations(every) {
		sub, repo := s.world()
		for _, target := range []string{"repo", "namespace", "group", "self", "hub"} {
			if !s.fits(target) {
				continue
			}
			o := s.object(target, sub, &repo)
			st := abstract(sub, &o, spaceNow)
			if every > 1 { // all of them would fill the memory
				states[st] = true
			}
			law := *s
			if target == "self" || target == "hub" {
				law.relation = relationElsewhere(s)
				law.namespace = nil
				law.group = ""
			}
			for a := range numActions {
				if a == NoAction || l.targetOf(a.String()) != target || !s.asks(target, a.String()) {
					continue
				}
				decisions++
				gotOutcome, gotReason := production(st, a)
				wantOutcome, wantReason := l.decide(&law, a.String())
				outcomes[wantOutcome+" "+wantReason]++
				if gotOutcome != wantOutcome || gotReason != wantReason {
					t.Fatalf("%s for %+v:\ngot  %s %s\nwant %s %s", a, *s, gotOutcome, gotReason, wantOutcome, wantReason)
				}
			}
		}
	}
	t.Logf("%d decisions over %d abstract states agree with the law", decisions, len(states))
	if decisions < 500_000 || len(outcomes) < 30 {
		t.Fatalf("only %d decisions with %d outcomes: the space has shrunk: %v", decisions, len(outcomes), outcomes)
	}
	t.Log(outcomes)
}

func relationElsewhere(s *situation) string {
	if s.relation == "nobody" {
		return "nobody"
	}
	return "outsider"
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
