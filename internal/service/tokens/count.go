package tokens

import (
	"context"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// checkCounts holds the owner of t to the number of live tokens that the hub allows, if t is new, and that each organization
// allows which t comes to have to do with. old are entries that t has had already. Conflict.
func (s *Service) checkCounts(ctx context.Context, owner string, t hub.Token, isNew bool, old []hub.Scope) error {
	all, err := s.store.TokensOf(ctx, t.UserID)
	if err != nil {
		return err
	}
	now := s.opts.Now()
	others := slices.DeleteFunc(all, func(o hub.Token) bool { return o.ID == t.ID || Status(o, now) != "live" })
	if isNew && len(others) >= s.opts.MaxPerUser {
		return hub.Errorf(hub.Conflict, "%s has %d live tokens already; delete one that is not needed.", owner, len(others))
	}
	return s.eachOrg(ctx, t, old, func(m hub.Member, r hub.OrgRules) error {
		if r.MaxTokens == 0 {
			return nil
		}
		n := 0
		for _, o := range others {
			if reachesOrg(o, r) {
				n++
			}
		}
		if n >= r.MaxTokens {
			return hub.Errorf(hub.Conflict, "%s has %d live tokens with access to %s, which allows %d to each member: delete one that is not needed.", owner, n, m.OrgName, r.MaxTokens)
		}
		return nil
	})
}

// eachOrg calls f for each organization of the owner that takes t: for a fine-grained token, where it has an entry for the
// organization or something in it, and for an unscoped one, where the organization takes unscoped ones. Organizations that
// old had entries for already are left out.
func (s *Service) eachOrg(ctx context.Context, t hub.Token, old []hub.Scope, f func(hub.Member, hub.OrgRules) error) error {
	ms, err := s.store.MembershipsOf(ctx, t.UserID)
	if err != nil {
		return err
	}
	for _, m := range ms {
		had := slices.ContainsFunc(old, func(sc hub.Scope) bool { return sc.NamespaceID == m.OrgID })
		r, err := s.store.OrgRules(ctx, m.OrgID)
		if hub.Is(err, hub.NotFound) || err == nil && (had || !reachesOrg(t, r)) {
			continue
		}
		if err == nil {
			err = f(m, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reachesOrg tells whether a token of a member has access to an organization as its kind and entries go.
func reachesOrg(t hub.Token, r hub.OrgRules) bool {
	if t.Kind != hub.TokenFineGrained {
		return r.Tokens == hub.AllowAllTokens
	}
	return slices.ContainsFunc(t.Scopes, func(sc hub.Scope) bool { return sc.NamespaceID == r.OrgID })
}
