package access

import (
	"github.com/ambit-hub/ambit/internal/hub"
)

// Concerns calls yield with the Concern of every change that makes the snapshot stale, until it says no: of its person or
// service account, its token, the organizations of its memberships, and whatever its entries name, because their owners
// are in it.
func (s *Subject) Concerns(yield func(uint64) bool) {
	if !yield(concern(hub.ChangeUser, s.ActorKey().k)) || s.token != (key{}) && !yield(concern(hub.ChangeToken, s.token)) {
		return
	}
	for i := range s.rows {
		r := &s.rows[i]
		if r.entity() == aSpace && !yield(concern(hub.ChangeOrg, r.key)) || r.entity() == aRepo && !yield(concern(hub.ChangeRepo, r.key)) {
			return
		}
	}
}

// Concern is a number for what a change is about: the same for the same entity, and for few others.
func Concern(c hub.Change) uint64 { return concern(c.Kind, keyOf(c.ID)) }

func concern(kind hub.ChangeKind, k key) uint64 {
	h := uint64(k.a)<<32 | uint64(k.b)
	h ^= uint64(k.tail) << 16
	if kind != "" {
		h ^= uint64(kind[0]) << 56 // user, token, org and repo begin differently
	}
	return h * 0x9e3779b97f4a7c15 // the upper bits depend on all
}
