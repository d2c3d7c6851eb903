package access

import (
	"github.com/ambit-hub/ambit/internal/hub"
)

// orgIndex is the place of an organization among the rows, -1 if it has none.
func (s *Subject) orgIndex(org key) int {
	if i := firstRow(s.orgs(), org); i < len(s.orgs()) && s.rows[i].key == org {
		return i
	}
	return -1
}

// RoleIn returns the role in an organization, hub.RoleNone for those who are no members.
func (s *Subject) RoleIn(org hub.ID) hub.Role {
	fact, ok := findRow(s.orgs(), keyOf(org))
	if !ok {
		return hub.RoleNone
	}
	return hub.RoleNoAccess + hub.Role(relation(fact&relationMask)-memberNoAccess)
}

// InGroup tells whether the person has a role in a resource group.
func (s *Subject) InGroup(group hub.ID) bool {
	_, ok := findRow(s.groups(), keyOf(group))
	return ok
}

// Concerns calls yield with the Concern of every change that makes the snapshot stale, until it says no: of its person or
// service account, its token, the organizations of its memberships, and whatever its entries name, because their owners
// are in it.
func (s *Subject) Concerns(yield func(uint64) bool) {
	actor := s.user
	if a := s.Service(); a != nil {
		actor = keyOf(a.ID)
	}
	if !yield(concern(hub.ChangeUser, actor)) || s.token != (key{}) && !yield(concern(hub.ChangeToken, s.token)) {
		return
	}
	for _, rows := range [...][]row{s.orgs(), s.namespaceScopes()} {
		for i := range rows {
			if !yield(concern(hub.ChangeOrg, rows[i].key)) {
				return
			}
		}
	}
	for i := range s.repoScopes() {
		if !yield(concern(hub.ChangeRepo, s.repoScopes()[i].key)) {
			return
		}
	}
}

// Concern is a number for what a change is about: the same for the same thing, and for few others.
func Concern(c hub.Change) uint64 { return concern(c.Kind, keyOf(c.ID)) }

func concern(kind hub.ChangeKind, k key) uint64 {
	h := uint64(k.a)<<32 | uint64(k.b)
	h ^= uint64(k.lo) << 16
	if kind != "" {
		h ^= uint64(kind[0]) << 56 // user, token, org and repo begin differently
	}
	return h * 0x9e3779b97f4a7c15 // the upper bits depend on all
}
