package meta

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	auditColumns    = `SELECT seq, hash, ip_salt, ` + eventColumns + ` FROM audit_log `
	auditConditions = `
		AND seq < ? AND at >= ? AND at < ? AND type LIKE ? ESCAPE '\' AND LOWER(actor_name) LIKE ? ESCAPE '\'
		AND token_id LIKE ? ESCAPE '\' AND repo_id LIKE ? ESCAPE '\'
		AND LOWER(type || ' ' || actor_name || ' ' || message) LIKE ? ESCAPE '\'
		ORDER BY seq DESC LIMIT ?`
	selectAudit            = auditColumns + `WHERE seq > 0` + auditConditions
	selectAuditOfNamespace = auditColumns + `WHERE namespace_id = ?` + auditConditions
	selectAuditBetween     = auditColumns + `WHERE seq > ? AND seq <= ? ORDER BY seq`
	selectAuditByID        = auditColumns + `WHERE id = ?`
	selectAuditHead        = `SELECT seq, hash, base_seq FROM audit_head WHERE name = 'log'`
	selectAuditLast        = `SELECT COALESCE(MAX(seq), 0) FROM audit_log`

	deleteAuditUntil       = `DELETE FROM audit_log WHERE seq <= ?`
	deleteCheckpointsUntil = `DELETE FROM audit_checkpoints WHERE size < ?`
	updateAuditBase        = `UPDATE audit_head SET base_seq = ? WHERE name = 'log' AND base_seq < ?`
)

// AuditEvents returns up to q.Limit events, newest first.
func (db *DB) AuditEvents(ctx context.Context, q hub.AuditQuery) ([]hub.AuditRow, error) {
	if err := db.seal(ctx); err != nil {
		return nil, err
	}
	before, until := q.Before, int64(math.MaxInt64)
	if before <= 0 {
		before = math.MaxInt64
	}
	if !q.Until.IsZero() {
		until = micros(q.Until)
	}
	orAll := func(s string) string {
		if s == "" {
			return "%"
		}
		return likeExactly(s)
	}
	typ := orAll(strings.ToLower(q.Type))
	if family, ok := strings.CutSuffix(strings.ToLower(q.Type), "*"); ok {
		typ = likeExactly(family) + "%"
	}
	actor := "%"
	if q.Actor != "" {
		actor = likeAnyCase(q.Actor)
	}
	args := []any{before, micros(q.Since), until, typ, actor, orAll(string(q.Token)), orAll(string(q.Repo)),
		"%" + likeAnyCase(q.Text) + "%", q.Limit}
	text := selectAudit
	if q.Namespace != "" {
		text, args = selectAuditOfNamespace, append([]any{q.Namespace}, args...)
	}
	rows, err := collect(ctx, db.single, scanAudit, text, args...)
	return rows, db.fail(err, "reading the audit log")
}

// likeExactly makes s the pattern of LIKE that finds s alone.
func likeExactly(s string) string { return likeEscaper.Replace(s) }

// likeAnyCase makes s the pattern of LIKE that finds s, in whatever case, in a text that went through LOWER. What LOWER does
// with letters beyond ASCII differs from engine to engine, so one that has a case stands for any character.
func likeAnyCase(s string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII && unicode.ToUpper(r) != unicode.ToLower(r) {
			return '_'
		}
		return unicode.ToLower(r)
	}, likeExactly(s))
}

// AuditHead returns where the log ends.
func (db *DB) AuditHead(ctx context.Context) (h hub.AuditHead, err error) {
	if err := db.seal(ctx); err != nil {
		return h, err
	}
	err = db.inRead(ctx, func(q queries) error {
		if err := q.one(ctx, selectAuditHead, nil, &h.Seq, &h.Hash, &h.Base); err != nil {
			return err
		}
		return q.one(ctx, selectAuditLast, nil, &h.Last)
	})
	return h, db.fail(err, "reading the head of the audit log")
}

// ForgetAudit deletes the events that the newest checkpoint made before the given time covers, and the checkpoints
// before that one, which stays as what the rest of the chain begins at. When something was deleted it records ev, with
// a message that says what. It returns the number of the last event that is gone.
func (db *DB) ForgetAudit(ctx context.Context, before time.Time, ev hub.Event) (base int64, err error) {
	c, ok, err := db.checkpoint(ctx, selectCheckpointUntil, before)
	if err != nil || !ok {
		return 0, err
	}
	err = db.mutate(ctx, "deleting old events", func(tx *Tx) error {
		n, err := tx.exec(ctx, updateAuditBase, c.Size, c.Size)
		if err != nil || n == 0 {
			return err
		}
		if _, err := tx.exec(ctx, deleteAuditUntil, c.Size); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, deleteCheckpointsUntil, c.Size); err != nil {
			return err
		}
		ev.Message = fmt.Sprintf("deleted the events up to number %d", c.Size)
		return tx.record(ctx, ev, "audit.retention")
	})
	return c.Size, err
}

func scanAudit(s scanner) (r hub.AuditRow, err error) {
	e := &r.Event
	return r, s.Scan(&r.Seq, &r.Hash, &r.IPSalt, &e.ID, &e.Type, &e.ActorID, &e.ActorName, &e.TokenID, &e.NamespaceID, &e.RepoID,
		&e.TargetID, &e.Message, &e.IP, &e.UserAgent, asTime{&e.At})
}
