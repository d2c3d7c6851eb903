package tokens

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Review is what an organization says about a token, as its owner may know: pending, denied and approved where the
// organization requires approval, revoked under any policy.
type Review struct {
	Org    string
	State  hub.TokenState
	Since  time.Time // when it became so
	Reason string    // the reviewer's, for the owner
}

// Reviews returns what organizations say about a token, by their names. t has been found with a grant of this service.
func (s *Service) Reviews(ctx context.Context, t Owned) ([]Review, error) {
	grants, err := s.store.TokenGrants(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	var out []Review
	for _, g := range grants {
		if g.State == hub.TokenNone {
			continue
		}
		rules, err := s.store.OrgRules(ctx, g.OrgID)
		if hub.Is(err, hub.NotFound) || err == nil && g.State != hub.TokenRevoked && rules.Tokens != hub.RequireApproval {
			continue
		}
		if err != nil {
			return nil, err
		}
		o, err := s.store.OrgByID(ctx, g.OrgID)
		if err != nil {
			return nil, err
		}
		r := Review{Org: o.Name, State: g.State, Since: g.ReviewedAt, Reason: g.Reason}
		if g.State == hub.TokenPending {
			r.Since = g.RequestedAt
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Review) int { return strings.Compare(a.Org, b.Org) })
	return out, nil
}
