package meta

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const selectWaiting = `
	SELECT g.org_id, n.name, COUNT(*), MIN(g.requested_at)
	FROM token_grants g JOIN orgs o ON o.id = g.org_id JOIN namespaces n ON n.id = g.org_id
		JOIN tokens t ON t.id = g.token_id JOIN members m ON m.org_id = g.org_id AND m.user_id = t.user_id
	WHERE g.state = 'pending' AND g.requested_at < ? AND o.token_policy = 'require_approval' AND t.revoked_at = 0
		AND (t.expires_at = 0 OR t.expires_at > ?)
	GROUP BY g.org_id, n.name ORDER BY g.org_id`

// WaitingTokens returns the organizations that require approval and in which live tokens have waited for it since before a
// time.
func (db *DB) WaitingTokens(ctx context.Context, since time.Time) ([]hub.WaitingTokens, error) {
	all, err := collect(ctx, db.single, func(s scanner) (w hub.WaitingTokens, err error) {
		return w, s.Scan(&w.OrgID, &w.OrgName, &w.Count, asTime{&w.Oldest})
	}, selectWaiting, since, db.now())
	return all, db.fail(err, "looking for tokens that wait for approval")
}
