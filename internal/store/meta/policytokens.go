package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

// selectOrgTokens finds the tokens with access to an organization. Each filter is off when its first value is empty.
const selectOrgTokens = `
	SELECT t.id, t.user_id, t.kind, t.name, t.last4, t.global_perms, t.can_read_gated, t.gen,
		t.created_at, t.rotated_at, t.expires_at, COALESCE(w.last_used_at, 0), t.revoked_at, t.revoked_why,
		n.name, n.email, m.role,
		COALESCE(d.state, 'none'), COALESCE(d.admin_made, 0), COALESCE(d.requested_at, 0), COALESCE(d.reviewer_id, ''),
		COALESCE(v.name, ''), COALESCE(d.reviewed_at, 0), COALESCE(d.reason, '')
	FROM members m JOIN tokens t ON t.user_id = m.user_id JOIN namespaces n ON n.id = t.user_id
		LEFT JOIN token_use w ON w.token_id = t.id
		LEFT JOIN token_grants d ON d.token_id = t.id AND d.org_id = m.org_id
		LEFT JOIN namespaces v ON v.id = d.reviewer_id
	WHERE m.org_id = ? AND t.id > ? AND t.revoked_at = 0
		AND (t.kind <> 'fineGrained' OR EXISTS (SELECT 1 FROM token_scopes s WHERE s.token_id = t.id AND ` + inOrg + `))
		AND (? = '' OR t.user_id = ?)
		AND (? = '' OR t.kind = ?)
		AND (? = '' OR COALESCE(d.state, 'none') = ?)
		AND (? = 1 OR COALESCE(d.state, 'none') <> 'revoked')
		AND (? = 0 OR COALESCE(w.last_used_at, 0) < ?)
		AND (? = '' OR t.kind = 'write' OR (t.kind = 'read' AND ? = 'repo.content.read')
			OR EXISTS (SELECT 1 FROM token_scopes s WHERE s.token_id = t.id AND s.perms LIKE ? ESCAPE '\' AND ` + inOrg + `))
	ORDER BY t.id LIMIT ?`

func scanOrgToken(s scanner) (t hub.OrgToken, err error) {
	g := &t.Grant
	return t, s.Scan(&t.ID, &t.UserID, &t.Kind, &t.Name, &t.Last4, asJSON{&t.Global}, &t.CanReadGated, &t.Gen,
		asTime{&t.CreatedAt}, asTime{&t.RotatedAt}, asTime{&t.ExpiresAt}, asTime{&t.LastUsedAt},
		asTime{&t.RevokedAt}, &t.RevokedWhy, &t.OwnerName, &t.OwnerEmail, &t.OwnerRole,
		&g.State, &g.AdminMade, asTime{&g.RequestedAt}, &g.ReviewerID, &g.ReviewerName, asTime{&g.ReviewedAt}, &g.Reason)
}

// OrgTokens lists tokens with access to an organization in the order of their ids, deleted ones left out; those that
// have expired are in it, so that an administrator sees what would come back. InvalidInput for a limit that is not
// allowed.
func (db *DB) OrgTokens(ctx context.Context, q hub.OrgTokenQuery) (tokens []hub.OrgToken, err error) {
	if q.Limit < 1 || q.Limit > MaxListLimit {
		return nil, hub.Errorf(hub.InvalidInput, "The limit of a listing is a number from 1 to %d.", MaxListLimit)
	}
	err = db.inRead(ctx, func(r queries) error {
		like := `%"` + likeEscaper.Replace(string(q.Carries)) + `"%`
		kind, state, atom := string(q.Kind), string(q.State), string(q.Carries)
		tokens, err = collect(ctx, r, scanOrgToken, selectOrgTokens, q.OrgID, q.After, q.OwnerID, q.OwnerID, kind, kind,
			state, state, q.WithRevoked || q.State != "", !q.UnusedSince.IsZero(), q.UnusedSince, atom, atom, like, q.Limit)
		if err != nil {
			return err
		}
		for i := range tokens {
			t := &tokens[i]
			t.Grant.TokenID, t.Grant.OrgID = t.ID, q.OrgID
			if t.Scopes, err = scopesOf(ctx, r, t.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return tokens, db.fail(err, "listing the tokens of an organization")
}
