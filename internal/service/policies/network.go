package policies

import (
	"context"
	"net/netip"
	"slices"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// Network returns the rules of an organization for those who manage its address ranges. Needs OrgNetwork on it, or
// InstanceAdmin. NotFound.
func (s *Service) Network(ctx context.Context, g access.Grant, org string) (hub.OrgRules, error) {
	o, err := orgs.Find(ctx, s.store, g, access.OrgNetwork, org)
	if err != nil {
		return hub.OrgRules{}, err
	}
	return s.store.OrgRules(ctx, o.ID)
}

// ParseRanges reads address ranges such as 192.0.2.0/24 or single addresses. InvalidInput.
func ParseRanges(texts []string) ([]netip.Prefix, error) {
	if len(texts) > maxRanges {
		return nil, hub.Errorf(hub.InvalidInput, "An organization has at most %d address ranges.", maxRanges)
	}
	out := []netip.Prefix{}
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if a, aerr := netip.ParseAddr(text); aerr == nil && a.Zone() == "" {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil || p.Addr().Is4In6() {
			return nil, hub.Errorf(hub.InvalidInput, "%q is no address range such as 192.0.2.0/24.", text)
		}
		if p = p.Masked(); !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out, nil
}

// SetNetwork replaces the address ranges of an organization, for every credential from the moment it returns. caller is the
// address that asks: it has to lie in one of them, if there are any. Needs OrgNetwork on the organization. InvalidInput,
// NotFound.
func (s *Service) SetNetwork(ctx context.Context, g access.Grant, org string, texts []string, caller netip.Addr, from hub.Event) (rules hub.OrgRules, err error) {
	o, err := orgs.Find(ctx, s.store, g, access.OrgNetwork, org)
	if err != nil {
		return rules, err
	}
	ranges, err := ParseRanges(texts)
	if err != nil {
		return rules, err
	}
	inside := func(p netip.Prefix) bool { return p.Contains(caller.Unmap()) }
	if len(ranges) > 0 && !slices.ContainsFunc(ranges, inside) {
		return rules, hub.Errorf(hub.InvalidInput, "Your own address, %s, is in none of these ranges: you would lock yourself out.", caller)
	}
	return s.change(ctx, g, o, Change{IPRanges: &ranges}, from)
}
