// Package tokens makes and ends user access tokens. A value is shown once, at creation and at rotation, and kept as
// a keyed digest. Tokens are managed by their owner's browser session or by the operator, never by another token:
// the access engine grants TokenManage and InstanceAdmin to nothing else.
package tokens

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// Store is what the service needs of the metadata store. Error codes are those of store/meta.
type Store interface {
	CreateToken(ctx context.Context, t hub.Token, kid string, digest []byte, ev hub.Event) error
	RotateTokenTo(ctx context.Context, id hub.ID, r hub.Rotation, ev hub.Event) error
	UpdateToken(ctx context.Context, t hub.Token, ev hub.Event) error
	RevokeToken(ctx context.Context, id hub.ID, why string, at time.Time, ev hub.Event) error
	RevokeServiceToken(ctx context.Context, id hub.ID, why string, at time.Time, ev hub.Event) error
	TokenByID(ctx context.Context, id hub.ID) (hub.Token, error)
	TokensOf(ctx context.Context, userID hub.ID) ([]hub.Token, error)
	ListTokens(ctx context.Context, after hub.ID, limit int) ([]hub.Token, error)
	TokenFacts(ctx context.Context, digest []byte) (hub.SubjectFacts, error)
	TokenFactsByID(ctx context.Context, id hub.ID) (hub.SubjectFacts, error)
	TokensExpiring(ctx context.Context, from, until time.Time, after hub.ID, limit int) ([]hub.Token, error)
	ServiceTokensExpiring(ctx context.Context, from, until time.Time, after hub.ID, limit int) ([]hub.ExpiringServiceToken, error)
	ReportReuse(ctx context.Context, digest []byte, event func(hub.Reuse) (ev hub.Event, revoke bool)) (found bool, err error)
	Enqueue(ctx context.Context, notices ...hub.Notice) error
	RecordEvents(ctx context.Context, events ...hub.Event) error

	UserByName(ctx context.Context, name string) (hub.User, error)
	UserByID(ctx context.Context, id hub.ID) (hub.User, error)
	OrgByName(ctx context.Context, name string) (hub.Organization, error)
	OrgByID(ctx context.Context, id hub.ID) (hub.Organization, error)
	WaitingTokens(ctx context.Context, since time.Time) ([]hub.WaitingTokens, error)
	TokenGrants(ctx context.Context, tokenID hub.ID) ([]hub.TokenGrant, error)
	MembershipsOf(ctx context.Context, userID hub.ID) ([]hub.Member, error)
	OrgRules(ctx context.Context, orgID hub.ID) (hub.OrgRules, error)
	GroupByName(ctx context.Context, orgID hub.ID, name string) (hub.ResourceGroup, error)
	GroupsOf(ctx context.Context, orgID, userID hub.ID) ([]hub.GroupMember, error)
	RepoByName(ctx context.Context, id hub.RepoID) (repo hub.Repo, moved bool, err error)
}

// Authorizer decides whether the owner of a token may see a repository that a scope names.
type Authorizer interface {
	Authorize(ctx context.Context, s *access.Subject, needs ...access.Need) (access.Grant, error)
}

// Digester makes the digests under which values are kept; identity.Keys is one.
type Digester interface {
	TokenDigest(value secret.String) (kid string, digest []byte)
	TokenDigests(value secret.String) [][]byte // under every key, the newest first
}

// Options are the rules.
type Options struct {
	MaxPerUser  int           // live tokens
	MaxScopes   int           // entities of one token
	MaxLifetime time.Duration // 0: none
	Lifetime    time.Duration // of tokens that are made without an expiry; 0: none
	MaxOverlap  time.Duration // that an old value may be given at rotation
	Leaks       hub.LeakRule  // what follows a token in a pushed file, unless an organization is stricter; LeakReport if empty
	Now         func() time.Time
}

// Service does what a grant allows. Safe for concurrent use.
type Service struct {
	store      Store
	authorizer Authorizer
	digester   Digester
	format     tokenfmt.Format
	opts       Options
	origin     Origin
}

// From returns the service for a request that came from there: what it records says so.
func (s *Service) From(o Origin) *Service {
	c := *s
	c.origin = o
	return &c
}

// New makes the service of the hub with the given instance id. It starts nothing.
func New(store Store, z Authorizer, d Digester, instance string, o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Leaks == hub.LeakByHub {
		o.Leaks = hub.LeakReport
	}
	return &Service{store: store, authorizer: z, digester: d, format: tokenfmt.ForInstance(instance), opts: o}
}

// Reasons why a token is dead.
const (
	Deleted = "deleted" // by its owner or the operator
	Leaked  = "leaked"  // somebody presented its value for revocation, or pushed it
	Reused  = "reused"  // a value that was rotated away was used after its time
)

// Status tells how a token stands: live, expired, or why it was revoked.
func Status(t hub.Token, now time.Time) string {
	switch {
	case !t.RevokedAt.IsZero():
		return t.RevokedWhy
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return "expired"
	}
	return "live"
}

// Status tells how a token stands now; see the function of the same name.
func (s *Service) Status(t Owned) string { return Status(t.Token, s.opts.Now()) }

// Owned is a token with the name of its owner.
type Owned struct {
	hub.Token
	UserName string
}

// Created is a new value: the only time that it is seen.
type Created struct {
	Owned
	Value secret.String
}

// find returns a token that the holder of g may manage: his own with TokenManage, any with InstanceAdmin. Another's
// token and a deleted one are NotFound.
func (s *Service) find(ctx context.Context, g access.Grant, id hub.ID) (Owned, error) {
	operator := g.Has(access.InstanceAdmin) == nil
	if !operator {
		if err := g.Has(access.TokenManage); err != nil {
			return Owned{}, err
		}
	}
	none := hub.Errorf(hub.NotFound, "There is no token with the id %s.", id)
	if _, err := hub.ParseID(string(id)); err != nil {
		return Owned{}, hub.Errorf(hub.NotFound, "There is no token with that id.")
	}
	t, err := s.store.TokenByID(ctx, id)
	if hub.Is(err, hub.NotFound) {
		return Owned{}, none
	}
	if err != nil {
		return Owned{}, err
	}
	if !operator && t.UserID != g.Subject().UserID() || t.RevokedWhy == Deleted {
		return Owned{}, none
	}
	u, err := s.store.UserByID(ctx, t.UserID)
	return Owned{t, u.Name}, err
}

// live is find for what only a live token can do.
func (s *Service) live(ctx context.Context, g access.Grant, id hub.ID) (Owned, error) {
	t, err := s.find(ctx, g, id)
	if err != nil {
		return t, err
	}
	switch st := Status(t.Token, s.opts.Now()); st {
	case "live":
		return t, nil
	case "expired":
		return t, hub.Errorf(hub.Conflict, "The token expired on %s. Make a new one.", t.ExpiresAt.UTC().Format("2006-01-02"))
	default:
		return t, hub.Errorf(hub.Conflict, "The token was revoked (%s). Make a new one.", st)
	}
}

// event begins the audit event of what the holder of g does to a token. It never carries the value.
func (s *Service) event(g access.Grant, kind, message string, owner, token hub.ID) hub.Event {
	ev := hub.Event{Type: kind, Message: message, NamespaceID: owner, TargetID: token, IP: s.origin.IP, UserAgent: s.origin.UserAgent}
	if by := g.Subject(); by != nil {
		ev.ActorID, ev.ActorName, ev.TokenID = by.UserID(), by.UserName(), by.TokenID()
		if by.Kind() == access.KindOperator {
			ev.ActorName = "operator"
		}
	}
	return ev
}
