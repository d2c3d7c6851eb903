package tokens

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

// lifetimes returns how long a value of t may live: as the hub says, and each organization of which the owner is a member
// and that takes the token. An unscoped token reaches every organization that takes unscoped ones. old are entries that do
// not count: those that the token has had already.
//
// A maximum that is lowered ends no token: what lives longer is marked in the listings (hub.SignTooLong), and cut at its next
// rotation.
func (s *Service) lifetimes(ctx context.Context, t hub.Token, old []hub.Scope) (hub.Lifetimes, error) {
	l := s.limits()
	err := s.eachOrg(ctx, t, old, func(m hub.Member, r hub.OrgRules) error {
		l = l.Within(r, m.OrgName)
		return nil
	})
	return l, err
}

// limits are those of the hub.
func (s *Service) limits() hub.Lifetimes {
	return hub.Lifetimes{Longest: s.opts.MaxLifetime, Usual: s.opts.Lifetime}
}
