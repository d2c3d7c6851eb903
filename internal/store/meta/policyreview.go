package meta

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// reviewAll enters every fine-grained token with scopes in the organization into its review, as its policy becomes
// to require approval. Owners hear of those that wait from then on.
func (tx *Tx) reviewAll(ctx context.Context, by hub.Event, orgID hub.ID) error {
	var waiting []hub.ID
	err := tx.reviewEach(ctx, by, orgID, func(id hub.ID, _ hub.TokenState) error {
		waiting = append(waiting, id)
		return nil
	}, selectScopedTokensIn, orgID)
	if err != nil {
		return err
	}
	return tx.tellOwners(ctx, orgID, waiting)
}

// reviewOf does the same for the tokens of one person, who joins. The admins hear of each that waits.
func (tx *Tx) reviewOf(ctx context.Context, by hub.Event, orgID, userID hub.ID) error {
	return tx.reviewEach(ctx, by, orgID, tx.teller(ctx, orgID), selectScopedTokensOf, orgID, userID)
}

// reviewOn does the same for the tokens with an entry for one repository, which has come to the organization.
func (tx *Tx) reviewOn(ctx context.Context, by hub.Event, orgID, repoID hub.ID) error {
	return tx.reviewEach(ctx, by, orgID, tx.teller(ctx, orgID), selectScopedTokensOn, orgID, repoID)
}

func (tx *Tx) teller(ctx context.Context, orgID hub.ID) func(hub.ID, hub.TokenState) error {
	return func(id hub.ID, before hub.TokenState) error { return tx.tellPending(ctx, id, orgID, before) }
}

// reviewEach reviews the tokens that a query finds, and calls waits for each that has become pending, with the state
// that it had.
func (tx *Tx) reviewEach(ctx context.Context, by hub.Event, orgID hub.ID, waits func(hub.ID, hub.TokenState) error, text string, args ...any) error {
	type scoped struct {
		id   hub.ID
		role hub.Role
	}
	tokens, err := collect(ctx, tx.queries, func(s scanner) (t scoped, err error) { return t, s.Scan(&t.id, &t.role) }, text, args...)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		g, found, err := readGrant(ctx, tx.queries, t.id, orgID)
		if err != nil {
			return err
		}
		if !found {
			g.AdminMade = t.role == hub.RoleAdmin
		}
		pending, err := tx.review(ctx, by, orgID, g, false)
		if err == nil && pending {
			err = waits(t.id, g.State)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// review moves a token along by itself: nothing decided becomes pending or, made by an admin, approved; with widened,
// so does what was pending or approved. What an administrator denied or revoked stays. pending tells whether the token
// waits now and did not before, so that somebody has to be told. by says who did what made it so.
func (tx *Tx) review(ctx context.Context, by hub.Event, orgID hub.ID, g hub.TokenGrant, widened bool) (pending bool, err error) {
	rules, err := readRules(ctx, tx.queries, orgID)
	if err != nil {
		return false, err
	}
	before := g.State
	enters := rules.Tokens == hub.RequireApproval && before == hub.TokenNone
	switch {
	case enters || widened && rules.Tokens == hub.RequireApproval && before == hub.TokenPending:
		g.State = hub.TokenPending
		if g.AdminMade {
			g.State = hub.TokenApproved
		}
	case widened && before == hub.TokenApproved && !g.AdminMade:
		g.State = hub.TokenPending // under other policies too: an approval is of what it was given for
	}
	if g.State != before {
		g.ReviewerID, g.Reason, g.ReviewedAt = "", "", tx.at
		if g.State == hub.TokenPending {
			g.RequestedAt = tx.at
		}
	}
	if err := tx.putGrant(ctx, g); err != nil {
		return false, err
	}
	tx.stale(tokenChange(g.TokenID))
	if g.State == before || g.State != hub.TokenPending || rules.Tokens != hub.RequireApproval {
		return false, nil
	}
	return true, tx.recordRequest(ctx, by, orgID, g.TokenID)
}

// recordRequest notes that a token waits for approval, by whose doing.
func (tx *Tx) recordRequest(ctx context.Context, by hub.Event, orgID, tokenID hub.ID) error {
	tokens, err := collect(ctx, tx.queries, scanToken, selectTokenByID, tokenID)
	if err != nil || len(tokens) == 0 {
		return err
	}
	u, err := readUser(ctx, tx.queries, selectUserByID, tokens[0].UserID)
	if err != nil {
		return err
	}
	ev := hub.Event{ActorID: by.ActorID, ActorName: by.ActorName, TokenID: by.TokenID, IP: by.IP, UserAgent: by.UserAgent,
		TargetID: tokenID, NamespaceID: orgID, Message: "token …" + tokens[0].Last4 + " of " + u.Name + " waits for approval"}
	return tx.record(ctx, ev, "org.token_approval.authorization_request")
}

// reviewToken follows a change of a fine-grained token's scopes in every organization that they touch, except those
// of which its owner is no member.
func (tx *Tx) reviewToken(ctx context.Context, by hub.Event, tokenID, owner hub.ID, old, now []hub.Scope) error {
	orgs, err := collect(ctx, tx.queries, scanOne[hub.ID], selectScopeOrgs, tokenID, tokenID, tokenID)
	if err != nil {
		return err
	}
	for _, org := range orgs { // in the order of ids, so that nobody waits in a ring
		if err := tx.lockOrg(ctx, org); err != nil { // as for decisions and for changes of the policy
			return err
		}
		role, err := tx.memberRole(ctx, org, owner)
		if err != nil {
			return err
		}
		if role == hub.RoleNone {
			continue
		}
		g, found, err := readGrant(ctx, tx.queries, tokenID, org)
		if err != nil {
			return err
		}
		widened := widens(old, now, org)
		if !found || widened || widens(now, old, org) { // renaming is no change of permissions
			g.AdminMade = role == hub.RoleAdmin
		}
		pending, err := tx.review(ctx, by, org, g, widened)
		if err == nil && pending {
			err = tx.tellPending(ctx, tokenID, org, g.State)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// memberRole is RoleNone for somebody who is no member.
func (tx *Tx) memberRole(ctx context.Context, orgID, userID hub.ID) (role hub.Role, err error) {
	err = tx.one(ctx, selectMemberRole, []any{orgID, userID}, &role)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return role, err
}

// widens tells whether now reaches something in the organization that old did not: an atom on an entity, directly or
// because the narrower entry that spoke for the entity is gone.
func widens(old, now []hub.Scope, org hub.ID) bool {
	for _, list := range [][]hub.Scope{now, old} { // what old names may widen by not being named any more
		for _, s := range list {
			if s.NamespaceID != org {
				continue
			}
			before := speaking(old, s)
			for _, p := range speaking(now, s) {
				if !slices.Contains(before, p) {
					return true
				}
			}
		}
	}
	return false
}

// speaking are the permissions of the most specific entry of scopes for the entity that s names.
func speaking(scopes []hub.Scope, s hub.Scope) []hub.Permission {
	var group, space []hub.Permission
	grouped := false
	for _, c := range scopes {
		switch {
		case c.EntityType == s.EntityType && c.EntityID == s.EntityID:
			return c.Permissions
		case c.EntityType == hub.EntityGroup && c.EntityID == s.GroupID:
			group, grouped = c.Permissions, true
		case c.EntityType == hub.EntityOrg && c.EntityID == s.NamespaceID:
			space = c.Permissions
		}
	}
	if grouped {
		return group
	}
	if s.EntityType == hub.EntityOrg {
		return nil
	}
	return space
}

// reviewScopes reviews a token whose scopes were just stored; old are those that it had before. Only fine-grained
// tokens are reviewed, and only when their permissions changed.
func (tx *Tx) reviewScopes(ctx context.Context, by hub.Event, id hub.ID, old []hub.Scope) error {
	tokens, err := collect(ctx, tx.queries, scanToken, selectTokenByID, id)
	if err != nil || len(tokens) == 0 || tokens[0].Kind != hub.TokenFineGrained {
		return err
	}
	now, err := scopesOf(ctx, tx.queries, id)
	if err != nil {
		return err
	}
	return tx.reviewToken(ctx, by, id, tokens[0].UserID, old, now)
}
