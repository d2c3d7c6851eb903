package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	grantColumns = `
		SELECT g.token_id, g.org_id, g.state, g.admin_made, g.requested_at, g.reviewer_id, COALESCE(n.name, ''),
			g.reviewed_at, g.reason
		FROM token_grants g LEFT JOIN namespaces n ON n.id = g.reviewer_id `
	selectGrants  = grantColumns + `WHERE g.token_id = ? ORDER BY g.org_id`
	selectDecided = grantColumns + `WHERE g.token_id = ? AND g.state <> 'none' ORDER BY g.org_id`
	selectGrant   = grantColumns + `WHERE g.token_id = ? AND g.org_id = ?`
	upsertGrant   = `
		INSERT INTO token_grants (token_id, org_id, state, admin_made, requested_at, reviewer_id, reviewed_at, reason)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (token_id, org_id) DO UPDATE SET state = excluded.state, admin_made = excluded.admin_made,
			requested_at = excluded.requested_at, reviewer_id = excluded.reviewer_id, reviewed_at = excluded.reviewed_at,
			reason = excluded.reason`
	deleteGrantsOf   = `DELETE FROM token_grants WHERE token_id IN (SELECT id FROM tokens WHERE user_id = ?)`
	deleteGrantsIn   = `DELETE FROM token_grants WHERE org_id = ?`
	deleteGrantsLeft = `DELETE FROM token_grants WHERE org_id = ? AND state <> 'revoked' AND token_id IN (SELECT id FROM tokens WHERE user_id = ?)`
	selectMemberRole = `SELECT role FROM members WHERE org_id = ? AND user_id = ?`
	selectScopeOrgs  = `
		SELECT DISTINCT o.id FROM orgs o WHERE o.id IN (
			SELECT s.entity_id FROM token_scopes s WHERE s.token_id = ? AND s.entity_type = 'org'
			UNION ALL SELECT r.namespace_id FROM token_scopes s JOIN repos r ON r.id = s.entity_id AND r.type = s.entity_type WHERE s.token_id = ?
			UNION ALL SELECT g.org_id FROM token_scopes s JOIN resource_groups g ON g.id = s.entity_id WHERE s.token_id = ? AND s.entity_type = 'resource-group')
		ORDER BY o.id`
	inOrg = `(s.entity_id = m.org_id
			OR EXISTS (SELECT 1 FROM repos r WHERE r.id = s.entity_id AND r.type = s.entity_type AND r.namespace_id = m.org_id)
			OR EXISTS (SELECT 1 FROM resource_groups g WHERE g.id = s.entity_id AND s.entity_type = 'resource-group' AND g.org_id = m.org_id))`
	selectScopedTokensIn = `
		SELECT t.id, m.role FROM tokens t JOIN members m ON m.user_id = t.user_id
		WHERE m.org_id = ? AND t.kind = 'fineGrained' AND t.revoked_at = 0
			AND EXISTS (SELECT 1 FROM token_scopes s WHERE s.token_id = t.id AND ` + inOrg + `)
		ORDER BY t.id`
	selectScopedTokensOf = `
		SELECT t.id, m.role FROM tokens t JOIN members m ON m.user_id = t.user_id
		WHERE m.org_id = ? AND m.user_id = ? AND t.kind = 'fineGrained' AND t.revoked_at = 0
			AND EXISTS (SELECT 1 FROM token_scopes s WHERE s.token_id = t.id AND ` + inOrg + `)
		ORDER BY t.id`
	selectScopedTokensOn = `
		SELECT t.id, m.role FROM tokens t JOIN members m ON m.user_id = t.user_id
		WHERE m.org_id = ? AND t.kind = 'fineGrained' AND t.revoked_at = 0
			AND EXISTS (SELECT 1 FROM token_scopes s JOIN repos r ON r.id = s.entity_id AND r.type = s.entity_type
				WHERE s.token_id = t.id AND r.id = ? AND r.namespace_id = m.org_id)
		ORDER BY t.id`
	countTokenInOrg = `
		SELECT COUNT(*) FROM tokens t JOIN members m ON m.user_id = t.user_id
		WHERE t.id = ? AND m.org_id = ? AND t.revoked_at = 0 AND (t.kind <> 'fineGrained'
			OR EXISTS (SELECT 1 FROM token_scopes s WHERE s.token_id = t.id AND ` + inOrg + `))`
)

func scanGrant(s scanner) (g hub.TokenGrant, err error) {
	return g, s.Scan(&g.TokenID, &g.OrgID, &g.State, &g.AdminMade, asTime{&g.RequestedAt}, &g.ReviewerID, &g.ReviewerName,
		asTime{&g.ReviewedAt}, &g.Reason)
}

// TokenGrants returns what organizations decided about a token, in the order of their ids.
func (db *DB) TokenGrants(ctx context.Context, tokenID hub.ID) ([]hub.TokenGrant, error) {
	all, err := collect(ctx, db.single, scanGrant, selectGrants, tokenID)
	return all, db.fail(err, "reading the states of a token")
}

// TokenGrant returns what one organization decided about a token: TokenNone when it did not.
func (db *DB) TokenGrant(ctx context.Context, tokenID, orgID hub.ID) (hub.TokenGrant, error) {
	g, _, err := readGrant(ctx, db.single, tokenID, orgID)
	return g, db.fail(err, "reading the state of a token")
}

// readGrant returns the row, or that of a token about which nothing was decided and false.
func readGrant(ctx context.Context, q queries, tokenID, orgID hub.ID) (hub.TokenGrant, bool, error) {
	all, err := collect(ctx, q, scanGrant, selectGrant, tokenID, orgID)
	if err != nil || len(all) == 0 {
		return hub.TokenGrant{TokenID: tokenID, OrgID: orgID, State: hub.TokenNone}, false, err
	}
	return all[0], true, nil
}

func (tx *Tx) putGrant(ctx context.Context, g hub.TokenGrant) error {
	_, err := tx.exec(ctx, upsertGrant, g.TokenID, g.OrgID, string(g.State), g.AdminMade, g.RequestedAt, g.ReviewerID, g.ReviewedAt, g.Reason)
	return err
}

// decisions are the transitions that an administrator may make: to → from.
var decisions = map[hub.TokenState][]hub.TokenState{
	hub.TokenApproved: {hub.TokenPending, hub.TokenDenied},
	hub.TokenDenied:   {hub.TokenPending, hub.TokenApproved},
	hub.TokenRevoked:  {hub.TokenNone, hub.TokenPending, hub.TokenApproved, hub.TokenDenied},
}

var decisionEvents = map[hub.TokenState]string{
	hub.TokenApproved: "org.token_approval.authorized",
	hub.TokenDenied:   "org.token_approval.denied",
	hub.TokenRevoked:  "org.token_approval.revoked",
}

// DecideToken approves, denies or revokes a token in an organization and returns the state that it had. Revoking is
// for good. NotFound when the token has no access to the organization; Conflict for a transition that there is not.
func (db *DB) DecideToken(ctx context.Context, d hub.TokenDecision, ev hub.Event) (before hub.TokenState, err error) {
	err = db.mutate(ctx, "deciding about a token", func(tx *Tx) error {
		if err := tx.unchanged(ctx, d.TokenID, d.Seen); err != nil {
			return err
		}
		if err := tx.lockOrg(ctx, d.OrgID); err != nil {
			return err
		}
		var there int64
		if err := tx.one(ctx, countTokenInOrg, []any{d.TokenID, d.OrgID}, &there); err != nil {
			return err
		}
		g, found, err := readGrant(ctx, tx.queries, d.TokenID, d.OrgID)
		if err != nil {
			return err
		}
		before = g.State
		if there == 0 && !found {
			return hub.Errorf(hub.NotFound, "There is no such token with access to the organization.")
		}
		if !allowed(decisions[d.To], g.State) {
			return noDecision(g.State, d.To)
		}
		g.State, g.ReviewerID, g.ReviewedAt, g.Reason = d.To, d.ReviewerID, tx.at, d.Reason
		if err := tx.putGrant(ctx, g); err != nil {
			return err
		}
		ev.TargetID = d.TokenID
		return tx.record(ctx, about(ev, d.OrgID), decisionEvents[d.To], tokenChange(d.TokenID))
	})
	return before, err
}

// noDecision says why a token in a state cannot be given another.
func noDecision(state, to hub.TokenState) error {
	switch state {
	case to:
		return hub.Errorf(hub.Conflict, "This token is %s in this organization already.", to)
	case hub.TokenNone:
		return hub.Errorf(hub.Conflict, "Nobody asked for this token to be approved: only fine-grained tokens are reviewed, where an organization requires approval. It can be revoked.")
	}
	return hub.Errorf(hub.Conflict, "A token that is %s in this organization cannot become %s.", state, to)
}

// unchanged makes sure that a token is still the one that was seen, and stays so until the transaction ends: whoever widens
// it after that has it pending again. It is locked before the organization, as those lock it who change it. 0 stands for any
// generation. Conflict, NotFound.
func (tx *Tx) unchanged(ctx context.Context, token hub.ID, seen int64) error {
	if seen == 0 {
		return nil
	}
	var gen int64
	if err := tx.one(ctx, lockToken, []any{token}, &gen); err != nil {
		return orMissing(err, hub.NotFound, "There is no such token with access to the organization.")
	}
	if gen != seen {
		return hub.Errorf(hub.Conflict, "The token was changed since it was looked at: look at it again.")
	}
	return nil
}

func allowed(from []hub.TokenState, s hub.TokenState) bool {
	for _, f := range from {
		if f == s {
			return true
		}
	}
	return false
}
