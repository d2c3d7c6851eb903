package access

import (
	"sync/atomic"
	"testing"
)

// actionSet has a bit for each Action.
type actionSet uint64

func (s actionSet) has(a Action) bool { return s>>a&1 != 0 }

// lawTables is the law asked once for everything that its parts tell apart in a slab: the same answers as law.decide at
// a thousandth of the time. A part is indexed by the facts that it is handed, which are all that it can read.
type lawTables struct {
	clauses     [numActions]clause
	actions     [][]Action      // thing, in a group → those that are asked of it
	person      [][8]actionSet  // seat and thing → creation and admin
	anybody     []actionSet     // seat and thing
	passed      [][2]bool       // seat and thing → a service account
	token       [][12]actionSet // credential → private, gated, and outsider, own or neither
	restriction [][][2]string   // rules → kind → member
	kinds       map[string]int  // numbers of the kinds of credentials
	kindOf      []int           // credential → kind
	creationOf  []int           // rules → creation
	things      int
}

// tabulate asks the law about everything in b, when it is first needed.
func (l *law) tabulate(b *slab) *lawTables {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tables[b]
	if t == nil {
		t = l.tabulateNow(b)
		l.tables[b] = t
	}
	return t
}

func (l *law) tabulateNow(b *slab) *lawTables {
	t := &lawTables{things: len(b.things), kinds: map[string]int{}}
	for a := NoAction + 1; a < numActions; a++ {
		t.clauses[a] = l.clause(a.String())
	}
	for i := range b.things {
		for _, group := range []string{"", "none"} {
			t.actions = append(t.actions, l.actionsOf(&situation{thing: b.things[i], seat: seat{group: group}}))
		}
	}
	persons, strangers := map[personFacts]actionSet{}, map[gateFacts]actionSet{}
	for i := range b.seats {
		for j := range b.things {
			s := situation{seat: b.seats[i], thing: b.things[j]}
			if s.target == "self" || s.target == "hub" {
				s = s.elsewhere()
			}
			t.addPlace(l, s, persons, strangers)
		}
	}
	for i := range b.with {
		t.addCredential(l, &b.with[i])
	}
	for i := range b.under {
		var row [][2]string
		for kind, n := range t.kinds {
			for len(row) <= n {
				row = append(row, [2]string{})
			}
			row[n] = [2]string{l.restriction(false, kind, &b.under[i]), l.restriction(true, kind, &b.under[i])}
		}
		t.restriction = append(t.restriction, row)
		t.creationOf = append(t.creationOf, lawCreation(b.under[i].creation))
	}
	return t
}

var lawCreations = []string{"admin", "write", "contributor", "read"}

func lawCreation(role string) int {
	for i, r := range lawCreations {
		if r == role {
			return i
		}
	}
	panic("creation " + role)
}

// addPlace asks the parts about a person and a thing. Actions that are not asked of the thing get no bit.
func (t *lawTables) addPlace(l *law, s situation, known map[personFacts]actionSet, strangers map[gateFacts]actionSet) {
	var person [8]actionSet
	for i := range person {
		s.creation, s.admin = lawCreations[i>>1], i&1 != 0
		f := s.personFacts()
		set, ok := known[f]
		if !ok {
			for a := NoAction + 1; a < numActions; a++ {
				if l.personMay(f, a.String()) {
					set |= 1 << a
				}
			}
			known[f] = set
		}
		person[i] = set
	}
	gate := s.gateFacts()
	anybody, ok := strangers[gate]
	if !ok {
		for a := NoAction + 1; a < numActions; a++ {
			if l.anybodyMay(gate, a.String()) {
				anybody |= 1 << a
			}
		}
		strangers[gate] = anybody
	}
	var passed [2]bool
	for i := range passed {
		gate.service = i == 1
		passed[i] = l.gatePassed(gate)
	}
	t.person, t.anybody, t.passed = append(t.person, person), append(t.anybody, anybody), append(t.passed, passed)
}

func (t *lawTables) addCredential(l *law, c *carried) {
	if _, ok := t.kinds[c.kind]; !ok {
		t.kinds[c.kind] = len(t.kinds)
	}
	t.kindOf = append(t.kindOf, t.kinds[c.kind])
	var row [12]actionSet
	for i := range row {
		f := tokenFacts{carried: c, private: i&1 != 0, gated: i&2 != 0, outsider: i>>2 == 1, own: i>>2 == 2}
		for a := NoAction + 1; a < numActions; a++ {
			if l.tokenMay(f, a.String()) {
				row[i] |= 1 << a
			}
		}
	}
	t.token = append(t.token, row)
}

// asked is everything that the law says about a visit, before the actions are told apart.
type asked struct {
	findings
	at                         *sitting
	persons, tokens, anybodies actionSet
}

func (t *lawTables) ask(v *visit, q *asked) {
	if q.at == nil || *q.at != v.at { // things have no part in these
		at := v.at
		q.findings, q.at = v.findings(), &at
	}
	place := v.at.seat*t.things + v.thingNo
	token := 0
	if v.private {
		token |= 1
	}
	if v.gated {
		token |= 2
	}
	elsewhere := v.target == "self" || v.target == "hub"
	switch {
	case v.relation == "outsider", elsewhere && v.relation != "nobody":
		token |= 4
	case v.relation == "owner":
		token |= 8
	}
	person, service := t.creationOf[v.at.under]*2, 0
	if v.admin {
		person |= 1
	}
	if v.kind == "service" {
		service = 1
	}
	q.persons, q.tokens, q.anybodies = t.person[place][person], t.token[v.at.with][token], t.anybody[place]
	q.passed, q.seen, q.knows = t.passed[place][service], (q.persons & q.tokens).has(RepoView), q.persons.has(GroupRead)
	q.disabled = v.disabled
	q.restriction = ""
	if q.member && !elsewhere {
		q.restriction = t.restriction[v.at.under][t.kindOf[v.at.with]][1]
	}
}

// answer is what the law says of one action; q was filled by ask.
func (t *lawTables) answer(q *asked, a Action) (outcome, string) {
	q.person, q.token, q.anybody = q.persons.has(a), q.tokens.has(a), q.anybodies.has(a)
	return t.clauses[a].conclude(&q.findings)
}

// asks lists the actions that make sense for a visit.
func (t *lawTables) asks(v *visit) []Action {
	if v.group != "" {
		return t.actions[v.thingNo*2+1]
	}
	return t.actions[v.thingNo*2]
}

// TestTablesAreTheLaw compares the tables with the law in words.
func TestTablesAreTheLaw(t *testing.T) {
	l := readLaw(t)
	var n atomic.Int64
	err := walk(40_009, func(b *slab) func(*visit) error {
		tables := l.tabulate(b)
		q := &asked{}
		return func(v *visit) error {
			tables.ask(v, q)
			for _, a := range tables.asks(v) {
				got, gotReason := tables.answer(q, a)
				want, wantReason := l.decide(v.situation, a.String())
				if got != want || gotReason != wantReason {
					t.Errorf("%s for %+v:\nin tables %s %s\nin words  %s %s", a, v.situation, outcomeNames[got], gotReason, outcomeNames[want], wantReason)
				}
			}
			n.Add(1)
			return nil
		}
	})
	if err != nil || n.Load() < 20_000 {
		t.Error(n.Load(), err)
	}
}
