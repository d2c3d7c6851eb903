package meta

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	lockAuditHead   = `SELECT seq, hash FROM audit_head WHERE name = 'log' FOR UPDATE`
	updateAuditHead = `UPDATE audit_head SET seq = ?, hash = ? WHERE name = 'log'`
	selectRepoOwner = `SELECT namespace_id FROM repos WHERE id = ?`
)

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
		*s = hub.WithoutTokens(storable(*s))
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

// appendEvents gives events their numbers and appends them to the chain. From here to the COMMIT all other writers of
// events wait for the lock of the head.
func appendEvents(ctx context.Context, q queries, events []hub.Event) error {
	row := hub.AuditRow{}
	var last []byte
	if err := q.one(ctx, lockAuditHead, nil, &row.Seq, &last); err != nil {
		return err
	}
	hash := auditchain.Hash(last)
	var record []byte
	rows := make([][]any, 0, len(events))
	for _, ev := range events {
		row.Seq, row.Event, row.IPSalt = row.Seq+1, ev, ""
		if ev.IP != "" {
			row.IPSalt = auditchain.NewSalt()
		}
		record = auditchain.Record(record[:0], row)
		hash = auditchain.Next(hash, record)
		rows = append(rows, append([]any{row.Seq}, append(eventValues(ev), row.IPSalt, bytes.Clone(hash[:]))...))
	}
	if err := insertRows(ctx, q, rows, insertAuditRow, insertAuditRows); err != nil {
		return err
	}
	_, err := q.exec(ctx, updateAuditHead, row.Seq, hash[:])
	return err
}

// The columns of an event, in the order of eventValues and scanEvent.
const (
	eventTexts   = `id, type, actor_id, actor_name, token_id, namespace_id, repo_id, target_id, message, ip, user_agent`
	eventColumns = eventTexts + `, at`
)

func eventValues(ev hub.Event) []any {
	return []any{ev.ID, ev.Type, ev.ActorID, ev.ActorName, ev.TokenID, ev.NamespaceID, ev.RepoID, ev.TargetID, ev.Message, ev.IP,
		ev.UserAgent, ev.At}
}

const (
	auditRow        = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertAuditRow  = `INSERT INTO audit_log (seq, ` + eventColumns + `, ip_salt, hash) VALUES ` + auditRow
	auditRows4      = auditRow + `, ` + auditRow + `, ` + auditRow + `, ` + auditRow
	insertAuditRows = `INSERT INTO audit_log (seq, ` + eventColumns + `, ip_salt, hash) VALUES ` +
		auditRows4 + `, ` + auditRows4 + `, ` + auditRows4 + `, ` + auditRows4
)

// many is how many rows the second text of insertRows inserts.
const many = 16

// insertRows inserts rows with texts that insert one and many: a statement costs more than a row of it.
func insertRows(ctx context.Context, q queries, rows [][]any, single, several string) error {
	for len(rows) > 0 {
		n, text := 1, single
		if len(rows) >= many {
			n, text = many, several
		}
		if _, err := q.exec(ctx, text, slices.Concat(rows[:n]...)...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func scanEvent(s scanner) (e hub.Event, err error) {
	return e, s.Scan(&e.ID, &e.Type, &e.ActorID, &e.ActorName, &e.TokenID, &e.NamespaceID, &e.RepoID,
		&e.TargetID, &e.Message, &e.IP, &e.UserAgent, asTime{&e.At})
}
