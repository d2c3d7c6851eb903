package access

// A claim compares what two states allow: whatever the lesser one allows, the greater one allows as well. Claims are
// about the fields of states alone, so that they can be checked in all of the states there are (everywhere_test.go) and
// in states that no situation has (invariants_test.go).
type claim struct {
	what string
	// when tells where the claim says something. It reads fields that layers share, and no others.
	when func(State) bool
	// under is a further condition, on fields of one layer alone: those of the layer of that number. Nil for none.
	under func(State) bool
	layer int
	// lesser and greater make the two states of one; nil is that one. They set fields whatever others have, or leave them.
	lesser, greater func(State) State
	except          Bits
}

// Numbers of layers, in the order of Layers.
const (
	layerSubject = iota
	layerRole
	layerGate
	layerToken
	layerPolicy
)

const (
	stateEntry = State(1)<<policyShift - State(1)<<levelShift        // what a fine-grained token says
	stateRules = State(1)<<(creationShift+2) - State(1)<<policyShift // what an organization says
)

func always(State) bool { return true }

func with(s State, rel relation) State {
	return s&^(relationMask<<relationShift) | State(rel)<<relationShift
}

func asKind(s State, k Kind) State { return s&^(State(kindMask)|stateEntry) | State(k) }

// stranger is an anonymous caller in place of the one of s.
func stranger(s State) State {
	const person = stateCreator | stateInstanceAdmin | State(standingMask)<<standingShift | State(groupMask)<<groupShift
	return with(asKind(s, KindAnonymous), nobody) &^ (person | stateRules)
}

// claims are that more never takes anything away, and that each credential is between those that are weaker and stronger.
func claims() (all []claim) {
	all = append(all, stepsOfPersons()...)
	all = append(all, stepsOfRules()...)
	all = append(all, stepsOfTokens()...)
	for k, more := range map[Kind]Kind{KindRead: KindWrite, KindFineGrained: KindWrite, KindWrite: KindSession, KindSSH: KindSession} {
		all = append(all, claim{
			what: more.String() + " in place of " + k.String(), when: func(s State) bool { return s.kind() == k },
			layer: layerPolicy, under: func(s State) bool { return asKind(s, more).restricted() == unrestricted },
			greater: func(s State) State { return asKind(s, more) },
		})
	}
	return append(all, claim{
		what: "any live credential in place of none", when: func(s State) bool { return s.kind() != KindNone },
		layer: layerSubject, under: func(s State) bool { return s.has(stateLive) },
		lesser: stranger, except: bitInstance,
	})
}

// stepsOfPersons are changes of who the person is there, and of the thing.
func stepsOfPersons() (all []claim) {
	for rel := memberNoAccess; rel < memberAdmin; rel++ {
		all = append(all, claim{what: "a higher role than " + lawRelations[rel], when: func(s State) bool { return s.relation() == rel },
			greater: func(s State) State { return with(s, rel+1) }})
	}
	for g := groupNone; g < groupAdmin; g++ {
		all = append(all, claim{what: "a higher role in the group than " + fieldRole.words[g],
			when:    func(s State) bool { return s.isMember() && s.has(stateGrouped) && s.groupRole() == g },
			greater: func(s State) State { return field(s, groupShift, groupMask, State(g)+1) }})
	}
	all = append(all, claim{ // a member is bound by rules that do not bind outsiders
		what: "membership without restrictions", when: func(s State) bool { return s.relation() == memberNoAccess },
		layer: layerPolicy, under: func(s State) bool { return s.restricted() == unrestricted && !s.has(statePrivateOnly) },
		lesser: func(s State) State { return with(s, outsider) &^ (State(groupMask)<<groupShift | stateRules) },
	})
	for _, c := range []struct {
		what string
		more func(State) State
	}{
		{"having created it", func(s State) State { return s | stateCreator }},
		{"no gate", func(s State) State { return s &^ stateGated }},
		{"a gate that is open to members", func(s State) State { return s &^ stateMembersGated }},
		{"being let in", func(s State) State { return field(s, standingShift, standingMask, State(standAccepted)) }},
		{"being public", func(s State) State { return s &^ statePrivate }},
		{"being enabled", func(s State) State { return s &^ stateDisabled }},
		{"administering the instance", func(s State) State { return s | stateInstanceAdmin }},
	} {
		all = append(all, claim{what: c.what, when: always, greater: c.more})
	}
	return all
}

// stepsOfRules are about members: less strict rules.
func stepsOfRules() (all []claim) {
	less := func(what string, under func(State) bool, greater func(State) State) {
		all = append(all, claim{what: what, when: State.isMember, layer: layerPolicy, under: under, greater: greater})
	}
	less("no token policy", nil, func(s State) State { return field(s, policyShift, policyMask, State(policyAllowAll)) })
	less("a policy without approval", func(s State) bool { return s.policy() == policyApproval },
		func(s State) State { return field(s, policyShift, policyMask, State(policyFineGrained)) })
	less("approval", func(s State) bool { return s.tokenState() != tokenRevoked },
		func(s State) State { return field(s, verdictedShift, verdictedMask, State(tokenApproved)) })
	less("the right network", nil, func(s State) State { return s &^ stateOutsideNetwork })
	less("SSH", nil, func(s State) State { return s &^ stateNoSSH })
	less("no rule about visibility", nil, func(s State) State { return s &^ statePrivateOnly })
	for c := range State(creationMask) {
		all = append(all, claim{what: "groups for lower roles", when: State.isMember, layer: layerRole,
			under:   func(s State) bool { return s>>creationShift&creationMask == c },
			greater: func(s State) State { return field(s, creationShift, creationMask, c+1) }})
	}
	return all
}

// stepsOfTokens are about fine-grained tokens: more in them.
func stepsOfTokens() (all []claim) {
	scoped := func(s State) bool { return s.kind() >= KindFineGrained }
	more := func(what string, under func(State) bool, greater func(State) State) {
		all = append(all, claim{what: what, when: scoped, layer: layerToken, under: under, greater: greater})
	}
	more("gated reading", nil, func(s State) State { return s | stateReadGated })
	more("global discussions", nil, func(s State) State { return s | stateGlobalDiscuss })
	narrow := func(s State) bool { return s.level() > levelNamespace }
	more("repo.write on the namespace", narrow, func(s State) State { return s | stateNamespaceWrite })
	more("resourceGroup.write on the namespace", narrow, func(s State) State { return s | stateNamespaceGroups })
	for i := range 10 {
		more("another atom", func(s State) bool { return s.level() != levelNone }, func(s State) State {
			s |= State(1) << (atomShift + i)
			if s.level() == levelNamespace && s.atoms()&atomWrite != 0 {
				s |= stateNamespaceWrite
			}
			if s.level() == levelNamespace && s.atoms()&atomGroupWrite != 0 {
				s |= stateNamespaceGroups
			}
			return s
		})
	}
	return all
}

// ends returns what makes the two states of one that the claim compares.
func (c *claim) ends() (lesser, greater func(State) State) {
	lesser, greater = c.lesser, c.greater
	if lesser == nil {
		lesser = itself
	}
	if greater == nil {
		greater = itself
	}
	return lesser, greater
}

func itself(s State) State { return s }
