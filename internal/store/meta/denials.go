package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

// maxDenials is how many refusals are kept; the oldest go first.
const maxDenials = 100_000

const (
	insertDenial = `
		INSERT INTO denials (id, request_id, at, user_id, token_id, kind, account_id, org_id, action, target, code, reason, message)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	selectDenials = `
		SELECT id, request_id, at, user_id, token_id, kind, account_id, org_id, action, target, code, reason, message
		FROM denials WHERE request_id = ? ORDER BY id LIMIT 16`
	countDenials  = `SELECT COUNT(*) FROM denials`
	deleteDenials = `DELETE FROM denials WHERE id IN (SELECT id FROM denials ORDER BY id LIMIT ?)`
)

// RecordDenials keeps refusals for those who ask afterwards. They are no part of the audit log, and the oldest make
// room for new ones.
func (db *DB) RecordDenials(ctx context.Context, ds []hub.Denial) error {
	if len(ds) == 0 {
		return nil
	}
	return db.mutate(ctx, "keeping refusals", func(tx *Tx) error {
		for _, d := range ds {
			_, err := tx.exec(ctx, insertDenial, hub.NewIDAt(d.At), d.RequestID, d.At, d.UserID, d.TokenID, d.Kind, d.AccountID, d.OrgID,
				d.Action, hub.WithoutTokens(d.Target), string(d.Code), d.Reason, hub.WithoutTokens(d.Message))
			if err != nil {
				return err
			}
		}
		var n int64
		if err := tx.one(ctx, countDenials, nil, &n); err != nil {
			return err
		}
		if n <= maxDenials {
			return nil
		}
		_, err := tx.exec(ctx, deleteDenials, n-maxDenials)
		return err
	})
}

// Denials returns the refusals of one request, oldest first: more than one when clients reuse ids.
func (db *DB) Denials(ctx context.Context, requestID string) ([]hub.Denial, error) {
	all, err := collect(ctx, db.single, func(s scanner) (d hub.Denial, err error) {
		return d, s.Scan(&d.ID, &d.RequestID, asTime{&d.At}, &d.UserID, &d.TokenID, &d.Kind, &d.AccountID, &d.OrgID, &d.Action, &d.Target,
			&d.Code, &d.Reason, &d.Message)
	}, selectDenials, requestID)
	return all, db.fail(err, "looking up a refusal")
}
