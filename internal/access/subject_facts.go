package access

import (
	"net/netip"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// setMemberships makes the rows of organizations and resource groups.
func (s *Subject) setMemberships() {
	f := &s.facts
	for i := range f.Memberships {
		if rel := relationOf(f.Memberships[i].Role); rel != outsider {
			s.add(f.Memberships[i].OrgID, uint16(rel)|s.rulesOf(f.Memberships[i].OrgID)<<3)
		}
	}
	s.endOrgs = uint32(len(s.rows))
	sortRows(s.orgs())
	for _, g := range f.Groups {
		if g.Role >= hub.RoleNoAccess && g.Role <= hub.RoleAdmin {
			s.add(g.GroupID, uint16(g.Role))
		}
	}
	s.endGroups = uint32(len(s.rows))
	sortRows(s.groups())
}

// rulesOf packs what an organization says about this credential, as it lies in the state from policyShift on.
func (s *Subject) rulesOf(org hub.ID) uint16 {
	var st State
	for i := range s.facts.Rules {
		r := &s.facts.Rules[i]
		if r.OrgID != org {
			continue
		}
		st |= State(policyOf(r.Tokens)) << policyShift
		if r.NoSSH() {
			st |= stateNoSSH
		}
		if r.PrivateOnly {
			st |= statePrivateOnly
		}
		if r.GroupCreation >= hub.RoleRead && r.GroupCreation < hub.RoleAdmin {
			st |= State(hub.RoleAdmin-r.GroupCreation) << creationShift
		}
		if s.outside(r) {
			st |= stateOutsideNetwork
		}
	}
	for _, g := range s.facts.Grants {
		if s.facts.Token != nil && g.OrgID == org && g.TokenID == s.facts.Token.ID {
			st |= State(tokenStateOf(g.State)) << verdictedShift
		}
	}
	return uint16(st >> policyShift)
}

// outside tells whether the request comes from elsewhere than the organization's networks. An unknown address is
// outside.
func (s *Subject) outside(r *hub.OrgRules) bool {
	if len(r.IPRanges) == 0 || s.facts.SkipNetwork {
		return false
	}
	for _, p := range r.IPRanges {
		if p.Contains(s.addr) {
			return false
		}
	}
	return true
}

// From returns the subject of a request from the given address: s itself unless an organization looks at addresses.
func (s *Subject) From(addr netip.Addr) *Subject {
	addr = addr.Unmap()
	if s.addr == addr {
		return s
	}
	for i := range s.facts.Rules {
		if len(s.facts.Rules[i].IPRanges) > 0 {
			t := *s
			t.addr, t.rows = addr, nil
			t.setMemberships()
			shift := int(t.endGroups) - int(s.endGroups)
			t.rows = append(t.rows, s.rows[s.endGroups:]...)
			t.endSpaces, t.endScopes = uint32(int(s.endSpaces)+shift), uint32(int(s.endScopes)+shift)
			return &t
		}
	}
	return s
}

// Addr returns the address given to From, invalid if nobody asked.
func (s *Subject) Addr() netip.Addr { return s.addr }

// setGates makes the rows of gates.
func (s *Subject) setGates() {
	for _, g := range s.facts.Gates {
		k := keyOf(g.RepoID)
		st := standingOf(g.State)
		if k == (key{}) || st == standNone || g.Kind != hub.GateUser && st != standAccepted {
			continue
		}
		row := gateRow{key: k, standing: st}
		if !g.Until.IsZero() {
			row.until = g.Until.UnixNano()
		}
		s.gates = append(s.gates, row)
	}
	sortGates(s.gates)
}

func (s *Subject) setScopes(t *hub.Token) {
	if s.kind == KindFineGrained { // what is carried beyond entries is for persons
		if t.CanReadGated {
			s.base |= stateReadGated
		}
		if slices.Contains(t.Global, hub.PermDiscussionWrite) {
			s.base |= stateGlobalDiscuss
		}
	}
	for _, sc := range t.Scopes {
		switch {
		case sc.EntityType == hub.EntityUser && sc.EntityID != s.facts.User.ID:
			// a user's entry covers the token owner's own namespace only
		case sc.EntityType == hub.EntityUser, sc.EntityType == hub.EntityOrg:
			s.add(sc.EntityID, uint16(atomsOf(sc.Permissions)))
		}
	}
	s.endSpaces = uint32(len(s.rows))
	for _, sc := range t.Scopes {
		if sc.EntityType == hub.EntityGroup {
			s.add(sc.EntityID, uint16(atomsOf(sc.Permissions)))
		}
	}
	s.endScopes = uint32(len(s.rows))
	for _, sc := range t.Scopes {
		switch sc.EntityType {
		case hub.EntityModel, hub.EntityDataset, hub.EntitySpace:
			s.add(sc.EntityID, uint16(atomsOf(sc.Permissions)))
		}
	}
	sortRows(s.namespaceScopes())
	sortRows(s.groupScopes())
	sortRows(s.repoScopes())
}

func policyOf(p hub.TokenPolicy) policy {
	switch p {
	case hub.FineGrainedOnly:
		return policyFineGrained
	case hub.RequireApproval:
		return policyApproval
	}
	return policyAllowAll
}

func tokenStateOf(t hub.TokenState) tokenState {
	switch t {
	case hub.TokenPending:
		return tokenPending
	case hub.TokenApproved:
		return tokenApproved
	case hub.TokenDenied:
		return tokenDenied
	case hub.TokenRevoked:
		return tokenRevoked
	}
	return tokenNone
}

func standingOf(g hub.GateState) standing {
	switch g {
	case hub.GatePending:
		return standPending
	case hub.GateAccepted:
		return standAccepted
	case hub.GateRejected:
		return standRejected
	case hub.GateReset:
		return standReset
	}
	return standNone
}

// atomsOf keeps the atoms that decisions here read; the others belong to features with decisions of their own.
func atomsOf(ps []hub.Permission) atoms {
	var a atoms
	for _, p := range ps {
		switch p {
		case hub.PermRepoContentRead:
			a |= atomContentRead
		case hub.PermRepoAccessRead:
			a |= atomAccessRead
		case hub.PermRepoWrite:
			a |= atomWrite
		case hub.PermDiscussionWrite:
			a |= atomDiscuss
		case hub.PermOrgRead:
			a |= atomOrgRead
		case hub.PermOrgWrite:
			a |= atomOrgWrite
		case hub.PermOrgSARead:
			a |= atomServiceRead
		case hub.PermOrgSAWrite:
			a |= atomServiceWrite
		case hub.PermOrgNetworkWrite:
			a |= atomNetworkWrite
		case hub.PermResourceGroupWrite:
			a |= atomGroupWrite
		}
	}
	return a
}

func relationOf(r hub.Role) relation {
	switch r {
	case hub.RoleNoAccess:
		return memberNoAccess
	case hub.RoleRead:
		return memberRead
	case hub.RoleContributor:
		return memberContributor
	case hub.RoleWrite:
		return memberWrite
	case hub.RoleAdmin:
		return memberAdmin
	}
	return outsider
}
