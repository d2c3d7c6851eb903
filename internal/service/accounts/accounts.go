// Package accounts keeps people and organizations: users with passwords and browser sessions, organizations and
// their members. Its methods take a grant of the access engine; which action a method needs stands in its comment.
package accounts

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// Store is what the service needs of the metadata store. Error codes are those of store/meta.
type Store interface {
	CreateUser(ctx context.Context, u hub.User, passwordHash string, ev hub.Event) error
	UserByName(ctx context.Context, name string) (hub.User, error)
	UserByID(ctx context.Context, id hub.ID) (hub.User, error)
	PasswordHash(ctx context.Context, userID hub.ID) (string, error)
	SetPassword(ctx context.Context, userID hub.ID, hash string, ev hub.Event) error
	ChangeUser(ctx context.Context, id hub.ID, ev hub.Event, change func(*hub.User) (message string, err error)) error
	SetSuspended(ctx context.Context, userID hub.ID, suspended bool, ev hub.Event) error
	DeleteUser(ctx context.Context, userID hub.ID, ev hub.Event) error
	ListUsers(ctx context.Context, after hub.ID, limit int) ([]hub.User, error)
	CountUsers(ctx context.Context) (int64, error)

	CreateOrg(ctx context.Context, o hub.Organization, firstAdmin hub.ID, ev hub.Event) error
	OrgByName(ctx context.Context, name string) (hub.Organization, error)
	OrgByID(ctx context.Context, id hub.ID) (hub.Organization, error)
	OrgRules(ctx context.Context, orgID hub.ID) (hub.OrgRules, error)
	ChangeOrg(ctx context.Context, id hub.ID, ev hub.Event, change func(*hub.Organization) (message string, err error)) error
	DeleteOrg(ctx context.Context, id hub.ID, ev hub.Event) error
	ListOrgs(ctx context.Context, after hub.ID, limit int) ([]hub.Organization, error)
	SetMember(ctx context.Context, orgID, userID hub.ID, role hub.Role, ev hub.Event) error
	RemoveMember(ctx context.Context, orgID, userID hub.ID, ev hub.Event) error
	Members(ctx context.Context, orgID, after hub.ID, limit int) ([]hub.Member, error)
	MembershipsOf(ctx context.Context, userID hub.ID) ([]hub.Member, error)
	UserFacts(ctx context.Context, userID hub.ID) (hub.SubjectFacts, error)

	CreateSession(ctx context.Context, s hub.Session, digest []byte, ev hub.Event) error
	SessionByDigest(ctx context.Context, digest []byte) (hub.Session, hub.User, error)
	DeleteSession(ctx context.Context, id hub.ID, ev hub.Event) error
	DeleteSessionsOf(ctx context.Context, userID hub.ID, ev hub.Event) error

	Setting(ctx context.Context, key string) (string, bool, error)
	PutSetting(ctx context.Context, key, value string) error
}

// Digester turns the value of a session's cookie into the digest under which it is stored; identity.Keys is one.
type Digester interface {
	SessionDigest(value secret.String) []byte
}

// Options are the rules.
type Options struct {
	PasswordMinLength int           // characters
	SessionLifetime   time.Duration // from sign-in
	Now               func() time.Time
}

// Service does what a grant allows. Safe for concurrent use.
type Service struct {
	store     Store
	digester  Digester
	passwords *passwords
	lifetime  time.Duration
	now       func() time.Time
	setupTurn chan struct{} // of who creates the first administrator; one at a time
}

// New makes the service. It starts nothing.
func New(store Store, d Digester, o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{
		store: store, digester: d, passwords: newPasswords(o.PasswordMinLength), lifetime: o.SessionLifetime, now: o.Now,
		setupTurn: make(chan struct{}, 1),
	}
}

// event begins the audit event of what the holder of g does.
func event(g access.Grant, kind, message string) hub.Event {
	return orgs.Event(g, hub.Event{}, kind, message, "", "")
}
