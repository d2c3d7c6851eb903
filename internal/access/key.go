package access

// Key is the id of a token or of who acts, packed: for tables that are looked into with every request, where making text of
// an id would cost more than the rest. Keys are equal when their ids are; the zero Key is nobody's.
type Key struct{ k key }

// TokenKey is the key of TokenID.
func (s *Subject) TokenKey() Key { return Key{s.token} }

// ActorKey is the key of ActorID.
func (s *Subject) ActorKey() Key {
	if a := s.Service(); a != nil {
		return Key{keyOf(a.ID)}
	}
	return Key{s.user}
}

// Part spreads keys evenly over n parts, from 0 on.
func (k Key) Part(n uint32) uint32 { return k.k.lo % n }
