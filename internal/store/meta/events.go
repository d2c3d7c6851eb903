package meta

import (
	"context"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// OnChange registers f, to be called after each transaction that made cached access facts stale, before the method
// that made it returns. Calls of f may be concurrent. There is no way to take f back.
func (db *DB) OnChange(f func([]hub.Change)) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.listeners = append(slices.Clone(db.listeners), f)
}

func (db *DB) tell(changes []hub.Change) {
	if len(changes) == 0 {
		return
	}
	db.mu.RLock()
	listeners := db.listeners
	db.mu.RUnlock()
	for _, f := range listeners {
		f(slices.Clone(changes))
	}
}

const (
	countChanges  = `UPDATE counters SET value = value + ? WHERE name = 'auth' RETURNING value`
	insertChange  = `INSERT INTO auth_changes (seq, kind, id, at) VALUES (?, ?, ?, ?)`
	selectSeq     = `SELECT value FROM counters WHERE name = 'auth'`
	selectChanges = `SELECT seq, kind, id FROM auth_changes WHERE seq > ? ORDER BY seq LIMIT ?`
	selectEvents  = `
		SELECT id, type, actor_id, actor_name, token_id, namespace_id, repo_id, target_id, message, ip, user_agent, at
		FROM audit_log WHERE seq > COALESCE((SELECT seq FROM audit_log WHERE id = ?), 0) ORDER BY seq LIMIT ?`
	deleteChanges = `DELETE FROM auth_changes WHERE at < ?`
)

// stale adds to the changes of this transaction, each once.
func (tx *Tx) stale(changes ...hub.Change) {
	for _, c := range changes {
		if c.ID != "" && !slices.Contains(tx.changes, c) {
			tx.changes = append(tx.changes, c)
		}
	}
}

// writeChanges numbers the changes of transactions in the order of their commits: the counter's row lock makes other
// writers wait.
func writeChanges(ctx context.Context, q queries, txs []*Tx) error {
	n := 0
	for _, tx := range txs {
		n += len(tx.changes)
	}
	if n == 0 {
		return nil
	}
	var last int64
	if err := q.one(ctx, countChanges, []any{n}, &last); err != nil {
		return err
	}
	seq := last - int64(n)
	for _, tx := range txs {
		for _, c := range tx.changes {
			seq++
			if _, err := q.exec(ctx, insertChange, seq, string(c.Kind), c.ID, tx.at); err != nil {
				return err
			}
		}
	}
	return nil
}

// ChangeRow is a change with its place in the order of commits.
type ChangeRow struct {
	Seq int64
	hub.Change
}

// ChangesSince returns up to limit changes after seq, oldest first. Who has seen n has seen everything below n.
func (db *DB) ChangesSince(ctx context.Context, seq int64, limit int) ([]ChangeRow, error) {
	rows, err := collect(ctx, db.single, func(s scanner) (c ChangeRow, err error) {
		return c, s.Scan(&c.Seq, &c.Kind, &c.ID)
	}, selectChanges, seq, limit)
	return rows, db.fail(err, "reading access changes")
}

// LastChange returns the number of the newest change, 0 before the first.
func (db *DB) LastChange(ctx context.Context) (int64, error) {
	var seq int64
	err := db.single.one(ctx, selectSeq, nil, &seq)
	return seq, db.fail(err, "reading the newest access change")
}

// ListEvents returns up to limit events of the audit log after the given one, in the order of their commits; from the
// beginning when after is empty or unknown.
func (db *DB) ListEvents(ctx context.Context, after hub.ID, limit int) ([]hub.Event, error) {
	if err := db.seal(ctx); err != nil {
		return nil, err
	}
	events, err := collect(ctx, db.single, scanEvent, selectEvents, after, limit)
	return events, db.fail(err, "reading the audit log")
}
