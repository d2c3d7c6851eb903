package access

import (
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// object is what decisions read of a repository or, without an id, of a namespace or a resource group.
type object struct {
	namespace tail
	id        tail
	creator   tail
	group     tail
	flags     low // statePrivate, stateGated, stateDisabled, stateAbsent, stateGrouped, stateMembersGated; and objectSelf
}

// low is the lower half of a state, as far as it is set by one side.
type low uint32

// objectSelf marks the resource group itself, and not something in it. It is no part of states.
const objectSelf low = 1 << 31

// missing stands for everything that does not exist: it is decided like a hidden repository.
var missing = object{flags: low(statePrivate | stateAbsent)}

// missingIn is a repository that does not exist in a namespace that does.
func missingIn(namespace tail) object {
	return object{namespace: namespace, flags: low(statePrivate | stateAbsent)}
}

// objectOf reads a repository. Protected spaces are private here; only models and datasets have gates.
func objectOf(r *hub.Repo) object {
	o := object{namespace: tailOf(r.NamespaceID), id: tailOf(r.ID), creator: tailOf(r.CreatorID)}
	if r.Visibility != hub.Public {
		o.flags |= low(statePrivate)
	}
	if r.Gated != hub.Ungated && r.Type != hub.Space {
		o.flags |= low(stateGated)
		if r.MembersGated {
			o.flags |= low(stateMembersGated)
		}
	}
	if r.Disabled {
		o.flags |= low(stateDisabled)
	}
	if r.GroupID != "" {
		o.group = tailOf(r.GroupID)
		o.flags |= low(stateGrouped)
	}
	return o
}

// objectOfNamespace is a namespace without a repository: nothing in it is public.
func objectOfNamespace(id hub.ID) object {
	return object{namespace: tailOf(id), flags: low(statePrivate)}
}

// objectInGroup is a place for a repository in a resource group.
func objectInGroup(namespace, group hub.ID) object {
	o := objectOfNamespace(namespace)
	if group != "" {
		o.group = tailOf(group)
		o.flags |= low(stateGrouped)
	}
	return o
}

// objectOfGroup is a resource group itself.
func objectOfGroup(namespace, group hub.ID) object {
	return object{namespace: tailOf(namespace), group: tailOf(group), flags: low(statePrivate|stateGrouped) | objectSelf}
}

// abstract reads everything about s and o that the rules look at. It allocates nothing.
func abstract(s *Subject, o *object, now time.Time) State {
	st := s.base() | State(o.flags&^objectSelf)
	if s.over(now) {
		st &^= stateLive
	}
	space, group := s.fact(o.namespace, aSpace), uint32(0)
	if o.group != 0 {
		group = s.fact(o.group, aGroup)
	}
	st |= s.relationTo(o.namespace, space) | State(space>>rulesShift&rulesMask)<<policyShift | State(group&groupMask)<<groupShift
	if o.creator == s.user && s.user != 0 {
		st |= stateCreator
	}
	if o.flags&low(stateGated) != 0 && has(s.gateBits, o.id) {
		st |= State(s.standingBefore(o.id, now)) << standingShift
	}
	if st.kind() >= KindFineGrained {
		if o.flags&objectSelf != 0 { // an entry for a group is about what is in it
			group = 0
		}
		st |= speaking(space, group, s.fact(o.id, aRepo))
	}
	return st
}

// relationTo returns the relation to a namespace, of which fact is known.
func (s *Subject) relationTo(namespace tail, fact uint32) State {
	rel := relation(fact & relationMask)
	switch {
	case rel != nobody:
	case namespace == s.user && namespace != 0:
		rel = owner
	case s.Kind() > KindAnonymous:
		rel = outsider
	}
	return State(rel) << relationShift
}

// standingBefore finds where the subject stands before the gate of a repository: the best of all that it asked for
// or was given, as a person and with others.
func (s *Subject) standingBefore(repo tail, now time.Time) standing {
	best := standNone
	for _, c := range s.far[firstCell(s.far, repo, aGate):] {
		if c.tail != repo { // of its cells those of gates are the last
			break
		}
		st := standing(c.fact & standingMask)
		if end := c.fact >> untilShift & untilMask; end != 0 && now.UnixNano() >= s.rare.until[end-1] {
			st = standOver
		}
		if st == standRejected {
			return st // by name: being let in with others does not undo that
		}
		best = max(best, st)
	}
	return best
}

// speaking says which entry of a fine-grained token speaks for a target, of those for its namespace, its resource group and
// itself. The most specific one speaks alone; only whether the namespace's entry carries repo.write and resourceGroup.write
// is kept beside it, for what a narrower entry cannot allow.
func speaking(space, group, repo uint32) (st State) {
	lv, speaks := levelNone, uint32(0)
	if space&entryBit != 0 {
		lv, speaks = levelNamespace, space>>entryShift
	}
	if atoms(speaks)&atomWrite != 0 {
		st |= stateNamespaceWrite
	}
	if atoms(speaks)&atomGroupWrite != 0 {
		st |= stateNamespaceGroups
	}
	if group&entryBit != 0 {
		lv, speaks = levelGroup, group>>entryShift
	}
	if repo != 0 { // of repositories nothing else is said
		lv, speaks = levelRepo, repo>>entryShift
	}
	return st | State(lv)<<levelShift | State(speaks&atomMask)<<atomShift
}
