package access

import (
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// row is one thing that a subject has to do with: which it is, and what is asked about it aside from decisions. Those read
// its cell.
//
//	bits 0-1   namespace, resource group or repository
//	bit  2     the person is a member of it
//	bit  3     the token has an entry for it
//	from 4 on  namespace: the permissions of the entry
//	           group: one more than the place of its organization among the rows, 0 if the person is none of its members
//	           repository: where it is: 0 elsewhere, homeOwn in the person's own namespace, homeRows and more in the
//	           organization or the resource group of that place among the rows
//
// The organizations that the person is a member of come first, sorted by key, then his or her groups, then what only
// the token's entries speak of.
type row struct {
	key
	fact uint32
}

const (
	rowEntity = 3

	rowMember = 1 << 2
	rowEntry  = 1 << 3
	rowShift  = 4

	homeOwn  = 1
	homeRows = 2
)

// entity is what kind of thing the row is about.
func (r *row) entity() entity { return entity(r.fact & rowEntity) }

// is tells whether the row is of a kind and has a flag.
func (r *row) is(kind entity, flag uint32) bool { return r.entity() == kind && r.fact&flag != 0 }

// orgs are the rows of the organizations that the person is a member of.
func (s *Subject) orgs() []row {
	n := 0
	for n < len(s.rows) && s.rows[n].is(aSpace, rowMember) {
		n++
	}
	return s.rows[:n]
}

// orgIndex is the place of an organization among the rows, -1 if the person is no member.
func (s *Subject) orgIndex(org key) int {
	if i, ok := slices.BinarySearchFunc(s.orgs(), org, func(r row, k key) int { return r.compare(k) }); ok {
		return i
	}
	return -1
}

// homeOf is where the group or the repository of a row is, as an object without an id that is private like a place. Where the
// person has no relation to the namespace, it has none.
func (s *Subject) homeOf(r *row) (o object) {
	o.flags = low(statePrivate)
	at := r.fact >> rowShift
	if r.entity() == aRepo {
		switch {
		case at == homeOwn:
			o.namespace = s.user
			return o
		case at < homeRows:
			return o
		}
		r = &s.rows[at-homeRows]
		if r.entity() == aSpace {
			o.namespace = r.tail
			return o
		}
		at = r.fact >> rowShift
	}
	o.group, o.flags = r.tail, o.flags|low(stateGrouped)
	if at > 0 {
		o.namespace = s.rows[at-1].tail
	}
	return o
}

// RoleIn returns the role in an organization, hub.RoleNone for those who are no members.
func (s *Subject) RoleIn(org hub.ID) hub.Role {
	i := s.orgIndex(keyOf(org))
	if i < 0 {
		return hub.RoleNone
	}
	return hub.RoleNoAccess + hub.Role(relation(s.fact(s.rows[i].tail, aSpace)&relationMask)-memberNoAccess)
}

// InGroup tells whether the person has a role in a resource group.
func (s *Subject) InGroup(group hub.ID) bool { return s.roleInGroup(group) != groupNone }

// roleInGroup is groupNone for those who have none, and for what is no group.
func (s *Subject) roleInGroup(group hub.ID) groupRole {
	return groupRole(s.fact(tailOf(group), aGroup) & groupMask)
}
