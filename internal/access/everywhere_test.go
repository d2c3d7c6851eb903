package access

import (
	"fmt"
	"testing"
)

// layerRows has the states that the fields of a layer can make, by what they have of the fields that layers share.
type layerRows struct {
	mask State // of all fields of the layer
	rows map[State][]layerRow
	says func(State) Bits
}

type layerRow struct {
	state State
	says  Bits
}

// layersAlone is each layer by itself, without rows.
func layersAlone() []layerRows {
	all := []layerRows{
		{says: decideSubject}, {says: func(s State) Bits { return decideRole(s, s.effective()) }},
		{says: func(s State) Bits { return decideGate(s, s.effective()) }}, {says: decideToken}, {says: decidePolicy},
	}
	for i, l := range layerFields {
		for _, f := range l.fields {
			all[i].mask |= f.mask()
		}
	}
	return all
}

func sharedMask() (m State) {
	for _, f := range shared {
		m |= f.mask()
	}
	return m
}

func rowsOfLayers() []layerRows {
	all := layersAlone()
	for i := range all {
		r := &all[i]
		r.rows = map[State][]layerRow{}
		combinations(layerFields[i].fields, 0, func(s State) {
			key := s & sharedMask()
			r.rows[key] = append(r.rows[key], layerRow{s, r.says(s)})
		})
	}
	return all
}

// sharedStates yields everything that can be of the fields that layers share.
func sharedStates(yield func(State)) {
	combinations(shared, 0, func(s State) {
		if (s.kind() <= KindAnonymous) == (s.relation() == nobody) && !(s.has(stateCreator) && s.relation() == nobody) {
			yield(s)
		}
	})
}

// pair is what the rows of a layer come to between the two ends of a claim.
type pair struct {
	held Bits // by some row at the lesser end
	lost Bits // of those, by the same row at the greater end
}

// TestClaimsEverywhere checks every claim in every state there is, 300 thousand million of them, without going through them.
// A layer reads its own fields and some that others read too (TestLayersReadTheirFields). Once those are set, the rows of
// the layers combine freely. So a bit is lost somewhere if and only if some row of one layer loses it, and every other
// layer has a row that holds it at the lesser end. The other way round each claim is false somewhere: what it is about
// gives something.
func TestClaimsEverywhere(t *testing.T) {
	layers := rowsOfLayers()
	for _, c := range claims() {
		if lost, at := lostBetween(layers, &c); lost != 0 {
			t.Errorf("%s loses bits %#x where the shared fields are %#x", c.what, lost, at)
		}
		c.lesser, c.greater = c.ends()
		c.lesser, c.greater = c.greater, c.lesser
		if lost, _ := lostBetween(layers, &c); lost == 0 {
			t.Errorf("%s gives nothing anywhere", c.what)
		}
	}
}

// lostBetween returns what the greater end of a claim lacks of the lesser, in the first setting of the shared fields
// where it does.
func lostBetween(layers []layerRows, c *claim) (lost Bits, at State) {
	known := make([]map[State]*pair, len(layers))
	for i := range known {
		known[i] = map[State]*pair{}
	}
	sharedStates(func(s State) {
		if lost != 0 || !c.when(s) {
			return
		}
		var pairs [layerPolicy + 1]*pair
		for i := range layers {
			key := s & layers[i].mask
			if known[i][key] == nil {
				known[i][key] = layers[i].pair(c, i, key)
			}
			pairs[i] = known[i][key]
		}
		lost, at = lostTogether(&pairs)&^c.except, s
	})
	return lost, at
}

func (r *layerRows) pair(c *claim, layer int, key State) *pair {
	p := &pair{}
	lesserOf, greaterOf := c.ends()
	for _, row := range r.rows[key] {
		s := row.state
		if layer == c.layer && c.under != nil && !c.under(s) {
			continue
		}
		lesser, greater := lesserOf(s), greaterOf(s)
		held, kept := row.says, row.says // where the claim changes nothing that the layer reads
		if (lesser^s)&r.mask != 0 {
			held = r.says(lesser)
		}
		if (greater^s)&r.mask != 0 {
			kept = r.says(greater)
		}
		p.held |= held
		p.lost |= held &^ kept
	}
	return p
}

func lostTogether(pairs *[layerPolicy + 1]*pair) (lost Bits) {
	for i, p := range pairs {
		all := p.lost
		for j, other := range pairs {
			if j != i {
				all &= other.held
			}
		}
		lost |= all
	}
	return lost
}

// TestLayersAlone: what is true of a layer whatever the others say, in every row of it.
func TestLayersAlone(t *testing.T) {
	for i, l := range layerFields {
		combinations(l.fields, 0, func(s State) {
			if err := alone(i, s); err != nil {
				t.Error(err)
			}
		})
	}
}

func alone(layer int, s State) error {
	l := decide(s)
	switch layer {
	case layerSubject:
		if l.Subject != allBits&all(s, stateLive) {
			return fmt.Errorf("state %#x: a credential leaves %#x", s, l.Subject)
		}
	case layerRole:
		if other := decide(s ^ stateInstanceAdmin); (other.Role^l.Role)&^bitInstance != 0 {
			return fmt.Errorf("state %#x: administering the instance changes %#x", s, other.Role^l.Role)
		}
	case layerGate:
		if !s.has(stateGated) && !s.has(stateDisabled) && l.Gate != allBits {
			return fmt.Errorf("state %#x: without a gate %#x is taken", s, allBits&^l.Gate)
		}
	case layerToken:
		if s.kind() == KindNone && l.Token != 0 {
			return fmt.Errorf("state %#x: no credential carries %#x", s, l.Token)
		}
	case layerPolicy:
		return policyAlone(s, l.Policy)
	}
	return nil
}

// policyAlone: what does not bind takes nothing; the restriction that counts is the first of those that are listed.
func policyAlone(s State, leaves Bits) error {
	if s.restricted() == unrestricted && !s.has(statePrivateOnly) && leaves != allBits {
		return fmt.Errorf("state %#x: a policy that does not bind takes %#x", s, allBits&^leaves)
	}
	first := unrestricted
	for r, on := range s.restrictions() {
		if on && first == unrestricted {
			first = restriction(r)
		}
	}
	if s.restricted() != first {
		return fmt.Errorf("state %#x: restricted by %d, and the first of the list is %d", s, s.restricted(), first)
	}
	return nil
}

// TestExplanationIsExact: the layers named as being in the way are the minimal set to change. Opening all of them allows
// the action, opening all but one does not. It holds for whatever layers may leave of what an action needs.
func TestExplanationIsExact(t *testing.T) {
	for a := NoAction + 1; a < numActions; a++ {
		need := a.info().need
		var parts []Bits // every part of need
		for p := need; ; p = (p - 1) & need {
			if parts = append(parts, p); p == 0 {
				break
			}
		}
		n := len(parts)
		for i := range n * n * n * n * n {
			l := Layers{parts[i%n], parts[i/n%n], parts[i/n/n%n], parts[i/n/n/n%n], parts[i/n/n/n/n]}
			if a.allowedBy(l.Allowed()) {
				continue
			}
			if err := exact(&l, a); err != nil {
				t.Fatal(err)
			}
		}
	}
}
