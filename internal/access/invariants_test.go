package access

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"sync/atomic"
	"testing"
)

// everyState calls what begin makes, once for each goroutine, with the states of one in 12,007 of the sittings of the
// space and with as many that no situation has, because the invariants hold for every number; with AMBIT_FULL=1 with
// the states of all of them.
func everyState(t *testing.T, begin func() func(State) error) {
	t.Helper()
	every := fullOr(12_007, "AMBIT_INVARIANTS_EVERY")
	var n atomic.Int64
	err := walk(every, func(b *slab) func(*visit) error {
		f := begin()
		random := rand.New(rand.NewPCG(1, uint64(len(b.with))))
		return func(v *visit) error {
			n.Add(1)
			if err := f(v.state); err != nil {
				return fmt.Errorf("%w in %+v", err, v.situation)
			}
			if every == 1 {
				return nil
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

func with(s State, rel relation) State {
	return s&^(relationMask<<relationShift) | State(rel)<<relationShift
}

// TestMonotone: more role, more atoms, more flags on the token, less strict rules never take anything away.
func TestMonotone(t *testing.T) {
	everyState(t, func() func(State) error {
		m := &monotone{}
		return m.check
	})
}

// monotone compares a state with those above it.
type monotone struct {
	state   State
	allowed Bits
	err     error
}

func (m *monotone) atLeast(more State, what string) {
	if lost := m.allowed &^ decide(more).Allowed(); lost != 0 {
		m.err = fmt.Errorf("state %#x: %s loses bits %#x", m.state, what, lost)
	}
}

func (m *monotone) check(s State) error {
	m.state, m.allowed = s, decide(s).Allowed()
	m.credential()
	// A member is bound by rules that do not bind outsiders, so joining is not among these steps.
	if rel := s.relation(); rel >= memberNoAccess && rel < memberAdmin {
		m.atLeast(with(s, rel+1), "a higher role")
		if s.has(stateGrouped) && s.groupRole() < groupAdmin {
			m.atLeast(field(s, groupShift, groupMask, State(s.groupRole())+1), "a higher role in the group")
		}
	}
	if joined := with(s, memberNoAccess); s.relation() == outsider && joined.restricted() == unrestricted && !s.has(statePrivateOnly) {
		m.atLeast(joined, "membership without restrictions")
	}
	m.rules()
	m.atLeast(s|stateCreator, "having created it")
	m.atLeast(s&^stateGated, "no gate")
	m.atLeast(s&^stateMembersGated, "a gate that is open to members")
	m.atLeast(field(s, standingShift, standingMask, State(standAccepted)), "being let in")
	m.atLeast(s&^statePrivate, "being public")
	m.atLeast(s&^stateDisabled, "being enabled")
	return m.err
}

// rules are only about members.
func (m *monotone) rules() {
	s := m.state
	if !s.isMember() {
		return
	}
	m.atLeast(field(s, policyShift, policyMask, State(policyAllowAll)), "no token policy")
	if s.policy() == policyApproval {
		m.atLeast(field(s, policyShift, policyMask, State(policyFineGrained)), "a policy without approval")
	}
	if s.tokenState() != tokenRevoked {
		m.atLeast(field(s, verdictedShift, verdictedMask, State(tokenApproved)), "approval")
	}
	m.atLeast(s&^stateOutsideNetwork, "the right network")
	m.atLeast(s&^stateNoSSH, "SSH")
	m.atLeast(s&^statePrivateOnly, "no rule about visibility")
	if c := s >> creationShift & creationMask; c < creationMask {
		m.atLeast(field(s, creationShift, creationMask, c+1), "groups for lower roles")
	}
}

func (m *monotone) credential() {
	s := m.state
	if s.kind() < KindFineGrained {
		return
	}
	m.atLeast(s|stateReadGated, "gated reading")
	m.atLeast(s|stateGlobalDiscuss, "global discussions")
	for i := range 10 {
		more := s | State(1)<<(atomShift+i)
		if s.level() == levelNamespace && more.atoms()&atomWrite != 0 {
			more |= stateNamespaceWrite
		}
		if s.level() == levelNamespace && more.atoms()&atomGroupWrite != 0 {
			more |= stateNamespaceGroups
		}
		if s.level() != levelNone {
			m.atLeast(more, "another atom")
		}
	}
	if s.level() > levelNamespace {
		m.atLeast(s|stateNamespaceWrite, "repo.write on the namespace")
		m.atLeast(s|stateNamespaceGroups, "resourceGroup.write on the namespace")
	}
}

// TestEachSideBoundsTheOther: no credential gives more than a stronger one, and none less than having none.
func TestEachSideBoundsTheOther(t *testing.T) {
	everyState(t, func() func(State) error { return eachSide })
}

// stronger is a kind of credential that carries all that another does.
var stronger = [KindService + 1]Kind{KindRead: KindWrite, KindFineGrained: KindWrite, KindWrite: KindSession, KindSSH: KindSession}

func eachSide(s State) error {
	const scopes = (State(1)<<policyShift - 1) &^ (State(1)<<levelShift - 1)
	kind := func(s State, k Kind) State { return s&^(State(kindMask)|scopes) | State(k) }
	allowed := decide(s).Allowed()
	if decide(s&^stateLive).Allowed() != 0 {
		return fmt.Errorf("state %#x opens something with a dead credential", s)
	}
	if s.kind() == KindNone || !s.has(stateLive) {
		if allowed != 0 {
			return fmt.Errorf("state %#x: a dead credential opens %#x", s, allowed)
		}
		return nil
	}
	if other := decide(s ^ stateInstanceAdmin).Allowed(); (other^allowed)&^bitInstance != 0 {
		return fmt.Errorf("state %#x: administering the instance changes %#x", s, other^allowed)
	}
	stranger := with(kind(s, KindAnonymous), nobody) &^ (stateCreator | standingMask<<standingShift)
	open := decide(stranger).Allowed() &^ bitInstance
	if open&^allowed != 0 {
		return fmt.Errorf("state %#x sees less than anonymous: %#x", s, open&^allowed)
	}
	if k := stronger[s.kind()]; k != KindNone && kind(s, k).restricted() == unrestricted {
		if more := allowed &^ decide(kind(s, k)).Allowed(); more != 0 {
			return fmt.Errorf("state %#x: %s allows %#x beyond %s", s, s.kind(), more, k)
		}
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

// TestExplanationIsExact: the layers named as being in the way are the minimal set to change. Opening all of
// them allows the action, opening all but one does not. That is a matter of the layers alone, so that each set of
// layers is looked at once.
func TestExplanationIsExact(t *testing.T) {
	everyState(t, func() func(State) error {
		known := map[Layers]bool{}
		return func(s State) error {
			l := decide(s)
			if err := layersOnlyRemove(s, &l); err != nil || known[l] {
				return err
			}
			known[l] = true
			for a := NoAction + 1; a < numActions; a++ {
				if !a.allowedBy(l.Allowed()) {
					if err := exact(&l, a); err != nil {
						return err
					}
				}
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

// layersOnlyRemove: what is allowed is within each layer, and a layer that does not bind leaves the rest as it is.
func layersOnlyRemove(s State, l *Layers) error {
	if allowed(s) != l.Allowed() {
		return fmt.Errorf("state %#x allows %#x, and its layers %#x", s, allowed(s), l.Allowed())
	}
	for i, b := range [...]Bits{l.Subject, l.Role, l.Gate, l.Token, l.Policy} {
		if l.Allowed()&^b != 0 {
			return fmt.Errorf("state %#x allows %#x, which layer %d does not", s, l.Allowed()&^b, i)
		}
	}
	if s.restricted() == unrestricted && !s.has(statePrivateOnly) && l.Policy != allBits {
		return fmt.Errorf("state %#x: a policy that does not bind takes %#x", s, allBits&^l.Policy)
	}
	if !s.has(stateGated) && !s.has(stateDisabled) && l.Gate != allBits {
		return fmt.Errorf("state %#x: without a gate %#x is taken", s, allBits&^l.Gate)
	}
	return nil
}
