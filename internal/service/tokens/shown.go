package tokens

import (
	"context"
	"slices"

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
	own := g.Subject().Facts().Token
	if own == nil {
		return nil, nil
	}
	t := *own
	t.Scopes = slices.Clone(t.Scopes)
	var failed error
	t.Scopes = slices.DeleteFunc(t.Scopes, func(sc hub.Scope) bool {
		if failed != nil || !(Entity{Type: sc.EntityType}).isRepo() {
			return false
		}
		_, err := s.authorizer.Authorize(ctx, g.Subject(), access.Need{Action: access.RepoView, Target: access.RepoRow(sc.EntityID)})
		if err != nil && !hub.Is(err, hub.RepoNotFound) {
			failed = err
		}
		return err != nil
	})
	return &t, failed
}
