package access

import (
	"net/netip"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// rarely is what few subjects have.
type rarely struct {
	service    *hub.ServiceAccount
	superseded *hub.Superseded
	revoked    time.Time
	end        time.Time  // of the credential, when it is later than Subject.ends can tell
	networks   []network  // of organizations that look at addresses
	features   []features // of organizations that keep some to themselves
	until      []int64    // ends of acceptances, Unix nanoseconds
	addr       netip.Addr // given to From
}

// network is where the members of an organization come from.
type network struct {
	org    key
	ranges []netip.Prefix
}

// features are the rules of an organization.
type features struct {
	org   key
	rules map[hub.Feature]hub.FeatureRule
}

// rarely makes room. Only for a subject that nobody else has yet.
func (s *Subject) rarely() *rarely {
	if s.rare == nil {
		s.rare = &rarely{}
	}
	return s.rare
}

// From returns the subject of a request from the given address: s itself unless an organization looks at addresses.
// An unknown address is outside of every network.
func (s *Subject) From(addr netip.Addr) *Subject {
	if s.rare == nil || len(s.rare.networks) == 0 {
		return s
	}
	addr = addr.Unmap()
	if s.rare.addr == addr {
		return s
	}
	t, rest, r := *s, *s.rest, *s.rare
	r.addr = addr
	rest.rare, rest.far = &r, slices.Clone(s.far)
	t.rest = &rest
	for _, n := range r.networks {
		c := t.cellOf(n.org.tail, aSpace)
		if c == nil {
			continue
		}
		const outside = uint32(stateOutsideNetwork >> policyShift << rulesShift)
		c.fact |= outside
		for _, p := range n.ranges {
			if p.Contains(addr) {
				c.fact &^= outside
			}
		}
	}
	return &t
}

// Addr returns the address given to From, invalid if nobody asked.
func (s *Subject) Addr() netip.Addr {
	if s.rare == nil {
		return netip.Addr{}
	}
	return s.rare.addr
}
