package identity

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Store is what the authenticator reads. store/meta satisfies it.
type Store interface {
	// TokenFacts is Unauthorized or NotFound for an unknown digest. Revoked and expired tokens are returned.
	TokenFacts(ctx context.Context, digest []byte) (hub.SubjectFacts, error)
	// SessionByDigest is Unauthorized or NotFound for an unknown digest. Expired sessions may be returned.
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
	Addr          netip.Addr // of the client, for limiting failures and for reports
	Agent         string     // as the client names its program, for reports
}

// Options are the optional parts of an Authenticator.
type Options struct {
	Now        func() time.Time                     // time.Now if nil
	MaxCached  int                                  // snapshots kept, 100,000 if zero
	OnFailure  func(addr netip.Addr, reason string) // called for each refused credential; must not block
	FlushEvery time.Duration                        // of last-used times, 30 s if zero
	// Trusted tells whether all changes but the newest have been heard of; while it says no, nothing is taken from the
	// cache. Nil: always, for a store that nobody else writes. It must be quick.
	Trusted func() bool
	// SSH returns the subject of the SSH key with the given SHA-256, InvalidCredentials for an unknown one. Nil: there are
	// no SSH keys.
	SSH func(ctx context.Context, key [32]byte) (*access.Subject, error)
	// OnUnknown is called with the digests, under each key, of a well-formed token that the store does not know, and with
	// where it came from, without the value: it may be one that was rotated away. Called at most once in ten seconds for
	// each value; it must not block.
	OnUnknown func(digests [][]byte, from Credentials)
}

// Authenticator turns credentials into subjects. It is safe for concurrent use. Run must run while it is used.
type Authenticator struct {
	store  Store
	keys   Keys
	format tokenfmt.Format
	opts   Options
	cache  *cache
	used   *lastUsed
}

// New makes an Authenticator for the hub with the given instance id and registers it for the store's changes.
// An empty key ring is a fault of the caller and panics.
func New(store Store, keys Keys, instance string, o Options) *Authenticator {
	if keys.IsZero() {
		panic("identity: empty key ring")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxCached <= 0 {
		o.MaxCached = 100_000
	}
	if o.FlushEvery <= 0 {
		o.FlushEvery = 30 * time.Second
	}
	a := &Authenticator{
		store: store, keys: keys, format: tokenfmt.ForInstance(instance), opts: o,
		cache: newCache(o.MaxCached), used: newLastUsed(store),
	}
	store.OnChange(a.cache.drop)
	return a
}

// Run writes last-used times in batches until ctx ends, and then once more.
func (a *Authenticator) Run(ctx context.Context) error { return a.used.run(ctx, a.opts.FlushEvery) }

// Authenticate returns the subject of a request. Without a credential it is access.Anonymous. A credential
// that is not valid gives InvalidCredentials, whatever the URL: its Reason is for the log, its Hint for the
// body. Any other error is a failure of the store.
func (a *Authenticator) Authenticate(ctx context.Context, c Credentials) (*access.Subject, error) {
	s, err := a.authenticate(ctx, c)
	if err != nil && a.opts.OnFailure != nil {
		if e, ok := err.(*hub.Error); ok && e.Code == hub.InvalidCredentials {
			a.opts.OnFailure(c.Addr, e.Reason)
		}
	}
	return s, err
}

func (a *Authenticator) authenticate(ctx context.Context, c Credentials) (*access.Subject, error) {
	switch {
	case c.Authorization != "":
		token, err := parseHeader(a.format, c.Authorization)
		if err != nil {
			return nil, err
		}
		return a.lookup(ctx, token, false, c)
	case c.Cookie != "":
		if len(c.Cookie) > maxHeader {
			return nil, refusal(reasonMalformed)
		}
		return a.lookup(ctx, c.Cookie, true, c)
	}
	return access.Anonymous(), nil
}

// Refresh reads a subject anew from the credential it was made of: access.Refresher. A credential that was
// rotated away, deleted or has expired since is InvalidCredentials.
func (a *Authenticator) Refresh(ctx context.Context, s *access.Subject) (*access.Subject, error) {
	switch s.Kind() {
	case access.KindAnonymous, access.KindOperator:
		return s, nil
	}
	c := s.Credential()
	if c == (access.Credential{}) {
		return nil, refusal(reasonUnknown)
	}
	if s.Kind() == access.KindSSH {
		fresh, err := a.ofKey(ctx, c.Digest)
		if err != nil {
			return nil, err
		}
		return fresh.From(s.Addr()), nil
	}
	fresh, err := a.resolve(ctx, digest(c.Digest), nil, c.Session, Credentials{Addr: s.Addr()})
	if err != nil {
		return nil, err
	}
	return fresh.From(s.Addr()), nil
}

// ofKey returns the subject of an SSH key as it is now.
func (a *Authenticator) ofKey(ctx context.Context, key [32]byte) (*access.Subject, error) {
	if a.opts.SSH == nil {
		return nil, refusal(reasonUnknown)
	}
	return a.opts.SSH(ctx, key)
}

// fillTime is how long one look into the store may take. A store that does not answer must not hold callers for ever,
// and nobody is let in without its answer.
const fillTime = 3 * time.Second

func (a *Authenticator) trusted() bool { return a.opts.Trusted == nil || a.opts.Trusted() }

// cached returns the snapshot for k, nil when there is none or it cannot be trusted.
func (a *Authenticator) cached(k *digest, now time.Time) *entry {
	if !a.trusted() {
		return nil
	}
	return a.cache.get(k, now)
}

// lookup finds the subject of a token or session cookie by its digest under the newest key, and under the
// older ones while credentials made under them are still about.
func (a *Authenticator) lookup(ctx context.Context, value string, session bool, from Credentials) (*access.Subject, error) {
	ring := a.keys.entries()
	k := ring[0].digest(value, session)
	now := a.opts.Now()
	if e := a.cached(&k, now); e != nil {
		return a.use(e, now)
	}
	var older []digest
	for _, r := range ring[1:] {
		older = append(older, r.digest(value, session))
	}
	return a.resolve(ctx, k, older, session, Credentials{Addr: from.Addr, Agent: from.Agent})
}

// resolve finds the subject for the digest k, or for one of older, which are the same credential's digests
// under older keys. The answer is cached under k.
func (a *Authenticator) resolve(ctx context.Context, k digest, older []digest, session bool, from Credentials) (*access.Subject, error) {
	now := a.opts.Now()
	if e := a.cached(&k, now); e != nil {
		return a.use(e, now)
	}
	if a.trusted() && a.cache.isNegative(&k, now.UnixNano()) {
		return nil, refusal(reasonUnknown)
	}
	ctx, cancel := context.WithTimeout(ctx, fillTime)
	defer cancel()
	began := a.cache.begin()
	e, err := a.fill(ctx, k, session, now)
	for i := 0; isUnknown(err) && i < len(older); i++ {
		e, err = a.fill(ctx, older[i], session, now)
	}
	switch {
	case isUnknown(err):
		a.cache.installNegative(&k, now.Add(negativeTTL).UnixNano(), began)
		if a.opts.OnUnknown != nil && !session {
			all := [][]byte{k[:]}
			for i := range older {
				all = append(all, older[i][:])
			}
			a.opts.OnUnknown(all, from)
		}
		return nil, refusal(reasonUnknown)
	case errors.Is(err, context.DeadlineExceeded), err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, hub.Wrap(err, hub.Unavailable, "Credentials cannot be checked just now. Try again later.")
	case err != nil:
		return nil, err
	}
	a.cache.install(&k, e, began)
	return a.use(e, now)
}

// fill reads one credential from the store.
func (a *Authenticator) fill(ctx context.Context, d digest, session bool, now time.Time) (*entry, error) {
	e := &entry{until: uint32(now.Add(snapshotTTL).Unix())}
	if !session {
		f, err := a.store.TokenFacts(ctx, d[:])
		if err != nil {
			return nil, err
		}
		if f.Superseded != nil {
			if !now.Before(f.Superseded.Until) {
				return nil, hub.Errorf(hub.NotFound, "rotated away")
			}
			e.endsBy(f.Superseded.Until)
		}
		e.subject = *access.NewSubject(f, access.Credential{Digest: d})
		return e, nil
	}
	row, _, err := a.store.SessionByDigest(ctx, d[:])
	if err != nil {
		return nil, err
	}
	if !now.Before(row.ExpiresAt) {
		return nil, hub.Errorf(hub.NotFound, "session expired")
	}
	e.endsBy(row.ExpiresAt)
	f, err := a.store.UserFacts(ctx, row.UserID)
	if err != nil {
		return nil, err
	}
	f.Token = nil
	e.subject = *access.NewSubject(f, access.Credential{Digest: d, Session: true})
	return e, nil
}

// use answers with a snapshot if its credential is live, and notes that its token was used.
func (a *Authenticator) use(e *entry, now time.Time) (*access.Subject, error) {
	s := &e.subject
	if err := s.Check(now); err != nil {
		return nil, ofDead(err, s)
	}
	// Looked at before it is written: a write takes the snapshot away from the other processors.
	if minute := uint32(now.Unix() / 60); s.HasToken() && e.touched.Load() != minute && e.touched.Swap(minute) != minute {
		a.used.note(s.TokenID(), now)
	}
	return s, nil
}
