package access

import (
	"log/slog"
	"slices"
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
//
// What decisions read lies in the first 64 bytes and in one run of rows, so that a cold decision waits for
// few cache lines.
type Subject struct {
	base      State    // all of the state that does not depend on the target
	stranger  relation // to namespaces that are not the person's: nobody or outsider
	expires   int64    // Unix nanoseconds, 0 for never
	user      key
	endOrgs   uint32 // in rows: first the organizations of the person,
	endSpaces uint32 // then the token's entries for namespaces, then those for repositories; each run sorted
	rows      []row

	kind       Kind
	facts      hub.SubjectFacts
	credential Credential
}

func (s *Subject) orgs() []row            { return s.rows[:s.endOrgs] }
func (s *Subject) namespaceScopes() []row { return s.rows[s.endOrgs:s.endSpaces] }
func (s *Subject) repoScopes() []row      { return s.rows[s.endSpaces:] }

var (
	anonymous = &Subject{kind: KindAnonymous, base: State(KindAnonymous) | stateLive, stranger: nobody}
	operator  = &Subject{kind: KindOperator, base: State(KindOperator) | stateLive | stateInstanceAdmin, stranger: outsider}
)

// Anonymous is the subject of a request without a credential.
func Anonymous() *Subject { return anonymous }

// Operator is the subject of commands that reach the hub through its data folder. It administers the
// instance; it reads and writes no repository.
func Operator() *Subject { return operator }

// NewSubject makes a subject of stored facts. Facts without a token are those of a browser session.
// The facts must not be changed afterwards.
func NewSubject(f hub.SubjectFacts, c Credential) *Subject {
	s := &Subject{kind: kindOf(f), stranger: outsider, user: keyOf(f.User.ID), facts: f, credential: c}
	for _, m := range f.Memberships {
		if rel := relationOf(m.Role); rel != outsider {
			s.add(m.OrgID, uint8(rel))
		}
	}
	s.endOrgs = uint32(len(s.rows))
	sortRows(s.orgs())
	s.endSpaces = s.endOrgs
	s.base = State(s.kind) << kindShift
	if s.kind == KindNone {
		s.stranger = nobody
		return s
	}
	if f.User.Admin {
		s.base |= stateInstanceAdmin
	}
	if !f.User.Suspended && (f.Token == nil || f.Token.RevokedAt.IsZero()) {
		s.base |= stateLive
	}
	if f.Token != nil && !f.Token.ExpiresAt.IsZero() {
		s.expires = f.Token.ExpiresAt.UnixNano()
	}
	if s.kind == KindFineGrained {
		s.setScopes(f.Token)
	}
	return s
}

// kindOf is KindNone for facts that do not belong together: they open nothing.
func kindOf(f hub.SubjectFacts) Kind {
	switch t := f.Token; {
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

func (s *Subject) add(id hub.ID, fact uint8) {
	if k := keyOf(id); k != (key{}) {
		s.rows = append(s.rows, row{k.hi, k.lo, fact})
	}
}

func (s *Subject) setScopes(t *hub.Token) {
	if t.CanReadGated {
		s.base |= stateReadGated
	}
	if slices.Contains(t.Global, hub.PermDiscussionWrite) {
		s.base |= stateGlobalDiscuss
	}
	for _, sc := range t.Scopes {
		switch {
		case sc.EntityType == hub.EntityUser && sc.EntityID != s.facts.User.ID:
			// a user's entry covers the token owner's own namespace only
		case sc.EntityType == hub.EntityUser, sc.EntityType == hub.EntityOrg:
			s.add(sc.EntityID, uint8(atomsOf(sc.Permissions)))
		}
	}
	s.endSpaces = uint32(len(s.rows))
	for _, sc := range t.Scopes {
		switch sc.EntityType {
		case hub.EntityModel, hub.EntityDataset, hub.EntitySpace:
			s.add(sc.EntityID, uint8(atomsOf(sc.Permissions)))
		}
	}
	sortRows(s.namespaceScopes())
	sortRows(s.repoScopes())
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

// LogValue says who asks, for logs: kind, user name and token id.
func (s *Subject) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("kind", s.kind.String())}
	if name := s.UserName(); name != "" {
		attrs = append(attrs, slog.String("user", name))
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
