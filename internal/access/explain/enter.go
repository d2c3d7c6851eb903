package explain

import (
	"context"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// joins supposes a role in an organization, and what comes with it: the groups that members with that role join by themselves, and
// for somebody new the organization's rules. A group that he is in already stays as it is, as it does when the role is really given.
func (s *Service) joins(ctx context.Context, f hub.SubjectFacts, ns hub.Namespace, role hub.Role) (hub.SubjectFacts, error) {
	f.Memberships = withRole(f, ns, role)
	all, err := s.store.Groups(ctx, ns.ID)
	if err != nil {
		return f, err
	}
	f.Groups = slices.Clone(f.Groups)
	for _, g := range all {
		in := func(m hub.GroupMember) bool { return m.GroupID == g.ID }
		if g.AutoJoinScope == hub.AutoJoinOff || g.AutoJoinScope == hub.AutoJoinReadPlus && role < hub.RoleRead || slices.ContainsFunc(f.Groups, in) {
			continue
		}
		f.Groups = append(f.Groups, hub.GroupMember{GroupID: g.ID, OrgID: ns.ID, UserID: f.User.ID, Role: g.AutoJoinRole})
	}
	if slices.ContainsFunc(f.Rules, func(r hub.OrgRules) bool { return r.OrgID == ns.ID }) {
		return f, nil
	}
	r, err := s.store.OrgRules(ctx, ns.ID)
	f.Rules = append(slices.Clone(f.Rules), r)
	return f, err
}

// review does to the facts about a fine-grained token what making it, joining an organization and changing its policy do: about a
// token with permissions in an organization that requires approval somebody is asked, unless an admin made it, which approves it.
func (s *Service) review(ctx context.Context, f hub.SubjectFacts, supposed bool) (hub.SubjectFacts, error) {
	if f.Token == nil || f.Token.Kind != hub.TokenFineGrained || f.Service != nil {
		return f, nil
	}
	var kept []hub.TokenGrant // also those about which nothing is decided, which facts leave out
	if !supposed {
		var err error
		if kept, err = s.store.TokenGrants(ctx, f.Token.ID); err != nil {
			return f, err
		}
	}
	f.Grants = slices.Clone(f.Grants)
	for _, m := range f.Memberships {
		here := func(g hub.TokenGrant) bool { return g.OrgID == m.OrgID }
		i := slices.IndexFunc(f.Rules, func(r hub.OrgRules) bool { return r.OrgID == m.OrgID })
		if i < 0 || f.Rules[i].Tokens != hub.RequireApproval || !speaksOf(f.Token, m.OrgID) {
			continue
		}
		g := hub.TokenGrant{TokenID: f.Token.ID, OrgID: m.OrgID, State: hub.TokenNone, AdminMade: m.Role == hub.RoleAdmin}
		if i := slices.IndexFunc(kept, here); i >= 0 {
			g = kept[i]
		}
		if g.State = entered(g); !slices.ContainsFunc(f.Grants, func(x hub.TokenGrant) bool { return here(x) && x.State != hub.TokenNone }) {
			f.Grants = append(slices.DeleteFunc(f.Grants, here), g)
		}
	}
	return f, nil
}

// entered is the state of a token once its organization requires approval: what was decided before holds.
func entered(g hub.TokenGrant) hub.TokenState {
	switch {
	case g.State != hub.TokenNone:
		return g.State
	case g.AdminMade:
		return hub.TokenApproved
	}
	return hub.TokenPending
}

// speaksOf tells whether a token has an entry for an organization or for something in it.
func speaksOf(t *hub.Token, org hub.ID) bool {
	return slices.ContainsFunc(t.Scopes, func(sc hub.Scope) bool { return sc.NamespaceID == org || sc.EntityID == org })
}
