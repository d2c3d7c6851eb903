package meta

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	lockToken       = `SELECT gen FROM tokens WHERE id = ? FOR UPDATE`
	endOldValues    = `UPDATE token_old_values SET grace_until = ? WHERE token_id = ? AND grace_until > ?`
	forgetOldValues = `DELETE FROM token_old_values WHERE token_id = ? AND grace_until < ?`
	keepOldValue    = `
		INSERT INTO token_old_values (digest, token_id, last4, grace_until, reported_at)
		SELECT digest, id, last4, ?, 0 FROM tokens WHERE id = ? AND revoked_at = 0`
	selectOldValue   = `SELECT token_id, last4, grace_until FROM token_old_values WHERE digest = ? AND grace_until > ?`
	selectOldValueOf = `
		SELECT v.token_id, v.last4, v.grace_until FROM token_old_values v JOIN tokens t ON t.id = v.token_id
		WHERE v.digest = ? AND v.grace_until <= ? AND v.reported_at = 0 AND t.revoked_at = 0`
	selectReusable = `SELECT token_id FROM token_old_values WHERE digest = ? AND grace_until <= ? AND reported_at = 0`
	reportOldValue = `UPDATE token_old_values SET reported_at = ? WHERE digest = ? AND reported_at = 0`
)

// keepOldValues is how long values that were rotated away are recognized.
const keepOldValues = 400 * 24 * time.Hour

// supersede keeps the value that a token has now as one that is accepted until the given time.
func (tx *Tx) supersede(ctx context.Context, id hub.ID, at, until time.Time) error {
	if until.Before(at) {
		until = at
	}
	// Rotations at once: each must see what the one before it left.
	if _, err := collect(ctx, tx.queries, scanOne[int64], lockToken, id); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, endOldValues, at, id, at); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, forgetOldValues, id, at.Add(-keepOldValues)); err != nil {
		return err
	}
	_, err := tx.exec(ctx, keepOldValue, until, id)
	return err
}

// superseded finds a token by a former value that is still accepted.
func (db *DB) superseded(ctx context.Context, q queries, digest any) (*hub.Superseded, []hub.Token, error) {
	var id hub.ID
	found, err := collect(ctx, q, func(s scanner) (v hub.Superseded, err error) {
		return v, s.Scan(&id, &v.Last4, asTime{&v.Until})
	}, selectOldValue, digest, db.now())
	if err != nil || len(found) == 0 {
		return nil, nil, err
	}
	tokens, err := collect(ctx, q, scanToken, selectTokenByID, id)
	return &found[0], tokens, err
}

// ReportReuse notes that somebody used a value of a live token after its time, once for each value: event is asked for
// what to record, with the token and the value's last letters, and whether to revoke the token for it. It reports
// whether there was such a value; others change nothing.
func (db *DB) ReportReuse(ctx context.Context, digest []byte, event func(t hub.Token, last4 string) (ev hub.Event, revoke bool)) (found bool, err error) {
	// Most unknown values are just unknown: those cost one reading.
	rows, err := collect(ctx, db.single, scanOne[hub.ID], selectReusable, digest, db.now())
	if err != nil || len(rows) == 0 {
		return false, db.fail(err, "looking for a token's former value")
	}
	err = db.mutate(ctx, "reporting the use of a token's former value", func(tx *Tx) error {
		found = false
		var id hub.ID
		var last4 string
		var until time.Time
		if err := tx.one(ctx, selectOldValueOf, []any{digest, tx.at}, &id, &last4, asTime{&until}); err != nil {
			return orMissing(err, hub.NotFound, "There is no such value.")
		}
		n, err := tx.exec(ctx, reportOldValue, tx.at, digest)
		if err != nil || n == 0 {
			return err
		}
		tokens, err := collect(ctx, tx.queries, scanToken, selectTokenByID, id)
		if err != nil || len(tokens) == 0 {
			return err
		}
		found = true
		ev, revoke := event(tokens[0], last4)
		if !revoke {
			return tx.record(ctx, about(ev, tokens[0].UserID), "token.reuse")
		}
		if _, err := tx.exec(ctx, revokeToken, tx.at, "reused", id); err != nil {
			return err
		}
		return tx.recordToken(ctx, ev, "token.reuse", id, tokens[0].UserID)
	})
	if hub.Is(err, hub.NotFound) {
		return false, nil
	}
	return found, err
}
