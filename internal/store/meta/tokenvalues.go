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
		SELECT v.token_id, v.last4 FROM token_old_values v JOIN tokens t ON t.id = v.token_id
		WHERE v.digest = ? AND v.grace_until <= ? AND v.reported_at = 0 AND t.revoked_at = 0`
	reportOldValue = `UPDATE token_old_values SET reported_at = ? WHERE digest = ? AND reported_at = 0`

	lockServiceToken       = `SELECT gen FROM service_tokens WHERE id = ? FOR UPDATE`
	endOldServiceValues    = `UPDATE service_old_values SET grace_until = ? WHERE token_id = ? AND grace_until > ?`
	forgetOldServiceValues = `DELETE FROM service_old_values WHERE token_id = ? AND grace_until < ?`
	keepOldServiceValue    = `
		INSERT INTO service_old_values (digest, token_id, last4, grace_until, reported_at)
		SELECT digest, id, last4, ?, 0 FROM service_tokens WHERE id = ? AND revoked_at = 0`
	selectOldServiceValue   = `SELECT token_id, last4, grace_until FROM service_old_values WHERE digest = ? AND grace_until > ?`
	selectOldServiceValueOf = `
		SELECT v.token_id, v.last4 FROM service_old_values v JOIN service_tokens t ON t.id = v.token_id
		WHERE v.digest = ? AND v.grace_until <= ? AND v.reported_at = 0 AND t.revoked_at = 0`
	reportOldServiceValue = `UPDATE service_old_values SET reported_at = ? WHERE digest = ? AND reported_at = 0`

	selectReusable = `
		SELECT token_id FROM token_old_values WHERE digest = ? AND grace_until <= ? AND reported_at = 0
		UNION ALL
		SELECT token_id FROM service_old_values WHERE digest = ? AND grace_until <= ? AND reported_at = 0`
)

// oldValues are the queries about former values of one sort of tokens.
type oldValues struct{ lock, end, forget, keep, accepted, reusable, report, revoke string }

var (
	userTokens = oldValues{lockToken, endOldValues, forgetOldValues, keepOldValue, selectOldValue, selectOldValueOf,
		reportOldValue, revokeToken}
	serviceTokens = oldValues{lockServiceToken, endOldServiceValues, forgetOldServiceValues, keepOldServiceValue,
		selectOldServiceValue, selectOldServiceValueOf, reportOldServiceValue, revokeServiceToken}
)

// keepOldValuesFor is how long values that were rotated away are recognized.
const keepOldValuesFor = 400 * 24 * time.Hour

// supersede keeps the value that a token has now as one that is accepted until the given time.
func (tx *Tx) supersede(ctx context.Context, of oldValues, id hub.ID, at, until time.Time) error {
	if until.Before(at) {
		until = at
	}
	// Rotations at once: each must see what the one before it left.
	text := of.lock
	if _, err := collect(ctx, tx.queries, scanOne[int64], text, id); err != nil {
		return err
	}
	for _, step := range []struct {
		text string
		args []any
	}{{of.end, []any{at, id, at}}, {of.forget, []any{id, at.Add(-keepOldValuesFor)}}, {of.keep, []any{until, id}}} {
		text = step.text
		if _, err := tx.exec(ctx, text, step.args...); err != nil {
			return err
		}
	}
	return nil
}

// superseded finds a token by a former value that is still accepted: its id, "" when there is none.
func (db *DB) superseded(ctx context.Context, q queries, of oldValues, digest any) (*hub.Superseded, hub.ID, error) {
	var id hub.ID
	text := of.accepted
	found, err := collect(ctx, q, func(s scanner) (v hub.Superseded, err error) {
		return v, s.Scan(&id, &v.Last4, asTime{&v.Until})
	}, text, digest, db.now())
	if err != nil || len(found) == 0 {
		return nil, "", err
	}
	return &found[0], id, nil
}

// ReportReuse notes that somebody used a value of a live token after its time, once for each value: event is asked for
// what to record, and whether to revoke the token for it. It reports whether there was such a value; others change
// nothing.
func (db *DB) ReportReuse(ctx context.Context, digest []byte, event func(hub.Reuse) (ev hub.Event, revoke bool)) (found bool, err error) {
	// Most unknown values are just unknown: those cost one reading.
	rows, err := collect(ctx, db.single, scanOne[hub.ID], selectReusable, digest, db.now(), digest, db.now())
	if err != nil || len(rows) == 0 {
		return false, db.fail(err, "looking for a token's former value")
	}
	err = db.mutate(ctx, "reporting the use of a token's former value", func(tx *Tx) error {
		found = false
		for _, of := range []oldValues{userTokens, serviceTokens} {
			r, id, err := tx.reuse(ctx, of, digest)
			if err != nil {
				return err
			}
			if r == nil {
				continue
			}
			found = true
			ev, revoke := event(*r)
			owner := r.Token.UserID
			changes := []hub.Change{tokenChange(id)}
			if r.Service != nil {
				owner = r.Service.OrgID
				changes = append(changes, userChange(r.Service.ID))
			}
			if !revoke {
				return tx.record(ctx, about(ev, owner), "token.reuse")
			}
			text := of.revoke
			if _, err := tx.exec(ctx, text, tx.at, "reused", id); err != nil {
				return err
			}
			return tx.record(ctx, about(ev, owner), "token.reuse", changes...)
		}
		return nil
	})
	return found, err
}

// reuse marks a former value as reported and returns whose it was, nil when there is no such value or it was reported
// before.
func (tx *Tx) reuse(ctx context.Context, of oldValues, digest []byte) (*hub.Reuse, hub.ID, error) {
	var r hub.Reuse
	text := of.reusable
	ids, err := collect(ctx, tx.queries, func(s scanner) (id hub.ID, err error) { return id, s.Scan(&id, &r.Last4) }, text, digest, tx.at)
	if err != nil || len(ids) == 0 {
		return nil, "", err
	}
	text = of.report
	n, err := tx.exec(ctx, text, tx.at, digest)
	if err != nil || n == 0 {
		return nil, "", err
	}
	id := ids[0]
	if of == serviceTokens {
		var f hub.SubjectFacts
		if err := serviceFacts(ctx, tx.queries, selectServiceToken, id, noToken(), &f); err != nil {
			return nil, "", err
		}
		r.Token, r.Service = *f.Token, f.Service
		return &r, id, nil
	}
	tokens, err := collect(ctx, tx.queries, scanToken, selectTokenByID, id)
	if err != nil || len(tokens) == 0 {
		return nil, "", err
	}
	r.Token = tokens[0]
	return &r, id, nil
}
