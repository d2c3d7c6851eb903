package meta

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	// Where not all admins of an organization are told, those are whose address is confirmed, then those who came first.
	selectReceivers = `
		SELECT u.id FROM users u WHERE u.id = ?
		UNION
		SELECT f.id FROM (
			SELECT m.user_id AS id FROM members m JOIN users a ON a.id = m.user_id WHERE m.org_id = ? AND m.role = ? AND a.suspended = 0
			ORDER BY a.email_verified DESC, m.created_at, m.user_id LIMIT ?) f
		UNION
		SELECT u.id FROM users u WHERE ? = '' AND u.admin = 1 AND u.suspended = 0`
	insertOutbox = `
		INSERT INTO outbox (id, kind, to_id, dedupe, data, created_at, next_at, attempts, done_at, outcome)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, '') ON CONFLICT (dedupe) DO NOTHING`
	selectOutboxDue = `
		SELECT id, kind, to_id, data, created_at, attempts, outcome FROM outbox
		WHERE next_at > 0 AND next_at <= ? ORDER BY next_at, id LIMIT ?`
	claimOutbox  = `UPDATE outbox SET next_at = ?, attempts = attempts + 1 WHERE id = ? AND attempts = ? AND next_at > 0`
	retryOutbox  = `UPDATE outbox SET next_at = ?, outcome = ? WHERE id = ? AND next_at > 0`
	closeOutbox  = `UPDATE outbox SET next_at = 0, done_at = ?, outcome = ? WHERE id = ?`
	deleteOutbox = `DELETE FROM outbox WHERE done_at > 0 AND done_at < ?`
)

// enqueueNotices stores the messages of all events of this transaction.
func (tx *Tx) enqueueNotices(ctx context.Context) error {
	for _, ev := range tx.events {
		if err := tx.enqueue(ctx, ev); err != nil {
			return err
		}
	}
	return nil
}

// enqueue stores the messages of an event, one row for each receiver. A receiver that is gone gets none.
func (tx *Tx) enqueue(ctx context.Context, ev hub.Event) error {
	for _, n := range ev.Notices {
		to, err := collect(ctx, tx.queries, scanOne[hub.ID], selectReceivers, n.To, n.To, hub.RoleAdmin, cmp.Or(n.Most, math.MaxInt32), n.To)
		if err != nil {
			return err
		}
		data := map[string]string{}
		for k, v := range n.Data {
			data[k] = hub.WithoutTokens(v)
		}
		text, err := json.Marshal(data)
		if err != nil {
			return err
		}
		if n.Data["email"] != "" && len(to) > 1 {
			to = to[:1] // an address of its own: one mail
		}
		for _, user := range to {
			id := hub.NewIDAt(tx.at)
			dedupe := string(id)
			if n.Dedupe != "" {
				dedupe = n.Kind + ":" + n.Dedupe + ":" + string(user)
			}
			if _, err := tx.exec(ctx, insertOutbox, id, n.Kind, user, dedupe, string(text), tx.at, tx.at); err != nil {
				return err
			}
		}
	}
	return nil
}

// Enqueue stores messages that come without an event, such as warnings about what time brings.
func (db *DB) Enqueue(ctx context.Context, notices ...hub.Notice) error {
	if len(notices) == 0 {
		return nil
	}
	return db.mutate(ctx, "storing messages", func(tx *Tx) error { return tx.enqueue(ctx, hub.Event{Notices: notices}) })
}

// ClaimOutbox takes up to limit messages that are due at now, and gives the caller until lease to deliver them; who
// fails to say how it went lets another try after that. Several processes may claim at once: each row goes to one.
func (db *DB) ClaimOutbox(ctx context.Context, now, lease time.Time, limit int) (rows []hub.OutboxRow, err error) {
	due, err := collect(ctx, db.single, scanOutbox, selectOutboxDue, now, limit)
	if err != nil || len(due) == 0 {
		return nil, db.fail(err, "reading messages to deliver")
	}
	err = db.mutate(ctx, "claiming messages to deliver", func(tx *Tx) error {
		rows = nil
		for _, r := range due {
			n, err := tx.exec(ctx, claimOutbox, lease, r.ID, r.Attempts)
			if err != nil {
				return err
			}
			if n == 1 {
				r.Attempts++
				rows = append(rows, r)
			}
		}
		return nil
	})
	return rows, err
}

// CloseOutbox ends the delivery of a message; outcome says how, in words without secrets.
func (db *DB) CloseOutbox(ctx context.Context, id hub.ID, outcome string) error {
	return db.mutate(ctx, "closing a message", func(tx *Tx) error {
		_, err := tx.exec(ctx, closeOutbox, tx.at, storable(cmp.Or(outcome, "delivered")), id)
		return err
	})
}

// RetryOutbox puts a message off; outcome says why.
func (db *DB) RetryOutbox(ctx context.Context, id hub.ID, next time.Time, outcome string) error {
	return db.mutate(ctx, "putting off a message", func(tx *Tx) error {
		_, err := tx.exec(ctx, retryOutbox, next, storable(outcome), id)
		return err
	})
}

// ForgetOutbox deletes messages that were done with before a time.
func (db *DB) ForgetOutbox(ctx context.Context, before time.Time) error {
	return db.mutate(ctx, "deleting old messages", func(tx *Tx) error {
		_, err := tx.exec(ctx, deleteOutbox, before)
		return err
	})
}

func scanOutbox(s scanner) (r hub.OutboxRow, err error) {
	return r, s.Scan(&r.ID, &r.Kind, &r.To, asJSON{&r.Data}, asTime{&r.CreatedAt}, &r.Attempts, &r.Outcome)
}
