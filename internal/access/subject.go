package access

import (
	"log/slog"
	"math"
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

// Subject is who asks, with which credential: an immutable snapshot of everything that decisions read, and of little
// else, since a hub keeps one for each credential in use. It is safe for concurrent use. Make one with NewSubject,
// Anonymous or Operator.
//
// It is what decisions read, in few bytes, so that a cold decision waits for few cache lines: see cell. All else is apart.
type Subject struct {
	marks    uint64 // the slots of the near cells
	farBits  uint32 // of the far cells, other than gates: most of what is asked about is none of them
	gateBits uint32 // of the gates
	own      low    // see base
	user     tail
	ends     uint32 // the second, since 1970, in which the credential ends, 0 for never: see over
	shift    uint8  // of the slots
	flags    flags
	near     [nearCells]cell
	*rest
}

// rest is what most decisions do not read. It is never nil.
type rest struct {
	far      []cell // sorted: what found no place near, and all gates
	rows     []row
	token    key
	userHead head
	endNanos uint32   // beyond ends
	names    string   // see name
	rare     *rarely  // nil for most
	digest   [32]byte // Credential.Digest
}

// ownCarries is where own keeps what a token carries beyond its entries.
const ownCarries = 30

// base is all of the state that does not depend on the target.
func (s *Subject) base() State {
	const carries = 3 << ownCarries
	return State(s.own&^carries) | State(s.own>>ownCarries)*stateReadGated
}

// flags are what decisions need not know.
type flags uint8

const (
	revoked flags = 1 << iota
	suspended
	bySession // Credential.Session
)

var (
	anonymous = &Subject{own: low(KindAnonymous) | low(stateLive), rest: &rest{}}
	operator  = &Subject{own: low(KindOperator) | low(stateLive|stateInstanceAdmin), rest: &rest{}}
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
	s.digest = key
	return s
}

func newSubject(f hub.SubjectFacts, c Credential, kind Kind) *Subject {
	user := keyOf(f.User.ID)
	s := &Subject{own: low(kind) << kindShift, user: user.tail, rest: &rest{userHead: user.head, digest: c.Digest}}
	if c.Session {
		s.flags |= bySession
	}
	if f.User.Suspended {
		s.flags |= suspended
	}
	if t := f.Token; t != nil {
		s.token = keyOf(t.ID)
		if !t.RevokedAt.IsZero() {
			s.flags |= revoked
			s.rarely().revoked = t.RevokedAt
		}
		if !t.ExpiresAt.IsZero() {
			s.setEnd(t.ExpiresAt)
		}
	}
	if kind == KindNone {
		s.setNames(&f)
		return s
	}
	if f.User.Admin {
		s.own |= low(stateInstanceAdmin)
	}
	if s.flags&(revoked|suspended) == 0 {
		s.own |= low(stateLive)
	}
	s.setRows(&f)
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

// Kind returns the kind of the credential.
func (s *Subject) Kind() Kind { return Kind(s.own & kindMask) }

// IsAnonymous tells whether no credential was sent.
func (s *Subject) IsAnonymous() bool { return s.Kind() == KindAnonymous }

// UserID returns the id of the person, empty for anonymous callers and the operator.
func (s *Subject) UserID() hub.ID { return s.person().id() }

// person is the key of UserID.
func (s *Subject) person() key { return key{s.userHead, s.user} }

// UserName returns the name of the person, empty for anonymous callers and the operator.
func (s *Subject) UserName() string {
	if s.Service() != nil {
		return ""
	}
	return s.ActorName()
}

// TokenID returns the id of the token, empty for every other kind of credential.
func (s *Subject) TokenID() hub.ID { return s.token.id() }

// HasToken tells whether the credential is a token.
func (s *Subject) HasToken() bool { return s.token != (key{}) }

// Service returns the service account whose token was sent, nil for everybody else.
func (s *Subject) Service() *hub.ServiceAccount {
	if s.rare == nil {
		return nil
	}
	return s.rare.service
}

// Superseded returns what became of the value of the token that was sent, nil if it is the present one.
func (s *Subject) Superseded() *hub.Superseded {
	if s.rare == nil {
		return nil
	}
	return s.rare.superseded
}

// Expires returns when the token ends, zero for never, and the last four letters of its value.
func (s *Subject) Expires() (at time.Time, last4 string) {
	return s.end(), s.name(nameLast4)
}

// TokenName returns the name that the token's owner gave it.
func (s *Subject) TokenName() string { return s.name(nameToken) }

// Revoked returns when the token was revoked, zero if it was not.
func (s *Subject) Revoked() time.Time {
	if s.rare == nil {
		return time.Time{}
	}
	return s.rare.revoked
}

// Suspended tells whether the person's account is.
func (s *Subject) Suspended() bool { return s.flags&suspended != 0 }

// ActorID returns the id of who acts: a person, or a service account.
func (s *Subject) ActorID() hub.ID {
	if a := s.Service(); a != nil {
		return a.ID
	}
	return s.UserID()
}

// ActorName returns the name of who acts: a person, or a service account.
func (s *Subject) ActorName() string { return s.name(nameActor) }

// LogValue says who asks, for logs: kind, user name and token id.
func (s *Subject) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("kind", s.Kind().String())}
	if name := s.UserName(); name != "" {
		attrs = append(attrs, slog.String("user", name))
	}
	if a := s.Service(); a != nil {
		attrs = append(attrs, slog.String("service", string(a.ID)))
	}
	if id := s.TokenID(); id != "" {
		attrs = append(attrs, slog.String("token", string(id)))
	}
	return slog.GroupValue(attrs...)
}

// Credential returns the digest under which the subject was looked up.
func (s *Subject) Credential() Credential {
	return Credential{Digest: s.digest, Session: s.flags&bySession != 0}
}

// Check tells whether the credential is live at the given time; the error is InvalidCredentials.
func (s *Subject) Check(now time.Time) error {
	if s.live(now) {
		return nil
	}
	return deadCredential(s)
}

func (s *Subject) live(now time.Time) bool {
	return s.base().has(stateLive) && !s.over(now)
}

// setEnd notes when the credential ends.
func (s *Subject) setEnd(t time.Time) {
	switch sec := t.Unix(); {
	case sec < 1:
		s.ends = 1
	case sec >= math.MaxUint32: // in 2106
		s.ends, s.rarely().end = math.MaxUint32, t
	default:
		s.ends, s.endNanos = uint32(sec), uint32(t.Nanosecond())
	}
}

// end is when the credential ends, zero for never.
func (s *Subject) end() time.Time {
	if s.ends == 0 {
		return time.Time{}
	}
	if s.ends == math.MaxUint32 {
		return s.rare.end
	}
	return time.Unix(int64(s.ends), int64(s.endNanos))
}

// over tells whether the time of the credential is. Until the second in which it ends, that second is all that is looked at.
func (s *Subject) over(now time.Time) bool {
	return s.ends != 0 && now.Unix() >= int64(s.ends) && !now.Before(s.end())
}
