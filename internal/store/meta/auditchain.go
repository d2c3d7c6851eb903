package meta

import (
	"context"
	"database/sql"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	lockAuditHead   = `SELECT seq, hash FROM audit_head WHERE name = 'log' FOR UPDATE`
	updateAuditHead = `UPDATE audit_head SET seq = ?, hash = ? WHERE name = 'log'`
	insertAuditRow  = `
		INSERT INTO audit_log (seq, id, type, actor_id, actor_name, token_id, namespace_id, repo_id, target_id,
			message, ip, user_agent, at, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	selectRepoOwner = `SELECT namespace_id FROM repos WHERE id = ?`
	insertAuditHead = `INSERT INTO audit_head (name, seq, hash, base_seq) VALUES ('log', ?, ?, 0)`
)

// auditQueue is the key under which writers of this process queue for the log's head; no row has it as its id.
const auditQueue hub.ID = "audit log"

// record remembers an event of this transaction, and whose cached access facts are stale. The type is that of the
// method when the caller gave none. An event about a repository gets its owner's namespace, so that the organization
// finds it.
func (tx *Tx) record(ctx context.Context, ev hub.Event, kind string, changes ...hub.Change) error {
	if ev.Type == "" {
		ev.Type = kind
	}
	if ev.At.IsZero() {
		ev.At = tx.at
	}
	ev.ID, ev.At = hub.NewIDAt(ev.At), ev.At.UTC()
	for _, s := range []*string{&ev.ActorName, &ev.Message, &ev.IP, &ev.UserAgent} {
		*s = storable(*s)
	}
	if ev.NamespaceID == "" && ev.RepoID != "" {
		owner, err := collect(ctx, tx.queries, scanOne[hub.ID], selectRepoOwner, ev.RepoID)
		if err != nil {
			return err
		}
		for _, id := range owner {
			ev.NamespaceID = id
		}
	}
	tx.events = append(tx.events, ev)
	tx.stale(changes...)
	return nil
}

// storable makes a text of a caller one that both databases take: what an event is about must not fail because of a
// program's strange name.
func storable(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "") }

// writeEvents appends the events to the chain. It comes after everything else, because the lock of the head makes all
// other writers of events wait until the COMMIT.
func (tx *Tx) writeEvents(ctx context.Context) error {
	if len(tx.events) == 0 {
		return nil
	}
	for _, ev := range tx.events {
		if err := tx.enqueue(ctx, ev); err != nil {
			return err
		}
	}
	return appendEvents(ctx, tx.queries, tx.events)
}

func appendEvents(ctx context.Context, q queries, events []hub.Event) error {
	var seq int64
	var last []byte
	if err := q.one(ctx, lockAuditHead, nil, &seq, &last); err != nil {
		return err
	}
	hash := auditchain.Hash(last)
	var record []byte
	for _, ev := range events {
		seq++
		record = auditchain.Record(record[:0], seq, ev)
		hash = auditchain.Next(hash, record)
		_, err := q.exec(ctx, insertAuditRow, seq, ev.ID, ev.Type, ev.ActorID, ev.ActorName, ev.TokenID,
			ev.NamespaceID, ev.RepoID, ev.TargetID, ev.Message, ev.IP, ev.UserAgent, ev.At, hash[:])
		if err != nil {
			return err
		}
	}
	_, err := q.exec(ctx, updateAuditHead, seq, hash[:])
	return err
}

// chainOldAudit is the part of migration 4 that SQL cannot do: it moves the events of before into the chain, in the
// order of their ids, which is that of their times.
func (db *DB) chainOldAudit(ctx context.Context, t *sql.Tx) error {
	const text = `
		SELECT a.id, a.type, a.actor_id, a.actor_name, a.token_id,
			CASE WHEN a.namespace_id = '' THEN COALESCE(r.namespace_id, '') ELSE a.namespace_id END,
			a.repo_id, a.target_id, a.message, a.ip, a.user_agent, a.at
		FROM audit a LEFT JOIN repos r ON r.id = a.repo_id WHERE a.id > ? ORDER BY a.id LIMIT ?`
	q := queries{direct{eng: db.eng, on: t}}
	var zero auditchain.Hash
	if _, err := q.exec(ctx, insertAuditHead, 0, zero[:]); err != nil {
		return err
	}
	for after := hub.ID(""); ; {
		const page = 1000
		events, err := collect(ctx, q, scanEvent, text, after, page)
		if err != nil {
			return err
		}
		if len(events) > 0 {
			if err := appendEvents(ctx, q, events); err != nil {
				return err
			}
			after = events[len(events)-1].ID
		}
		if len(events) < page {
			_, err := t.ExecContext(ctx, "DROP TABLE audit")
			return err
		}
	}
}

func scanEvent(s scanner) (e hub.Event, err error) {
	return e, s.Scan(&e.ID, &e.Type, &e.ActorID, &e.ActorName, &e.TokenID, &e.NamespaceID, &e.RepoID,
		&e.TargetID, &e.Message, &e.IP, &e.UserAgent, asTime{&e.At})
}

// RecordEvents stores events that come without another change, such as refusals, in one transaction.
func (db *DB) RecordEvents(ctx context.Context, events ...hub.Event) error {
	if len(events) == 0 {
		return nil
	}
	return db.mutate(ctx, "recording events", func(tx *Tx) error {
		for _, ev := range events {
			if err := tx.record(ctx, ev, "event"); err != nil {
				return err
			}
		}
		return nil
	})
}
