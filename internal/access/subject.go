package access

import (
	"slices"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Kind is the kind of credential behind a subject. The zero Kind is a dead one.
type Kind uint8

// The kinds.
const (
	KindNone Kind = iota
	KindAnonymous
	KindOperator // the Unix socket in the data folder, or the command line holding the store's lock
	KindSession  // a browser session
	KindRead
	KindWrite
	KindFineGrained
)

var kindNames = [...]string{"none", "anonymous", "operator", "session", "read", "write", "fine-grained"}

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
type Subject struct {
	kind       Kind
	suspended  bool
	revoked    bool
	admin      bool  // of the instance
	ownAtoms   atoms // of the entry for the person's own namespace
	ownEntry   bool
	readGated  bool
	discussAny bool
	expires    int64 // Unix nanoseconds, 0 for never
	userTail   uint64
	userID     hub.ID
	orgs       rows[relation]
	orgScopes  rows[atoms]
	repoScopes rows[atoms]

	facts      hub.SubjectFacts
	credential Credential
}

var (
	anonymous = &Subject{kind: KindAnonymous}
	operator  = &Subject{kind: KindOperator, admin: true}
)

// Anonymous is the subject of a request without a credential.
func Anonymous() *Subject { return anonymous }

// Operator is the subject of commands that reach the hub through its data folder. It administers the
// instance; it reads and writes no repository.
func Operator() *Subject { return operator }

// NewSubject makes a subject of stored facts. Facts without a token are those of a browser session.
// The facts must not be changed afterwards.
func NewSubject(f hub.SubjectFacts, c Credential) *Subject {
	s := &Subject{
		kind: KindSession, userID: f.User.ID, admin: f.User.Admin, suspended: f.User.Suspended,
		facts: f, credential: c,
	}
	if t := f.Token; t != nil {
		s.setToken(t)
	}
	ids := newArena(f)
	s.userID, s.userTail = ids.keep(f.User.ID), tailOf(f.User.ID)
	for _, m := range f.Memberships {
		if rel := relationOf(m.Role); rel != outsider {
			s.orgs.add(ids.keep(m.OrgID), rel)
		}
	}
	s.orgs.sort()
	if s.kind == KindFineGrained {
		s.setScopes(f.Token.Scopes, ids)
	}
	return s
}

func (s *Subject) setToken(t *hub.Token) {
	switch t.Kind {
	case hub.TokenRead:
		s.kind = KindRead
	case hub.TokenWrite:
		s.kind = KindWrite
	case hub.TokenFineGrained:
		s.kind = KindFineGrained
		s.readGated = t.CanReadGated
		s.discussAny = slices.Contains(t.Global, hub.PermDiscussionWrite)
	default:
		s.kind = KindNone
	}
	if !t.ExpiresAt.IsZero() {
		s.expires = t.ExpiresAt.UnixNano()
	}
	s.revoked = !t.RevokedAt.IsZero()
	if t.UserID != s.facts.User.ID {
		s.kind = KindNone // facts that do not belong together open nothing
	}
}

func (s *Subject) setScopes(scopes []hub.Scope, ids *arena) {
	for _, sc := range scopes {
		a := atomsOf(sc.Permissions)
		switch sc.EntityType {
		case hub.EntityUser:
			if sc.EntityID == s.userID { // a user's entry covers the token owner's own namespace only
				s.ownEntry, s.ownAtoms = true, a
			}
		case hub.EntityOrg:
			s.orgScopes.add(ids.keep(sc.EntityID), a)
		case hub.EntityModel, hub.EntityDataset, hub.EntitySpace:
			s.repoScopes.add(ids.keep(sc.EntityID), a)
		}
	}
	s.orgScopes.sort()
	s.repoScopes.sort()
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
func (s *Subject) UserID() hub.ID { return s.userID }

// UserName returns the name of the person, empty for anonymous callers and the operator.
func (s *Subject) UserName() string { return s.facts.User.Name }

// TokenID returns the id of the token, empty for every other kind of credential.
func (s *Subject) TokenID() hub.ID {
	if s.facts.Token == nil {
		return ""
	}
	return s.facts.Token.ID
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
	return deadCredential(s, now)
}

func (s *Subject) live(now time.Time) bool {
	if s.kind == KindNone || s.suspended || s.revoked {
		return false
	}
	return s.expires == 0 || now.UnixNano() < s.expires
}

// arena holds the ids of one subject in one string, so that a decision touches few cache lines.
type arena struct{ b strings.Builder }

func newArena(f hub.SubjectFacts) *arena {
	n := len(f.User.ID)
	for _, m := range f.Memberships {
		n += len(m.OrgID)
	}
	if f.Token != nil {
		for _, sc := range f.Token.Scopes {
			n += len(sc.EntityID)
		}
	}
	a := &arena{}
	a.b.Grow(n)
	return a
}

func (a *arena) keep(id hub.ID) hub.ID {
	from := a.b.Len()
	a.b.WriteString(string(id))
	return hub.ID(a.b.String()[from:])
}
