// Package serviceaccounts keeps identities that belong to organizations: no person, no password, no seat. Their whole
// access is that of their tokens, which are fine-grained, bound to the organization, and never exceed what their issuer
// holds.
//
// Source: access-model 2.6; Hub documentation, "Service accounts".
package serviceaccounts

import (
	"context"
	"fmt"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// Limits. Source: Hub OpenAPI; those of accounts and tokens are ours.
const (
	maxName        = 50 // characters
	maxDescription = 500
	maxTokenName   = 100
	maxRepos       = 100
	maxPatterns    = 20
	maxPattern     = 200
	maxAccounts    = 500 // of an organization
	maxTokens      = 50  // live ones of an account
	defaultName    = "API Token"
)

// Store is what the service needs of the metadata store. Error codes are those of store/meta.
type Store interface {
	orgs.Finder
	CreateServiceAccount(ctx context.Context, a hub.ServiceAccount, ev hub.Event) error
	ServiceAccount(ctx context.Context, id hub.ID) (hub.ServiceAccount, error)
	ServiceAccounts(ctx context.Context, orgID hub.ID) ([]hub.ServiceAccount, error)
	DeleteServiceAccount(ctx context.Context, id hub.ID, ev hub.Event) error
	CreateServiceToken(ctx context.Context, t hub.ServiceToken, kid string, digest []byte, ev hub.Event) error
	UpdateServiceToken(ctx context.Context, t hub.ServiceToken, ev hub.Event) error
	RotateServiceToken(ctx context.Context, id hub.ID, r hub.Rotation, ev hub.Event) error
	RevokeServiceToken(ctx context.Context, id hub.ID, why string, at time.Time, ev hub.Event) error
	ServiceToken(ctx context.Context, id hub.ID) (hub.ServiceToken, error)
	ServiceTokens(ctx context.Context, accountID hub.ID) ([]hub.ServiceToken, error)
	OrgRules(ctx context.Context, orgID hub.ID) (hub.OrgRules, error)
	RepoByID(ctx context.Context, id hub.ID) (hub.Repo, error)
	TokenFactsByID(ctx context.Context, id hub.ID) (hub.SubjectFacts, error)
}

// Digester makes the digests under which values are kept; identity.Keys is one.
type Digester interface {
	TokenDigest(value secret.String) (kid string, digest []byte)
}

// Service does what a grant allows. Safe for concurrent use.
type Service struct {
	store    Store
	digester Digester
	format   tokenfmt.Format
	opts     Options
	now      func() time.Time
}

// Options are the rules.
type Options struct {
	MaxLifetime time.Duration // of values of tokens, unless the organization says less; 0: none
	Lifetime    time.Duration // of tokens that are made without an expiry, unless the organization says less; 0: none
	MaxOverlap  time.Duration // that an old value may be given at rotation
	Now         func() time.Time
}

// New makes the service of the hub with the given instance id.
func New(store Store, d Digester, instance string, o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{store: store, digester: d, format: tokenfmt.ForInstance(instance), opts: o, now: o.Now}
}

// Full is an account with its live tokens.
type Full struct {
	hub.ServiceAccount
	Tokens []hub.ServiceToken
	Signs  map[hub.ID][]hub.Sign // of those that have not expired, by id
}

// List lists the accounts of an organization. Needs ServiceAccountsRead on it, or InstanceAdmin. NotFound.
func (s *Service) List(ctx context.Context, g access.Grant, org string) ([]Full, error) {
	o, err := orgs.Find(ctx, s.store, g, access.ServiceAccountsRead, org)
	if err != nil {
		return nil, err
	}
	all, err := s.store.ServiceAccounts(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	list := []Full{}
	for _, a := range all {
		f, err := s.full(ctx, a)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

func (s *Service) full(ctx context.Context, a hub.ServiceAccount) (Full, error) {
	f := Full{ServiceAccount: a, Signs: map[hub.ID][]hub.Sign{}}
	limits, err := s.lifetimes(ctx, a)
	if err != nil {
		return f, err
	}
	all, err := s.store.ServiceTokens(ctx, a.ID)
	now := s.now()
	for _, t := range all {
		if !t.RevokedAt.IsZero() {
			continue
		}
		f.Tokens = append(f.Tokens, t)
		if t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt) {
			f.Signs[t.ID] = t.Life().Signs(limits, now)
		}
	}
	return f, err
}

// Show returns one account. Needs ServiceAccountsRead on the organization, or InstanceAdmin. NotFound.
func (s *Service) Show(ctx context.Context, g access.Grant, org string, id hub.ID) (Full, error) {
	a, err := s.find(ctx, g, access.ServiceAccountsRead, org, id)
	if err != nil {
		return Full{}, err
	}
	return s.full(ctx, a)
}

// find returns an account of the organization. An account of another one is NotFound.
func (s *Service) find(ctx context.Context, g access.Grant, action access.Action, org string, id hub.ID) (hub.ServiceAccount, error) {
	o, err := orgs.Find(ctx, s.store, g, action, org)
	if err != nil {
		return hub.ServiceAccount{}, err
	}
	none := hub.Errorf(hub.NotFound, "%s has no such service account.", o.Name)
	if _, err := hub.ParseID(string(id)); err != nil {
		return hub.ServiceAccount{}, none
	}
	a, err := s.store.ServiceAccount(ctx, id)
	if hub.Is(err, hub.NotFound) || err == nil && a.OrgID != o.ID {
		return hub.ServiceAccount{}, none
	}
	return a, err
}

// NewAccount is what an account is made of. With Token it gets a first token.
type NewAccount struct {
	Name        string
	Description string
	Token       *NewToken
}

// Create makes an account. Needs ServiceAccountsWrite on the organization, or InstanceAdmin. InvalidInput; Conflict over
// the limit.
func (s *Service) Create(ctx context.Context, g access.Grant, org string, n NewAccount, from hub.Event) (Full, *Created, error) {
	o, err := orgs.Find(ctx, s.store, g, access.ServiceAccountsWrite, org)
	if err != nil {
		return Full{}, nil, err
	}
	a := hub.ServiceAccount{OrgID: o.ID, OrgName: o.Name, CreatedBy: g.Subject().ActorID(), CreatedAt: s.now().UTC()}
	if a.Name, err = orgs.Text("name of the service account", n.Name, 1, maxName, false); err != nil {
		return Full{}, nil, err
	}
	if a.Description, err = orgs.Text("description", n.Description, 0, maxDescription, true); err != nil {
		return Full{}, nil, err
	}
	all, err := s.store.ServiceAccounts(ctx, o.ID)
	if err != nil {
		return Full{}, nil, err
	}
	if len(all) >= maxAccounts {
		return Full{}, nil, hub.Errorf(hub.Conflict, "%s has %d service accounts already; delete one that is not needed.", o.Name, len(all))
	}
	if n.Token != nil { // nothing is made when the token could not be
		if _, err := s.prepare(ctx, g, a, *n.Token); err != nil {
			return Full{}, nil, err
		}
	}
	err = hub.GiveID(s.now(), func(id hub.ID) error {
		a.ID = id
		ev := orgs.Event(g, from, "org.service_account.create", fmt.Sprintf("created service account %q of %s", a.Name, o.Name), o.ID, id)
		return s.store.CreateServiceAccount(ctx, a, ev)
	})
	if err != nil {
		return Full{}, nil, err
	}
	var c *Created
	if n.Token != nil {
		t, err := s.issue(ctx, g, a, *n.Token, from)
		if err != nil {
			return Full{}, nil, err
		}
		c = &t
	}
	f, err := s.full(ctx, a)
	return f, c, err
}

// Delete removes an account; its tokens are refused when it returns. Needs ServiceAccountsWrite on the organization, or
// InstanceAdmin. NotFound.
func (s *Service) Delete(ctx context.Context, g access.Grant, org string, id hub.ID, from hub.Event) error {
	a, err := s.find(ctx, g, access.ServiceAccountsWrite, org, id)
	if err != nil {
		return err
	}
	return s.store.DeleteServiceAccount(ctx, a.ID, orgs.Event(g, from, "org.service_account.delete", fmt.Sprintf("deleted service account %q of %s", a.Name, a.OrgName), a.OrgID, a.ID))
}
