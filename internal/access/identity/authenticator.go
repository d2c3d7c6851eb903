package identity

import (
	"context"
	"net/netip"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Store is what the authenticator reads. store/meta satisfies it.
type Store interface {
	// TokenFacts is Unauthorized or NotFound for an unknown digest. Revoked and expired tokens are returned.
	TokenFacts(ctx context.Context, digest []byte) (hub.SubjectFacts, error)
	// SessionByDigest is Unauthorized or NotFound for an unknown digest.
	SessionByDigest(ctx context.Context, digest []byte) (hub.Session, hub.User, error)
	UserFacts(ctx context.Context, userID hub.ID) (hub.SubjectFacts, error)
	// OnChange registers a listener that is called after each commit and before the changing call returns.
	OnChange(func([]hub.Change))
	// TouchTokens stores when tokens were last used, many at once.
	TouchTokens(ctx context.Context, used map[hub.ID]time.Time) error
}

// Credentials is what a request brings, as it arrived.
type Credentials struct {
	Authorization string     // the header's value, empty if absent
	Cookie        string     // the value of the session cookie, empty if absent; ignored beside Authorization
	Addr          netip.Addr // of the client, for limiting failures
}

// Options are the optional parts of an Authenticator.
type Options struct {
	Now        func() time.Time                     // time.Now if nil
	MaxCached  int                                  // snapshots kept, 100,000 if zero
	OnFailure  func(addr netip.Addr, reason string) // called for each refused credential; must not block
	FlushEvery time.Duration                        // of last-used times, 30 s if zero
}

// Authenticator turns credentials into subjects. It is safe for concurrent use. Run must run while it is used.
type Authenticator struct {
	store    Store
	keys     Keys
	instance string
	opts     Options
}

// New makes an Authenticator for the hub with the given instance id and registers it for the store's changes.
// An empty key ring is a fault of the caller and panics.
func New(store Store, keys Keys, instance string, o Options) *Authenticator {
	return &Authenticator{store: store, keys: keys, instance: instance, opts: o}
}

// Authenticate returns the subject of a request. Without a credential it is access.Anonymous. A credential
// that is not valid gives InvalidCredentials, whatever the URL. Any other error is a failure of the store.
func (a *Authenticator) Authenticate(ctx context.Context, c Credentials) (*access.Subject, error) {
	return nil, hub.Errorf(hub.Unavailable, "not yet")
}

// Refresh reads a subject anew from the credential it was made of: access.Refresher.
func (a *Authenticator) Refresh(ctx context.Context, s *access.Subject) (*access.Subject, error) {
	return nil, hub.Errorf(hub.Unavailable, "not yet")
}

// Run writes last-used times in batches until ctx ends, and then once more.
func (a *Authenticator) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
