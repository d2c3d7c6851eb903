package access

import (
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// setRows fills rows, cells, names and what is rarely there.
func (s *Subject) setRows(f *hub.SubjectFacts) {
	d := drawing{Subject: s}
	d.drawMemberships(f)
	if s.Kind() >= KindFineGrained {
		d.drawEntries(f)
	}
	s.rows = make([]row, len(d.things))
	for i := range d.things {
		s.rows[i] = d.things[i].row
	}
	s.setNames(f)
	s.place(append(d.cells(), s.gateCells(f.Gates)...))
	if f.Service != nil {
		s.rarely().service = f.Service
	}
	if f.Superseded != nil {
		s.rarely().superseded = f.Superseded
	}
}

// rulesOf packs what an organization says about this credential, as it lies in the state from policyShift on.
func (s *Subject) rulesOf(f *hub.SubjectFacts, org hub.ID) uint16 {
	var st State
	for i := range f.Rules {
		r := &f.Rules[i]
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
		if len(r.IPRanges) > 0 && !f.SkipNetwork {
			st |= stateOutsideNetwork // until From says otherwise
			s.rarely().networks = append(s.rarely().networks, network{keyOf(org), r.IPRanges})
		}
		if len(r.Features) > 0 {
			s.rarely().features = append(s.rarely().features, features{keyOf(org), r.Features})
		}
	}
	for _, g := range f.Grants {
		if f.Token != nil && g.OrgID == org && g.TokenID == f.Token.ID {
			st |= State(tokenStateOf(g.State)) << verdictedShift
		}
	}
	return uint16(st >> policyShift)
}

// gateCells makes the cells of gates.
func (s *Subject) gateCells(gates []hub.GateGrant) (cells []cell) {
	for _, g := range gates {
		t := tailOf(g.RepoID)
		st := standingOf(g.State)
		if t == 0 || g.Kind != hub.GateUser && st != standAccepted {
			continue
		}
		fact := uint32(st)
		if st == standAccepted && !g.Until.IsZero() {
			r := s.rarely()
			r.until = append(r.until, g.Until.UnixNano())
			fact |= uint32(len(r.until)) << untilShift
		}
		cells = append(cells, cell{t, fact | uint32(aGate)<<entityShift})
	}
	return cells
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

// permissions are all that an entry may carry. Those that decisions here read come first, as the atoms; the others belong
// to features with decisions of their own.
var permissions = []hub.Permission{
	hub.PermRepoContentRead, hub.PermRepoAccessRead, hub.PermRepoWrite, hub.PermDiscussionWrite, hub.PermOrgRead, hub.PermOrgWrite,
	hub.PermOrgSARead, hub.PermOrgSAWrite, hub.PermOrgNetworkWrite, hub.PermResourceGroupWrite,
	hub.PermPostWrite, hub.PermCollectionRead, hub.PermCollectionWrite, hub.PermInferenceWrite, hub.PermEndpointsInfer,
	hub.PermEndpointsWrite, hub.PermWebhooksRead, hub.PermWebhooksWrite, hub.PermNotifyRead, hub.PermNotifyWrite, hub.PermBillingRead,
	hub.PermJobWrite,
}

// factOf has a bit for each permission that is known.
func factOf(ps []hub.Permission) (fact uint32) {
	for _, p := range ps {
		if i := slices.Index(permissions, p); i >= 0 {
			fact |= 1 << i
		}
	}
	return fact
}

// atomOf is the bit of a permission that decisions here read.
func atomOf(p hub.Permission) atoms { return 1 << slices.Index(permissions, p) }

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
