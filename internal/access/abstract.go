package access

import (
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// object is what decisions read of a repository or, without an id, of a namespace or a resource group.
type object struct {
	namespace key
	id        key
	creator   key
	group     key
	flags     State // statePrivate, stateGated, stateDisabled, stateAbsent, stateGrouped, stateMembersGated
	self      bool  // the resource group itself and not something in it
}

// missing stands for everything that does not exist: it is decided like a hidden repository.
var missing = object{flags: statePrivate | stateAbsent}

// missingIn is a repository that does not exist in a namespace that does.
func missingIn(namespace key) object {
	return object{namespace: namespace, flags: statePrivate | stateAbsent}
}

// objectOf reads a repository. Protected spaces are private here; only models and datasets have gates.
func objectOf(r *hub.Repo) object {
	o := object{namespace: keyOf(r.NamespaceID), id: keyOf(r.ID), creator: keyOf(r.CreatorID)}
	if r.Visibility != hub.Public {
		o.flags |= statePrivate
	}
	if r.Gated != hub.Ungated && r.Type != hub.Space {
		o.flags |= stateGated
		if r.MembersGated {
			o.flags |= stateMembersGated
		}
	}
	if r.Disabled {
		o.flags |= stateDisabled
	}
	if r.GroupID != "" {
		o.group = keyOf(r.GroupID)
		o.flags |= stateGrouped
	}
	return o
}

// objectOfNamespace is a namespace without a repository: nothing in it is public.
func objectOfNamespace(id hub.ID) object { return object{namespace: keyOf(id), flags: statePrivate} }

// objectInGroup is a place for a repository in a resource group.
func objectInGroup(namespace, group hub.ID) object {
	o := objectOfNamespace(namespace)
	if group != "" {
		o.group = keyOf(group)
		o.flags |= stateGrouped
	}
	return o
}

// objectOfGroup is a resource group itself.
func objectOfGroup(namespace, group hub.ID) object {
	return object{namespace: keyOf(namespace), group: keyOf(group), flags: statePrivate | stateGrouped, self: true}
}

// abstract reads everything about s and o that the rules look at. It allocates nothing.
func abstract(s *Subject, o *object, now time.Time) State {
	st := s.base | o.flags
	if s.expires != 0 && now.UnixNano() >= s.expires {
		st &^= stateLive
	}
	st |= s.relationTo(o.namespace)
	if s.mayHave(o.group) {
		if role, ok := findRow(s.groups(), o.group); ok {
			st |= State(role&groupMask) << groupShift
		}
	}
	if o.creator == s.user && s.user != (key{}) {
		st |= stateCreator
	}
	if o.flags&stateGated != 0 {
		st |= State(s.standingBefore(o.id, now)) << standingShift
	}
	if st.kind() >= KindFineGrained {
		st |= s.scopeFor(o)
	}
	return st
}

// relationTo returns the relation to a namespace and, for an organization, what the person's row there holds.
func (s *Subject) relationTo(namespace key) State {
	if s.mayHave(namespace) {
		if fact, ok := findRow(s.orgs(), namespace); ok {
			return State(fact&relationMask)<<relationShift | State(fact>>rulesShift)<<policyShift
		}
	}
	if namespace == s.user && namespace != (key{}) {
		return State(owner) << relationShift
	}
	if s.base.kind() <= KindAnonymous {
		return State(nobody) << relationShift
	}
	return State(outsider) << relationShift
}

// standingBefore finds where the subject stands before the gate of a repository: the best of all that it asked for
// or was given, as a person and with others.
func (s *Subject) standingBefore(repo key, now time.Time) standing {
	best := standNone
	gates := s.gates()
	for i := firstRow(gates, repo); i < len(gates) && gates[i].key == repo; i++ {
		st := standing(gates[i].fact & standingMask)
		if end := gates[i].fact >> untilShift; end != 0 && now.UnixNano() >= s.rare.until[end-1] {
			st = standOver
		}
		if st == standRejected {
			return st // by name: being let in with others does not undo that
		}
		best = max(best, st)
	}
	return best
}

// scopeFor finds the most specific entry of a fine-grained token for o. It speaks alone; only whether the
// namespace's entry carries repo.write and resourceGroup.write is kept beside it, for what a narrower entry cannot
// allow.
func (s *Subject) scopeFor(o *object) State {
	var st State
	lv, at := levelNone, uint32(0)
	if s.mayHave(o.namespace) {
		if a, ok := findRow(s.namespaceScopes(), o.namespace); ok {
			lv, at = levelNamespace, a
		}
	}
	if atoms(at)&atomWrite != 0 {
		st |= stateNamespaceWrite
	}
	if atoms(at)&atomGroupWrite != 0 {
		st |= stateNamespaceGroups
	}
	group := o.group
	if o.self { // an entry for a group is about what is in it
		group = key{}
	}
	if s.mayHave(group) {
		if a, ok := findRow(s.groupScopes(), group); ok {
			lv, at = levelGroup, a
		}
	}
	if s.mayHave(o.id) {
		if a, ok := findRow(s.repoScopes(), o.id); ok {
			lv, at = levelRepo, a
		}
	}
	return st | State(lv)<<levelShift | State(at&atomMask)<<atomShift
}
