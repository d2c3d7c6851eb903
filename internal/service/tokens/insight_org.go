package tokens

import (
	"context"
	"slices"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// InsightIn tells about one token what concerns an organization: what it can reach of it, what it did there, and what it could
// do without. The token's name is told where the organization reviews tokens. Needs OrgTokens on the organization. One and
// the same NotFound for a token that is not there and one without access to the organization.
func (s *Service) InsightIn(ctx context.Context, g access.Grant, store InsightStore, id hub.ID) (Insight, error) {
	org, err := g.Namespace(access.OrgTokens)
	if err != nil {
		return Insight{}, err
	}
	none := hub.Errorf(hub.NotFound, "No token with this id has access to %s.", org.Name)
	if _, err := hub.ParseID(string(id)); err != nil {
		return Insight{}, none
	}
	f, err := store.TokenFactsByID(ctx, id)
	if hub.Is(err, hub.NotFound) || err == nil && !reaches(f, org.ID) {
		return Insight{}, none
	}
	if err != nil {
		return Insight{}, err
	}
	rules, err := s.store.OrgRules(ctx, org.ID)
	if err != nil {
		return Insight{}, err
	}
	t := Owned{*f.Token, f.User.Name}
	if f.Service != nil {
		t.UserName = f.Service.Name
	} else if rules.Tokens != hub.RequireApproval {
		t.Name = ""
	}
	t.Scopes = within(f, &org).Token.Scopes
	return s.insight(ctx, g, store, t, f, &org)
}

// reaches tells whether a live token has to do with an organization: its owner is a member, and it is unscoped or has an
// entry there.
func reaches(f hub.SubjectFacts, org hub.ID) bool {
	member := slices.ContainsFunc(f.Memberships, func(m hub.Member) bool { return m.OrgID == org })
	scoped := slices.ContainsFunc(f.Token.Scopes, func(sc hub.Scope) bool { return sc.NamespaceID == org })
	return f.Token.RevokedAt.IsZero() && member && (scoped || f.Token.Kind != hub.TokenFineGrained)
}

// within leaves of a token's facts what concerns an organization; nil leaves all.
func within(f hub.SubjectFacts, org *hub.Namespace) hub.SubjectFacts {
	if org == nil {
		return f
	}
	t := *f.Token
	t.Scopes = slices.DeleteFunc(slices.Clone(t.Scopes), func(sc hub.Scope) bool { return sc.NamespaceID != org.ID })
	t.Global = nil
	f.Token, f.User = &t, hub.User{}
	f.Memberships = slices.DeleteFunc(slices.Clone(f.Memberships), func(m hub.Member) bool { return m.OrgID != org.ID })
	return f
}
