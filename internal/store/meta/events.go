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
	insertAudit = `
		INSERT INTO audit (id, type, actor_id, actor_name, token_id, namespace_id, repo_id, target_id,
			message, ip, user_agent, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	countChanges  = `UPDATE counters SET value = value + ? WHERE name = 'auth' RETURNING value`
	insertChange  = `INSERT INTO auth_changes (seq, kind, id, at) VALUES (?, ?, ?, ?)`
	selectSeq     = `SELECT value FROM counters WHERE name = 'auth'`
	selectChanges = `SELECT seq, kind, id FROM auth_changes WHERE seq > ? ORDER BY seq LIMIT ?`
	selectEvents  = `
		SELECT id, type, actor_id, actor_name, token_id, namespace_id, repo_id, target_id, message, ip, user_agent, at
		FROM audit WHERE id > ? ORDER BY id LIMIT ?`
	deleteChanges = `DELETE FROM auth_changes WHERE at < ?`
)

// record writes the audit row of what this transaction did and remembers whose cached access facts are stale.
// The type is that of the method when the caller gave none.
func (tx *Tx) record(ctx context.Context, ev hub.Event, kind string, changes ...hub.Change) error {
	if ev.Type == "" {
		ev.Type = kind
	}
	if ev.At.IsZero() {
		ev.At = tx.at
	}
	_, err := tx.exec(ctx, insertAudit, hub.NewIDAt(ev.At), ev.Type, ev.ActorID, ev.ActorName, ev.TokenID,
		ev.NamespaceID, ev.RepoID, ev.TargetID, ev.Message, ev.IP, ev.UserAgent, ev.At)
	tx.stale(changes...)
	return err
}

// stale adds to the changes of this transaction, each once.
func (tx *Tx) stale(changes ...hub.Change) {
	for _, c := range changes {
		if c.ID != "" && !slices.Contains(tx.changes, c) {
			tx.changes = append(tx.changes, c)
		}
	}
}

// writeChanges is the last thing that a transaction does, because its row lock makes other writers wait.
func (tx *Tx) writeChanges(ctx context.Context) error {
	if len(tx.changes) == 0 {
		return nil
	}
	var last int64
	if err := tx.one(ctx, countChanges, []any{len(tx.changes)}, &last); err != nil {
		return err
	}
	first := last - int64(len(tx.changes)) + 1
	for i, c := range tx.changes {
		if _, err := tx.exec(ctx, insertChange, first+int64(i), string(c.Kind), c.ID, tx.at); err != nil {
			return err
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

// ListEvents returns up to limit events of the audit log after the given one, oldest first.
func (db *DB) ListEvents(ctx context.Context, after hub.ID, limit int) ([]hub.Event, error) {
	events, err := collect(ctx, db.single, func(s scanner) (e hub.Event, err error) {
		return e, s.Scan(&e.ID, &e.Type, &e.ActorID, &e.ActorName, &e.TokenID, &e.NamespaceID, &e.RepoID,
			&e.TargetID, &e.Message, &e.IP, &e.UserAgent, asTime{&e.At})
	}, selectEvents, after, limit)
	return events, db.fail(err, "reading the audit log")
}
