package meta

import (
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
	var hasher auditchain.Hasher
	values := make([]any, 0, len(events)*auditValues)
	hashes := make([]byte, 0, len(events)*len(hash))
	for i := range events {
		row.Seq, row.Event, row.IPSalt = row.Seq+1, events[i], ""
		if row.IP != "" {
			row.IPSalt = auditchain.NewSalt()
		}
		hasher.Record(&row)
		hash = hasher.Next(&hash)
		hashes = append(hashes, hash[:]...)
		values = append(appendEvent(append(values, row.Seq), &row.Event), row.IPSalt, hashes[len(hashes)-len(hash):])
	}
	if err := insertRows(ctx, q, values, auditValues, insertAudit); err != nil {
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

func eventValues(ev hub.Event) []any { return appendEvent(nil, &ev) }

func appendEvent(to []any, ev *hub.Event) []any {
	return append(to, ev.ID, ev.Type, ev.ActorID, ev.ActorName, ev.TokenID, ev.NamespaceID, ev.RepoID, ev.TargetID, ev.Message, ev.IP,
		ev.UserAgent, ev.At)
}

// How many values a row of the events and one of the log takes.
const (
	eventValuesLen = 12
	auditValues    = eventValuesLen + 3
)

const (
	insertAuditColumns = `INSERT INTO audit_log (seq, ` + eventColumns + `, ip_salt, hash) VALUES `
	auditRow           = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	auditRows4         = auditRow + `, ` + auditRow + `, ` + auditRow + `, ` + auditRow
	auditRows16        = auditRows4 + `, ` + auditRows4 + `, ` + auditRows4 + `, ` + auditRows4
	auditRows64        = auditRows16 + `, ` + auditRows16 + `, ` + auditRows16 + `, ` + auditRows16

	insertAudit1  = insertAuditColumns + auditRow
	insertAudit4  = insertAuditColumns + auditRows4
	insertAudit16 = insertAuditColumns + auditRows16
	insertAudit64 = insertAuditColumns + auditRows64
)

// insertion is a text that inserts so many rows.
type insertion struct {
	rows int
	text string
}

var insertAudit = []insertion{{64, insertAudit64}, {16, insertAudit16}, {4, insertAudit4}, {1, insertAudit1}}

// insertRows inserts rows, of width values each and one behind the other, with the given texts, the one of most rows first: a
// statement costs more than a row of it.
func insertRows(ctx context.Context, q queries, values []any, width int, texts []insertion) error {
	for len(values) > 0 {
		i := slices.IndexFunc(texts, func(t insertion) bool { return t.rows*width <= len(values) })
		n, text := texts[i].rows*width, texts[i].text
		if _, err := q.exec(ctx, text, values[:n]...); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

func scanEvent(s scanner) (e hub.Event, err error) {
	return e, s.Scan(&e.ID, &e.Type, &e.ActorID, &e.ActorName, &e.TokenID, &e.NamespaceID, &e.RepoID,
		&e.TargetID, &e.Message, &e.IP, &e.UserAgent, asTime{&e.At})
}
