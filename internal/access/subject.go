package access

import (
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Kind is the kind of credential behind a subject. The zero Kind is a dead one.
type Kind uint8

// The kinds. Those with scopes come last.
const (
	KindNone Kind = iota
	KindAnonymous
	KindOperator // the Unix socket in the data folder, or the command line holding the store's lock
	KindSession  // a browser session
	KindSSH      // an SSH key: git and nothing else
	KindRead
	KindWrite
	KindFineGrained
	KindService // a service account's token
)

var kindNames = [...]string{"none", "anonymous", "operator", "session", "ssh", "read", "write", "fine-grained", "service"}

// String returns the name used in messages and logs.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[KindNone]
}

// Credential is the digest under which a token or session is looked up, so that a subject can be read anew.
type Credential struct {
	Digest  [32]byte
	Session bool // a browser session's cookie rather than a token
}

// Subject is who asks, with which credential: an immutable snapshot of everything that decisions read.
// It is safe for concurrent use. Make one with NewSubject, Anonymous or Operator.
//
// What decisions read lies in the first 64 bytes and in one run of rows, so that a cold decision waits for
// few cache lines.
type Subject struct {
	base      State // all of the state that does not depend on the target
	expires   int64 // Unix nanoseconds, 0 for never
	user      key
	endOrgs   uint32 // in rows: first the organizations of the person,
	endGroups uint32 // then the resource groups, then the token's entries for namespaces,
	endSpaces uint32 // for groups,
	endScopes uint32 // and for repositories; each run sorted
	rows      []row
	gates     []gateRow // sorted

	kind       Kind
	facts      hub.SubjectFacts
	credential Credential
	addr       netip.Addr
}

func (s *Subject) orgs() []row            { return s.rows[:s.endOrgs] }
func (s *Subject) groups() []row          { return s.rows[s.endOrgs:s.endGroups] }
func (s *Subject) namespaceScopes() []row { return s.rows[s.endGroups:s.endSpaces] }
func (s *Subject) groupScopes() []row     { return s.rows[s.endSpaces:s.endScopes] }
func (s *Subject) repoScopes() []row      { return s.rows[s.endScopes:] }

var (
	anonymous = &Subject{kind: KindAnonymous, base: State(KindAnonymous) | stateLive}
	operator  = &Subject{kind: KindOperator, base: State(KindOperator) | stateLive | stateInstanceAdmin}
)

// Anonymous is the subject of a request without a credential.
func Anonymous() *Subject { return anonymous }

// Operator is the subject of commands that reach the hub through its data folder. It administers the
// instance; it reads and writes no repository.
func Operator() *Subject { return operator }

// NewSubject makes a subject of stored facts. Facts without a token are those of a browser session.
// The facts must not be changed afterwards.
func NewSubject(f hub.SubjectFacts, c Credential) *Subject { return newSubject(f, c, kindOf(f)) }

// NewSSHSubject makes the subject of somebody who signed in with an SSH key. Facts with a token open nothing.
func NewSSHSubject(f hub.SubjectFacts) *Subject {
	kind := kindOf(f)
	if kind == KindSession {
		kind = KindSSH
	} else {
		kind = KindNone
	}
	return newSubject(f, Credential{}, kind)
}

// NewSSHKeySubject is NewSSHSubject with the SHA-256 of the key, by which the subject can be read anew.
func NewSSHKeySubject(f hub.SubjectFacts, key [32]byte) *Subject {
	s := NewSSHSubject(f)
	s.credential = Credential{Digest: key}
	return s
}

func newSubject(f hub.SubjectFacts, c Credential, kind Kind) *Subject {
	s := &Subject{kind: kind, user: keyOf(f.User.ID), facts: f, credential: c}
	s.base = State(s.kind) << kindShift
	if s.kind == KindNone {
		return s
	}
	s.setMemberships()
	s.setGates()
	if f.User.Admin {
		s.base |= stateInstanceAdmin
	}
	if !f.User.Suspended && (f.Token == nil || f.Token.RevokedAt.IsZero()) {
		s.base |= stateLive
	}
	if f.Token != nil && !f.Token.ExpiresAt.IsZero() {
		s.expires = f.Token.ExpiresAt.UnixNano()
	}
	s.endSpaces, s.endScopes = s.endGroups, s.endGroups
	if s.kind >= KindFineGrained {
		s.setScopes(f.Token)
	}
	return s
}

// kindOf is KindNone for facts that do not belong together: they open nothing.
func kindOf(f hub.SubjectFacts) Kind {
	t := f.Token
	if a := f.Service; a != nil {
		if keyOf(a.ID) == (key{}) || f.User.ID != "" || t == nil || t.UserID != "" || t.Kind != hub.TokenFineGrained {
			return KindNone
		}
		return KindService
	}
	switch {
	case keyOf(f.User.ID) == key{}:
		return KindNone
	case t == nil:
		return KindSession
	case t.UserID != f.User.ID:
		return KindNone
	case t.Kind == hub.TokenRead:
		return KindRead
	case t.Kind == hub.TokenWrite:
		return KindWrite
	case t.Kind == hub.TokenFineGrained:
		return KindFineGrained
	}
	return KindNone
}

func (s *Subject) add(id hub.ID, fact uint16) {
	if k := keyOf(id); k != (key{}) {
		s.rows = append(s.rows, row{k.hi, k.lo, fact})
	}
}

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
		row := gateRow{hi: k.hi, lo: k.lo, standing: st}
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

// Kind returns the kind of the credential.
func (s *Subject) Kind() Kind { return s.kind }

// IsAnonymous tells whether no credential was sent.
func (s *Subject) IsAnonymous() bool { return s.kind == KindAnonymous }

// UserID returns the id of the person, empty for anonymous callers and the operator.
func (s *Subject) UserID() hub.ID { return s.facts.User.ID }

// UserName returns the name of the person, empty for anonymous callers and the operator.
func (s *Subject) UserName() string { return s.facts.User.Name }

// TokenID returns the id of the token, empty for every other kind of credential.
func (s *Subject) TokenID() hub.ID {
	if s.facts.Token == nil {
		return ""
	}
	return s.facts.Token.ID
}

// Service returns the service account whose token was sent, nil for everybody else.
func (s *Subject) Service() *hub.ServiceAccount { return s.facts.Service }

// ActorID returns the id of who acts: a person, or a service account.
func (s *Subject) ActorID() hub.ID {
	if s.facts.Service != nil {
		return s.facts.Service.ID
	}
	return s.facts.User.ID
}

// ActorName returns the name of who acts: a person, or a service account.
func (s *Subject) ActorName() string {
	if s.facts.Service != nil {
		return s.facts.Service.Name
	}
	return s.facts.User.Name
}

// Restrictions names every reason why the organization does not take this credential now, for whoami; nil when it
// does, or when the subject is no member.
// Source: Hub OpenAPI, securityRestrictions.
func (s *Subject) Restrictions(org hub.ID) (names []string) {
	o := objectOfNamespace(org)
	for r, on := range abstract(s, &o, noTime).restrictions() {
		if name := restrictionNames[r]; on && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// MissingToIssue returns the permissions among want that the subject does not itself hold in the organization, in
// the order given: who issues a service account's token cannot hand out more. A person's unscoped credential holds
// what the role gives; the caller has been granted ServiceAccountsWrite.
func (s *Subject) MissingToIssue(org hub.ID, want []hub.Permission) (missing []hub.Permission) {
	if s.kind < KindFineGrained || s.facts.Token == nil {
		return nil
	}
	var held []hub.Permission
	for _, sc := range s.facts.Token.Scopes {
		if sc.EntityType == hub.EntityOrg && sc.EntityID == org {
			held = append(held, sc.Permissions...)
		}
	}
	for _, p := range want {
		if !slices.Contains(held, p) && !slices.ContainsFunc(held, func(h hub.Permission) bool { return implies(h, p) }) {
			missing = append(missing, p)
		}
	}
	return missing
}

// implies tells whether holding h means holding p.
func implies(h, p hub.Permission) bool {
	switch h {
	case hub.PermRepoWrite:
		return p == hub.PermRepoContentRead || p == hub.PermRepoAccessRead
	case hub.PermOrgWrite:
		return p == hub.PermOrgRead
	case hub.PermOrgSAWrite:
		return p == hub.PermOrgSARead
	case hub.PermCollectionWrite:
		return p == hub.PermCollectionRead
	}
	return false
}

// LogValue says who asks, for logs: kind, user name and token id.
func (s *Subject) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("kind", s.kind.String())}
	if name := s.UserName(); name != "" {
		attrs = append(attrs, slog.String("user", name))
	}
	if a := s.facts.Service; a != nil {
		attrs = append(attrs, slog.String("service", string(a.ID)))
	}
	if id := s.TokenID(); id != "" {
		attrs = append(attrs, slog.String("token", string(id)))
	}
	return slog.GroupValue(attrs...)
}

// Facts returns what the subject was made of. The caller must not change it.
func (s *Subject) Facts() hub.SubjectFacts { return s.facts }

// Credential returns the digest under which the subject was looked up.
func (s *Subject) Credential() Credential { return s.credential }

// Check tells whether the credential is live at the given time; the error is InvalidCredentials.
func (s *Subject) Check(now time.Time) error {
	if s.live(now) {
		return nil
	}
	return deadCredential(s)
}

func (s *Subject) live(now time.Time) bool {
	return s.base.has(stateLive) && (s.expires == 0 || now.UnixNano() < s.expires)
}
