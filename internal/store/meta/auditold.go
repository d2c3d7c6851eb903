package meta

import (
	"context"
	"database/sql"

	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	insertAuditHead = `INSERT INTO audit_head (name, seq, hash, base_seq) VALUES ('log', ?, ?, 0)`
	insertOldAudit  = `
		INSERT INTO audit_log (seq, id, type, actor_id, actor_name, token_id, namespace_id, repo_id, target_id,
			message, ip, user_agent, at, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// chainOldAudit is the part of migration 4 that SQL cannot do: it moves the events of before into the chain, in the
// order of their ids, which is that of their times.
func (db *DB) chainOldAudit(ctx context.Context, t *sql.Tx) error {
	// A constant in here, because no test can prepare a query of a table that is no longer there.
	const text = `
		SELECT a.id, a.type, a.actor_id, a.actor_name, a.token_id,
			CASE WHEN a.namespace_id = '' THEN COALESCE(r.namespace_id, '') ELSE a.namespace_id END,
			a.repo_id, a.target_id, a.message, a.ip, a.user_agent, a.at
		FROM audit a LEFT JOIN repos r ON r.id = a.repo_id WHERE a.id > ? ORDER BY a.id LIMIT 1000`
	q := queries{direct{eng: db.eng, on: t}}
	var hash auditchain.Hash
	if _, err := q.exec(ctx, insertAuditHead, 0, hash[:]); err != nil {
		return err
	}
	row := hub.AuditRow{}
	var record []byte
	for {
		events, err := collect(ctx, q, scanEvent, text, row.ID)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		for _, ev := range events {
			row.Seq, row.Event = row.Seq+1, ev
			record = auditchain.Record(record[:0], row)
			hash = auditchain.Next(hash, record)
			if _, err := q.exec(ctx, insertOldAudit, append(append([]any{row.Seq}, eventValues(ev)...), hash[:])...); err != nil {
				return err
			}
		}
	}
	if _, err := q.exec(ctx, updateAuditHead, row.Seq, hash[:]); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx, "DROP TABLE audit")
	return err
}
