package access

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// everyState calls f with the states about repositories of one situation in 997, each once, and with as many that
// no situation has: the invariants hold for every number.
func everyState(f func(State)) {
	seen := map[State]bool{}
	random := rand.New(rand.NewPCG(1, 2))
	for s := range situations(997) {
		if !s.fits("repo") {
			continue
		}
		sub, repo := s.world()
		o := s.object("repo", sub, &repo)
		st := abstract(sub, &o, spaceNow)
		if seen[st] {
			continue
		}
		seen[st] = true
		f(st)
		if wild := st ^ State(random.Uint64()&random.Uint64()&random.Uint64()&(1<<48-1)); wild.sane() {
			f(wild)
		}
	}
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
	n := 0
	everyState(func(s State) {
		n++
		allowed := decide(s).Allowed()
		atLeast := func(more State, what string) {
			if lost := allowed &^ decide(more).Allowed(); lost != 0 {
				t.Fatalf("state %#x: %s loses bits %#x", s, what, lost)
			}
		}
		monotoneCredential(s, atLeast)
		// A member is bound by rules that do not bind outsiders, so joining is not among these steps.
		if rel := s.relation(); rel >= memberNoAccess && rel < memberAdmin {
			atLeast(with(s, rel+1), "a higher role")
			if s.has(stateGrouped) && s.groupRole() < groupAdmin {
				atLeast(field(s, groupShift, groupMask, State(s.groupRole())+1), "a higher role in the group")
			}
		}
		if joined := with(s, memberNoAccess); s.relation() == outsider && joined.restricted() == unrestricted && !s.has(statePrivateOnly) {
			atLeast(joined, "membership without restrictions")
		}
		atLeast(field(s, policyShift, policyMask, State(policyAllowAll)), "no token policy")
		if s.policy() == policyApproval {
			atLeast(field(s, policyShift, policyMask, State(policyFineGrained)), "a policy without approval")
		}
		if s.tokenState() != tokenRevoked {
			atLeast(field(s, verdictedShift, verdictedMask, State(tokenApproved)), "approval")
		}
		atLeast(s&^stateOutsideNetwork, "the right network")
		atLeast(s&^stateNoSSH, "SSH")
		atLeast(s&^statePrivateOnly, "no rule about visibility")
		atLeast(s|stateCreator, "having created it")
		atLeast(s&^stateGated, "no gate")
		atLeast(s&^stateMembersGated, "a gate that is open to members")
		atLeast(field(s, standingShift, standingMask, State(standAccepted)), "being let in")
		atLeast(s&^statePrivate, "being public")
		atLeast(s&^stateDisabled, "being enabled")
	})
	t.Logf("%d states", n)
}

func monotoneCredential(s State, atLeast func(State, string)) {
	if s.kind() < KindFineGrained {
		return
	}
	atLeast(s|stateReadGated, "gated reading")
	atLeast(s|stateGlobalDiscuss, "global discussions")
	for i := range 10 {
		more := s | State(1)<<(atomShift+i)
		if s.level() == levelNamespace && more.atoms()&atomWrite != 0 {
			more |= stateNamespaceWrite
		}
		if s.level() == levelNamespace && more.atoms()&atomGroupWrite != 0 {
			more |= stateNamespaceGroups
		}
		if s.level() != levelNone {
			atLeast(more, "another atom")
		}
	}
	if s.level() > levelNamespace {
		atLeast(s|stateNamespaceWrite, "repo.write on the namespace")
		atLeast(s|stateNamespaceGroups, "resourceGroup.write on the namespace")
	}
}

// TestEachSideBoundsTheOther: no credential gives more than a stronger one, and none less than having none.
func TestEachSideBoundsTheOther(t *testing.T) {
	const scopes = (State(1)<<policyShift - 1) &^ (State(1)<<levelShift - 1)
	kind := func(s State, k Kind) State { return s&^(State(kindMask)|scopes) | State(k) }
	everyState(func(s State) {
		allowed := decide(s).Allowed()
		if s.kind() == KindNone || !s.has(stateLive) {
			if allowed != 0 {
				t.Fatalf("state %#x: a dead credential opens %#x", s, allowed)
			}
			return
		}
		stranger := with(kind(s, KindAnonymous), nobody) &^ (stateCreator | standingMask<<standingShift)
		open := decide(stranger).Allowed() &^ bitInstance
		if open&^allowed != 0 {
			t.Fatalf("state %#x sees less than anonymous: %#x", s, open&^allowed)
		}
		stronger := map[Kind]Kind{KindRead: KindWrite, KindFineGrained: KindWrite, KindWrite: KindSession, KindSSH: KindSession}
		if k, ok := stronger[s.kind()]; ok && kind(s, k).restricted() == unrestricted {
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
		checkLayersOnlyRemove(t, s)
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

// checkLayersOnlyRemove: what is allowed is within each layer, and a layer that does not bind leaves the rest as it is.
func checkLayersOnlyRemove(t *testing.T, s State) {
	t.Helper()
	l := decide(s)
	for i, b := range []Bits{l.Subject, l.Role, l.Gate, l.Token, l.Policy} {
		if l.Allowed()&^b != 0 {
			t.Fatalf("state %#x allows %#x, which layer %d does not", s, l.Allowed()&^b, i)
		}
	}
	if s.restricted() == unrestricted && !s.has(statePrivateOnly) && l.Policy != allBits {
		t.Fatalf("state %#x: a policy that does not bind takes %#x", s, allBits&^l.Policy)
	}
	if !s.has(stateGated) && !s.has(stateDisabled) && l.Gate != allBits {
		t.Fatalf("state %#x: without a gate %#x is taken", s, allBits&^l.Gate)
	}
}
