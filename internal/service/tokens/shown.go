package tokens

import (
	"context"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Shown returns the caller's token as it may be shown to whoever holds it, nil when the credential is no token: without
// the entries for repositories that it cannot view. An entry carries the name that the repository has now, which
// may be one that was given after its owner had left. Needs WhoAmI.
func (s *Service) Shown(ctx context.Context, g access.Grant) (*hub.Token, error) {
	if err := g.Has(access.WhoAmI); err != nil {
		return nil, err
	}
	if !g.Subject().HasToken() {
		return nil, nil
	}
	f, err := s.store.TokenFactsByID(ctx, g.Subject().TokenID())
	if hub.Is(err, hub.NotFound) { // since the request began
		return nil, hub.Wrap(err, hub.InvalidCredentials, "%s", hub.MessageInvalidCredentials)
	}
	if err != nil {
		return nil, err
	}
	t := *f.Token
	t.Scopes, err = s.inSight(ctx, g.Subject(), t.Scopes, false)
	return &t, err
}

// ShownTo returns a token that the holder of g manages as it may be shown to him: without the entries for repositories and
// resource groups that he cannot see any more. They are still there, and speak again when he does. The operator sees all.
func (s *Service) ShownTo(ctx context.Context, g access.Grant, t Owned) (Owned, error) {
	if g.Has(access.InstanceAdmin) == nil {
		return t, nil
	}
	var err error
	t.Scopes, err = s.inSight(ctx, g.Subject(), t.Scopes, true)
	return t, err
}

// inSight leaves the scopes whose repositories, and with groups whose resource groups, the subject may see.
func (s *Service) inSight(ctx context.Context, sub *access.Subject, scopes []hub.Scope, groups bool) (out []hub.Scope, err error) {
	out = slices.DeleteFunc(slices.Clone(scopes), func(sc hub.Scope) bool {
		var need access.Need
		switch {
		case err != nil:
			return false
		case (Entity{Type: sc.EntityType}).isRepo():
			need = access.Need{Action: access.RepoView, Target: access.RepoRow(sc.EntityID)}
		case groups && sc.EntityType == hub.EntityGroup:
			org, _, _ := strings.Cut(sc.EntityName, "/")
			need = access.Need{Action: access.GroupRead, Target: access.Group(org, sc.EntityID)}
		default:
			return false
		}
		_, hidden := s.authorizer.Authorize(ctx, sub, need)
		if hidden != nil && hub.CodeOf(hidden) != hub.RepoNotFound && hub.CodeOf(hidden) != hub.NotFound && hub.CodeOf(hidden) != hub.Forbidden {
			err = hidden
		}
		return hidden != nil
	})
	return out, err
}
