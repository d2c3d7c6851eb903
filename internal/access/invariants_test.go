package access

import (
	"math/bits"
	"testing"
)

// everyState calls f with every state, reachable by abstract or not, that is not a contradiction in itself.
func everyState(f func(State)) {
	for s := State(0); s < 1<<23; s++ {
		fine := s.kind() == KindFineGrained
		switch {
		case s.kind() > KindFineGrained, s.level() > levelRepo:
		case !fine && s>>levelShift != 0: // scopes of what is not a fine-grained token
		case s.level() == levelNone && (s.atoms() != 0 || s.has(stateNamespaceWrite)):
		case s.level() == levelNamespace && s.has(stateNamespaceWrite) != (s.atoms()&atomWrite != 0):
		case (s.kind() == KindAnonymous || s.kind() == KindNone) != (s.relation() == nobody):
		default:
			f(s)
		}
	}
}

func with(s State, rel relation) State {
	return s&^(relationMask<<relationShift) | State(rel)<<relationShift
}

// TestMonotone: more role, more atoms, more flags on the token never take anything away.
func TestMonotone(t *testing.T) {
	n := 0
	everyState(func(s State) {
		n++
		allowed := decide(s).Allowed()
		atLeast := func(more State, what string) {
			if lost := allowed &^ decide(more).Allowed(); lost != 0 {
				t.Fatalf("state %#x: %s loses bits %#x", s, what, lost)
			}
		}
		if rel := s.relation(); rel >= outsider && rel < memberAdmin {
			atLeast(with(s, rel+1), "a higher role")
		}
		if s.kind() == KindFineGrained {
			atLeast(s|stateReadGated, "gated reading")
			atLeast(s|stateGlobalDiscuss, "global discussions")
			for i := range 6 {
				more := s | State(1)<<(atomShift+i)
				if s.level() == levelNamespace && more.atoms()&atomWrite != 0 {
					more |= stateNamespaceWrite
				}
				if s.level() != levelNone {
					atLeast(more, "another atom")
				}
			}
			if s.level() == levelRepo {
				atLeast(s|stateNamespaceWrite, "repo.write on the namespace")
			}
		}
		atLeast(s|stateCreator, "having created it")
		atLeast(s&^stateGated, "no gate")
		atLeast(s&^statePrivate, "being public")
		atLeast(s&^stateDisabled, "being enabled")
	})
	t.Logf("%d states", n)
}

// TestEachSideBoundsTheOther: no credential gives more than a stronger one, and none less than having none.
func TestEachSideBoundsTheOther(t *testing.T) {
	kind := func(s State, k Kind) State {
		return s&^State(kindMask)&(1<<levelShift-1) | State(k)
	}
	everyState(func(s State) {
		allowed := decide(s).Allowed()
		if s.kind() == KindNone || !s.has(stateLive) {
			if allowed != 0 {
				t.Fatalf("state %#x: a dead credential opens %#x", s, allowed)
			}
			return
		}
		open := decide(with(kind(s, KindAnonymous), nobody)).Allowed() &^ bitInstance
		if open&^allowed != 0 {
			t.Fatalf("state %#x sees less than anonymous: %#x", s, open&^allowed)
		}
		stronger := map[Kind]Kind{KindRead: KindWrite, KindFineGrained: KindWrite, KindWrite: KindSession}
		if k, ok := stronger[s.kind()]; ok {
			if more := allowed &^ decide(kind(s, k)).Allowed(); more != 0 {
				t.Fatalf("state %#x: %s allows %#x beyond %s", s, s.kind(), more, k)
			}
		}
	})
}

// TestExplanationIsExact: the layers named as being in the way are the minimal set to change. Opening all of
// them allows the action, opening all but one does not.
func TestExplanationIsExact(t *testing.T) {
	everyState(func(s State) {
		l := decide(s)
		layers := []Bits{l.Subject, l.Role, l.Gate, l.Token, l.Policy}
		for a := NoAction + 1; a < numActions; a++ {
			if a.allowedBy(l.Allowed()) {
				continue
			}
			asked.need.Action = a
			d := denial{given: &asked, state: s, layers: l}
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
				t.Fatalf("state %#x, %s: opening the layers %05b does not allow it", s, a, named)
			}
			for rest := named; rest != 0; rest &= rest - 1 {
				if one := uint(1) << bits.TrailingZeros(rest); opened(named &^ one) {
					t.Fatalf("state %#x, %s: layer %05b is named and not in the way", s, a, one)
				}
			}
		}
	})
}
