package serviceaccounts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// NewToken is what a token is made of. RepoPermissions replace Permissions on Repos.
type NewToken struct {
	Name             string // "" for the Hub's default
	Permissions      []hub.Permission
	Repos            []hub.ID
	RepoPermissions  []hub.Permission
	EndpointPatterns []string // empty: all endpoints
	SkipNetwork      bool
	ExpiresAt        time.Time // zero: after the usual lifetime, if the hub or the organization has one
	Never            bool      // no expiry, whatever is usual
}

// Created is a new value: the only time that it is seen.
type Created struct {
	hub.ServiceToken
	Value secret.String
}

// CreateToken issues a token that carries no more than its issuer does. Needs ServiceAccountsWrite on the organization, or
// InstanceAdmin. InvalidInput; NotFound; Forbidden, naming what the issuer lacks; Conflict over the limit.
func (s *Service) CreateToken(ctx context.Context, g access.Grant, org string, account hub.ID, n NewToken, from hub.Event) (Created, error) {
	a, err := s.find(ctx, g, access.ServiceAccountsWrite, org, account)
	if err != nil {
		return Created{}, err
	}
	return s.issue(ctx, g, a, n, from)
}

func (s *Service) issue(ctx context.Context, g access.Grant, a hub.ServiceAccount, n NewToken, from hub.Event) (Created, error) {
	t, err := s.prepare(ctx, g, a, n)
	if err != nil {
		return Created{}, err
	}
	value := secret.New(s.format.Generate())
	t.Last4 = tokenfmt.Last4(value.Reveal())
	kid, digest := s.digester.TokenDigest(value)
	ev := orgs.Event(g, from, "org.service_account.token.create", fmt.Sprintf("created token %q of service account %q of %s: %s", t.Name, a.Name, a.OrgName, t.Says()), a.OrgID, t.ID)
	if err := s.store.CreateServiceToken(ctx, t, kid, digest, ev); err != nil {
		return Created{}, err
	}
	return Created{t, value}, nil
}

// prepare checks a new token of a, which need not be stored yet.
func (s *Service) prepare(ctx context.Context, g access.Grant, a hub.ServiceAccount, n NewToken) (hub.ServiceToken, error) {
	now := s.now().UTC()
	t := hub.ServiceToken{ID: hub.NewIDAt(now), AccountID: a.ID, Gen: 1, CreatedBy: g.Subject().ActorID(), CreatedAt: now,
		Permissions: n.Permissions, Repos: n.Repos, RepoPermissions: n.RepoPermissions, EndpointPatterns: n.EndpointPatterns, SkipNetwork: n.SkipNetwork}
	if strings.TrimSpace(n.Name) == "" {
		n.Name = defaultName
	}
	var err error
	if t.Name, err = orgs.Text("name of the token", n.Name, 1, maxTokenName, false); err != nil {
		return t, err
	}
	limits, err := s.lifetimes(ctx, a)
	if err != nil {
		return t, err
	}
	if t.ExpiresAt, err = limits.Expiry(n.ExpiresAt, n.Never, now, now); err != nil {
		return t, err
	}
	if err := s.permissions(ctx, g, a, &t); err != nil {
		return t, err
	}
	live, err := s.full(ctx, a)
	if err == nil && len(live.Tokens) >= maxTokens {
		err = hub.Errorf(hub.Conflict, "The service account has %d live tokens already; delete one that is not needed.", len(live.Tokens))
	}
	return t, err
}

// permissions checks what t shall carry and puts it into the order of the tables.
func (s *Service) permissions(ctx context.Context, g access.Grant, a hub.ServiceAccount, t *hub.ServiceToken) error {
	if err := hub.CheckServicePermissions(t.Permissions, t.RepoPermissions); err != nil {
		return err
	}
	t.Permissions, t.RepoPermissions = ordered(t.Permissions, hub.ServicePermissions), ordered(t.RepoPermissions, hub.ServiceRepoPermissions)
	if err := checkPatterns(t.EndpointPatterns); err != nil {
		return err
	}
	switch {
	case len(t.Repos) > maxRepos:
		return hub.Errorf(hub.InvalidInput, "A token names at most %d repositories.", maxRepos)
	case len(t.Repos) == 0 && len(t.RepoPermissions) > 0:
		return hub.Errorf(hub.InvalidInput, "repoPermissions need repositories: name them in repoIds.")
	}
	for i, id := range t.Repos {
		none := hub.Errorf(hub.InvalidInput, "There is no repository with the id %q that belongs to %s or is public.", string(id), a.OrgName)
		if _, err := hub.ParseID(string(id)); err != nil {
			return none
		}
		if slices.Contains(t.Repos[:i], id) {
			return hub.Errorf(hub.InvalidInput, "The repository %q is named twice.", string(id))
		}
		r, err := s.store.RepoByID(ctx, id)
		switch {
		case hub.Is(err, hub.RepoNotFound), err == nil && r.NamespaceID != a.OrgID && r.Visibility != hub.Public:
			return none
		case err != nil:
			return err
		}
	}
	return s.within(ctx, g, a, *t)
}

func ordered(ps, table []hub.Permission) []hub.Permission {
	out := []hub.Permission{}
	for _, p := range table {
		if slices.Contains(ps, p) {
			out = append(out, p)
		}
	}
	return out
}

func checkPatterns(ps []string) error {
	if len(ps) > maxPatterns {
		return hub.Errorf(hub.InvalidInput, "A token has at most %d endpoint patterns.", maxPatterns)
	}
	for _, p := range ps {
		bad := func(c rune) bool {
			return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_.*?/", c))
		}
		if p == "" || len(p) > maxPattern || strings.IndexFunc(p, bad) >= 0 {
			return hub.Errorf(hub.InvalidInput, "An endpoint pattern has 1 to %d letters, digits, '-', '_', '.', '/' and the wildcards '*' and '?'.", maxPattern)
		}
	}
	return nil
}

// token finds a live token of an account of the organization. NotFound.
func (s *Service) token(ctx context.Context, g access.Grant, org string, account, id hub.ID) (hub.ServiceAccount, hub.ServiceToken, error) {
	a, err := s.find(ctx, g, access.ServiceAccountsWrite, org, account)
	if err != nil {
		return a, hub.ServiceToken{}, err
	}
	none := hub.Errorf(hub.NotFound, "The service account has no such token.")
	if _, err := hub.ParseID(string(id)); err != nil {
		return a, hub.ServiceToken{}, none
	}
	t, err := s.store.ServiceToken(ctx, id)
	if hub.Is(err, hub.NotFound) || err == nil && (t.AccountID != a.ID || !t.RevokedAt.IsZero()) {
		return a, t, none
	}
	return a, t, err
}

// Change is what EditToken changes; nil fields stay as they are.
type Change struct {
	Name             *string
	Permissions      *[]hub.Permission
	Repos            *[]hub.ID
	RepoPermissions  *[]hub.Permission
	EndpointPatterns *[]string
	SkipNetwork      *bool
	ExpiresAt        *time.Time // zero: never
}

// EditToken changes a token for its next use; the value stays. What the changed token carries must be within what the
// caller holds. Needs ServiceAccountsWrite on the organization, or InstanceAdmin. InvalidInput, NotFound, Forbidden.
func (s *Service) EditToken(ctx context.Context, g access.Grant, org string, account, id hub.ID, c Change, from hub.Event) (hub.ServiceToken, error) {
	for tries := 1; ; tries++ {
		a, t, err := s.edited(ctx, g, org, account, id, c)
		if err != nil {
			return t, err
		}
		ev := orgs.Event(g, from, "org.service_account.token.update", fmt.Sprintf("changed token %q of service account %q of %s: %s", t.Name, a.Name, a.OrgName, t.Says()), a.OrgID, t.ID)
		err = s.store.UpdateServiceToken(ctx, t, ev)
		if hub.Is(err, hub.Conflict) && tries < editTries {
			continue // it was changed meanwhile: that change stays, and this one is made to what it is now
		}
		t.Gen++
		return t, err
	}
}

// editTries is how often a change of a token is begun anew because another one was faster.
const editTries = 20

// edited returns the token as it is with c made to it, and its account.
func (s *Service) edited(ctx context.Context, g access.Grant, org string, account, id hub.ID, c Change) (hub.ServiceAccount, hub.ServiceToken, error) {
	a, t, err := s.token(ctx, g, org, account, id)
	if err != nil {
		return a, t, err
	}
	if c.Name != nil {
		if t.Name, err = orgs.Text("name of the token", *c.Name, 1, maxTokenName, false); err != nil {
			return a, t, err
		}
	}
	set(&t.Permissions, c.Permissions)
	set(&t.Repos, c.Repos)
	set(&t.RepoPermissions, c.RepoPermissions)
	set(&t.EndpointPatterns, c.EndpointPatterns)
	set(&t.SkipNetwork, c.SkipNetwork)
	if c.ExpiresAt != nil {
		limits, err := s.lifetimes(ctx, a)
		if err != nil {
			return a, t, err
		}
		if t.ExpiresAt, err = limits.Expiry(*c.ExpiresAt, c.ExpiresAt.IsZero(), t.Life().Born(), s.now().UTC()); err != nil {
			return a, t, err
		}
	}
	if c.Permissions != nil || c.Repos != nil || c.RepoPermissions != nil || c.SkipNetwork != nil || c.EndpointPatterns != nil || c.ExpiresAt != nil {
		err = s.permissions(ctx, g, a, &t)
	}
	return a, t, err
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// deleted is why a deleted token is dead.
const deleted = "deleted"

// DeleteToken ends a token for ever. Needs ServiceAccountsWrite on the organization, or InstanceAdmin. NotFound.
func (s *Service) DeleteToken(ctx context.Context, g access.Grant, org string, account, id hub.ID, from hub.Event) error {
	a, t, err := s.token(ctx, g, org, account, id)
	if err != nil {
		return err
	}
	ev := orgs.Event(g, from, "org.service_account.token.delete", fmt.Sprintf("deleted token %q of service account %q of %s", t.Name, a.Name, a.OrgName), a.OrgID, t.ID)
	return s.store.RevokeServiceToken(ctx, t.ID, deleted, s.now().UTC(), ev)
}
