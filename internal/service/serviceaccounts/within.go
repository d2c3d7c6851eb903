package serviceaccounts

import (
	"context"
	"slices"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// within tells whether the issuer holds everything that t carries, on every repository of the organization, through every
// endpoint and for as long; Forbidden. Otherwise an account that may issue tokens could make itself anything.
func (s *Service) within(ctx context.Context, g access.Grant, a hub.ServiceAccount, t hub.ServiceToken) error {
	if orgs.IsOperator(g) {
		return nil
	}
	sub := g.Subject()
	want := slices.Concat(t.Permissions, t.RepoPermissions)
	if t.SkipNetwork {
		want = append(want, hub.PermOrgNetworkWrite)
	}
	missing := sub.MissingToIssue(a.OrgID, want)
	if sub.HasToken() {
		own, err := s.store.TokenFactsByID(ctx, sub.TokenID())
		if err != nil {
			return err
		}
		for _, sc := range own.Token.Scopes {
			missing = append(missing, lessThere(sc, a, t)...)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return hub.Errorf(hub.Forbidden, "A token cannot carry more than who issues it: you lack %s in %s.", hub.JoinWords(slices.Compact(missing)), a.OrgName)
	}
	if sub.Service() == nil {
		return nil
	}
	own, err := s.store.ServiceToken(ctx, sub.TokenID())
	if err != nil {
		return err
	}
	return withinToken(own, t)
}

// lessThere returns what t would carry on a repository or group on which the issuer's token says less than it does for the
// organization: an entry for the smaller thing speaks alone.
func lessThere(sc hub.Scope, a hub.ServiceAccount, t hub.ServiceToken) (missing []hub.Permission) {
	switch sc.EntityType {
	case hub.EntityUser, hub.EntityOrg:
		return nil
	}
	named := slices.Contains(t.Repos, sc.EntityID)
	if sc.NamespaceID != a.OrgID && !named {
		return nil
	}
	want := t.Permissions
	switch {
	case named:
		want = t.RepoPermissions
	case sc.EntityType == hub.EntityGroup: // a repository that t names may be in the group
		want = slices.Concat(t.Permissions, t.RepoPermissions)
	}
	for _, p := range want {
		covered := slices.Contains(sc.Permissions, p) || p == hub.PermRepoContentRead && slices.Contains(sc.Permissions, hub.PermRepoWrite)
		if slices.Contains(hub.ServiceRepoPermissions, p) && !covered {
			missing = append(missing, p)
		}
	}
	return missing
}

// withinToken compares what is not a permission: own is the service account's token that issues t.
func withinToken(own, t hub.ServiceToken) error {
	calls := slices.ContainsFunc(t.Permissions, func(p hub.Permission) bool {
		return p == hub.PermEndpointsInfer || p == hub.PermEndpointsWrite
	})
	if calls && len(own.EndpointPatterns) > 0 {
		if len(t.EndpointPatterns) == 0 || slices.ContainsFunc(t.EndpointPatterns, func(p string) bool { return !slices.Contains(own.EndpointPatterns, p) }) {
			return hub.Errorf(hub.Forbidden, "A token cannot reach more endpoints than the one that issues it: use its patterns, %s.", hub.JoinWords(own.EndpointPatterns))
		}
	}
	if !own.ExpiresAt.IsZero() && (t.ExpiresAt.IsZero() || t.ExpiresAt.After(own.ExpiresAt)) {
		return hub.Errorf(hub.Forbidden, "A token cannot outlive the one that issues it, which ends on %s.", own.ExpiresAt.UTC().Format("2006-01-02T15:04:05Z"))
	}
	return nil
}
