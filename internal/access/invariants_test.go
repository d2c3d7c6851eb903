package access

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"sync/atomic"
	"testing"
)

// everyState calls what begin makes, once for each goroutine, with the states of one in 12,007 of the sittings of the
// space and with as many that no situation has, because the invariants hold for every number. That is a sample: what
// holds in all states is shown in everywhere_test.go and reads_test.go.
func everyState(t *testing.T, begin func() func(State) error) {
	t.Helper()
	var n atomic.Int64
	err := walk(12_007, func(b *slab) func(*visit) error {
		f := begin()
		random := rand.New(rand.NewPCG(1, uint64(len(b.with))))
		return func(v *visit) error {
			n.Add(1)
			if err := f(v.state); err != nil {
				return fmt.Errorf("%w in %+v", err, v.situation)
			}
			if wild := v.state ^ State(random.Uint64()&random.Uint64()&random.Uint64()&(1<<48-1)); wild.sane() {
				return f(wild)
			}
			return nil
		}
	})
	if err != nil {
		t.Error(err)
	}
	if n.Load() < 5_000 {
		t.Errorf("only %d states", n.Load())
	}
	t.Logf("%d states", n.Load())
}

// sane leaves out contradictions: a sender who is not signed in and a member, scopes of what has none.
func (s State) sane() bool {
	scopes := s.kind() >= KindFineGrained
	switch {
	case s.kind() > KindService, s.groupRole() > groupAdmin, s.standing() > standAccepted, s.policy() > policyApproval, s.tokenState() > tokenRevoked:
	case !scopes && (s>>levelShift&(1<<(policyShift-levelShift)-1) != 0):
	case s.level() == levelNone && (s.atoms() != 0 || s.has(stateNamespaceWrite|stateNamespaceGroups)):
	case s.level() == levelNamespace && s.has(stateNamespaceWrite) != (s.atoms()&atomWrite != 0):
	case s.level() == levelNamespace && s.has(stateNamespaceGroups) != (s.atoms()&atomGroupWrite != 0):
	case (s.kind() == KindAnonymous || s.kind() == KindNone) != (s.relation() == nobody):
	case s.kind() == KindAnonymous && (s.standing() != standNone || s.has(stateCreator)):
	case s.kind() == KindService && s.has(stateReadGated|stateGlobalDiscuss|stateCreator):
	default:
		return true
	}
	return false
}

// TestMonotone: more role, more atoms, more flags on the token, less strict rules never take anything away; no credential
// gives more than a stronger one, and none less than having none. Here in the situations that there are and in states
// that none of them has; TestClaimsEverywhere is in all states at once.
func TestMonotone(t *testing.T) {
	all := claims()
	everyState(t, func() func(State) error {
		return func(s State) error {
			for i := range all {
				c := &all[i]
				if !c.when(s) || c.under != nil && !c.under(s) {
					continue
				}
				lesser, greater := c.ends()
				if lost := decide(lesser(s)).Allowed() &^ decide(greater(s)).Allowed() &^ c.except; lost != 0 {
					return fmt.Errorf("state %#x: %s loses bits %#x", s, c.what, lost)
				}
			}
			return nil
		}
	})
}

// TestLayersTogether: the answer is what all layers leave, and the short way to it is the long one. A layer looks at its
// own fields.
func TestLayersTogether(t *testing.T) {
	layers := layersAlone()
	everyState(t, func() func(State) error {
		return func(s State) error {
			l := decide(s)
			if allowed(s) != l.Allowed() {
				return fmt.Errorf("state %#x allows %#x, and its layers %#x", s, allowed(s), l.Allowed())
			}
			for i := range layerFields {
				says := layerFields[i].of(&l)
				if l.Allowed()&^says != 0 {
					return fmt.Errorf("state %#x allows %#x, which layer %d does not", s, l.Allowed(), i)
				}
				if by := layers[i].says(s & layers[i].mask); by != says {
					return fmt.Errorf("state %#x: layer %d is %#x, and %#x by its fields alone", s, i, says, by)
				}
				if err := alone(i, s); err != nil {
					return err
				}
			}
			if s.kind() == KindNone && l.Allowed() != 0 || !s.has(stateLive) && l.Allowed() != 0 {
				return fmt.Errorf("state %#x: a dead credential opens %#x", s, l.Allowed())
			}
			return nil
		}
	})
}

func exact(l *Layers, a Action) error {
	layers := [...]Bits{l.Subject, l.Role, l.Gate, l.Token, l.Policy}
	d := denial{given: &given{need: Need{Action: a}}, layers: *l}
	var named uint
	for i, b := range layers {
		if d.missingIn(b) != 0 {
			named |= 1 << i
		}
	}
	opened := func(set uint) bool {
		all := allBits
		for i, b := range layers {
			if set&(1<<i) == 0 {
				all &= b
			}
		}
		return a.allowedBy(all)
	}
	if named == 0 || !opened(named) {
		return fmt.Errorf("%s: opening the layers %05b of %x does not allow it", a, named, layers)
	}
	for rest := named; rest != 0; rest &= rest - 1 {
		if one := uint(1) << bits.TrailingZeros(rest); opened(named &^ one) {
			return fmt.Errorf("%s: layer %05b of %x is named and not in the way", a, one, layers)
		}
	}
	return nil
}
