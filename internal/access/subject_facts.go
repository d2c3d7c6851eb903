package access

import (
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// setRows fills rows, names and what is rarely there. The rows are laid out as the fields of Subject say.
func (s *Subject) setRows(f *hub.SubjectFacts) {
	s.setMemberships(f)
	s.endSpaces, s.endScopes, s.endRepos = s.endGroups, s.endGroups, s.endGroups
	var homes []row
	if s.kind >= KindFineGrained {
		homes = s.setScopes(f)
	}
	s.setGates(f.Gates)
	s.rows = append(s.rows, homes...)
	if f.Service != nil {
		s.rarely().service = f.Service
	}
	if f.Superseded != nil {
		s.rarely().superseded = f.Superseded
	}
}

// add makes a row, unless the id is none.
func (s *Subject) add(id hub.ID, fact uint32) {
	if k := keyOf(id); k != (key{}) {
		s.rows = append(s.rows, row{k, fact})
		s.marks |= 1 << (k.lo % 64)
	}
}

// setMemberships makes the rows of organizations and resource groups.
func (s *Subject) setMemberships(f *hub.SubjectFacts) {
	size := len(f.Memberships) + len(f.Groups) + len(f.Gates)
	if s.kind >= KindFineGrained {
		for i := range f.Token.Scopes {
			if size++; isNarrow(f.Token.Scopes[i].EntityType) {
				size++ // its home
			}
		}
	}
	s.rows = make([]row, 0, size)
	for i := range f.Memberships {
		if m := &f.Memberships[i]; relationOf(m.Role) != outsider {
			s.add(m.OrgID, uint32(relationOf(m.Role))|uint32(s.rulesOf(f, m.OrgID))<<rulesShift)
		}
	}
	s.endOrgs = uint32(len(s.rows))
	sortRows(s.orgs())
	s.setNames(f)
	for _, g := range f.Groups {
		if g.Role >= hub.RoleNoAccess && g.Role <= hub.RoleAdmin {
			s.add(g.GroupID, uint32(g.Role)|uint32(s.orgIndex(keyOf(g.OrgID))+1)<<groupOrgShift)
		}
	}
	s.endGroups = uint32(len(s.rows))
	sortRows(s.groups())
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

// setGates makes the rows of gates.
func (s *Subject) setGates(gates []hub.GateGrant) {
	for _, g := range gates {
		k := keyOf(g.RepoID)
		st := standingOf(g.State)
		if k == (key{}) || g.Kind != hub.GateUser && st != standAccepted {
			continue
		}
		fact := uint32(st)
		if st == standAccepted && !g.Until.IsZero() {
			r := s.rarely()
			r.until = append(r.until, g.Until.UnixNano())
			fact |= uint32(len(r.until)) << untilShift
		}
		s.rows = append(s.rows, row{k, fact})
	}
	sortRows(s.rows[s.endRepos:])
}

// entry is an entry of a token for a resource group or a repository, with where that is.
type entry struct{ row, home row }

// isNarrow tells whether entries of that type are for something in a namespace.
func isNarrow(t hub.EntityType) bool { return t != hub.EntityUser && t != hub.EntityOrg }

// setScopes makes the rows of a token's entries. It returns those that tell where they are: see home.
func (s *Subject) setScopes(f *hub.SubjectFacts) (homes []row) {
	t := f.Token
	if s.kind == KindFineGrained { // what is carried beyond entries is for persons
		if t.CanReadGated {
			s.base |= stateReadGated
		}
		if slices.Contains(t.Global, hub.PermDiscussionWrite) {
			s.base |= stateGlobalDiscuss
		}
	}
	var groups, repos []entry
	for i := range t.Scopes {
		sc := &t.Scopes[i]
		e := entry{row{keyOf(sc.EntityID), factOf(sc.Permissions)}, s.homeOf(sc)}
		switch sc.EntityType {
		case hub.EntityUser:
			if sc.EntityID == f.User.ID { // such an entry covers the token owner's own namespace only
				s.add(sc.EntityID, e.row.fact)
			}
		case hub.EntityOrg:
			s.add(sc.EntityID, e.row.fact)
		case hub.EntityGroup:
			groups = append(groups, e)
		case hub.EntityModel, hub.EntityDataset, hub.EntitySpace:
			repos = append(repos, e)
		}
	}
	s.endSpaces = uint32(len(s.rows))
	sortRows(s.namespaceScopes())
	homes = s.addEntries(groups, nil)
	s.endScopes = uint32(len(s.rows))
	homes = s.addEntries(repos, homes)
	s.endRepos = uint32(len(s.rows))
	return homes
}

func (s *Subject) addEntries(es []entry, homes []row) []row {
	slices.SortFunc(es, func(a, b entry) int { return a.row.compare(b.row.key) })
	for _, e := range es {
		if e.row.key != (key{}) {
			s.rows = append(s.rows, e.row)
			s.marks |= 1 << (e.row.lo % 64)
			homes = append(homes, e.home)
		}
	}
	return homes
}

// homeOf is the row that says where the thing of an entry is.
func (s *Subject) homeOf(sc *hub.Scope) row {
	home := row{key: keyOf(sc.GroupID)}
	if ns := keyOf(sc.NamespaceID); ns == s.user {
		home.fact = homeOwn
	} else if at := s.orgIndex(ns); at >= 0 {
		home.fact = homeOrgs + uint32(at)
	}
	return home
}

// home tells where the group or repository of the i-th entry behind those for namespaces is, as an object without an id.
// Where the person has no relation to the namespace, it has none.
func (s *Subject) home(i int) object {
	h := s.rows[int(s.endGates())+i]
	o := object{group: h.key, flags: statePrivate}
	if o.group != (key{}) {
		o.flags |= stateGrouped
	}
	switch {
	case h.fact >= homeOrgs:
		o.namespace = s.rows[h.fact-homeOrgs].key
	case h.fact == homeOwn:
		o.namespace = s.user
	}
	return o
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
