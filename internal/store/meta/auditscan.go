package meta

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/ambit-hub/ambit/internal/hub"
)

// ScanAudit calls f for every event with a number above after and at most until, in their order, until f returns an
// error, which is returned. It takes the rows from the driver as they come: database/sql's conversion of fifteen columns
// costs more than reading and hashing them. f may keep what the row holds, but not the row. Events that wait for their
// numbers are not waited for.
func (db *DB) ScanAudit(ctx context.Context, after, until int64, f func(*hub.AuditRow) error) error {
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return db.fail(err, "reading the audit log")
	}
	defer conn.Close()
	err = conn.Raw(func(on any) error {
		if pg, ok := on.(*stdlib.Conn); ok {
			return scanAuditPostgres(ctx, pg, db.eng.rewritten(selectAuditBetween), after, until, f)
		}
		return scanAuditSQLite(ctx, on, after, until, f)
	})
	return db.fail(err, "reading the audit log")
}

// auditTexts are where the text columns of auditColumns go, from the third on.
func auditTexts(r *hub.AuditRow) [12]*string {
	e := &r.Event
	return [...]*string{&r.IPSalt, (*string)(&e.ID), &e.Type, (*string)(&e.ActorID), &e.ActorName, (*string)(&e.TokenID), (*string)(&e.NamespaceID),
		(*string)(&e.RepoID), (*string)(&e.TargetID), &e.Message, &e.IP, &e.UserAgent}
}

// scanAuditSQLite takes all texts of a row as one: SQLite's driver locks the connection three times for each column. No
// text that we store holds the separator.
func scanAuditSQLite(ctx context.Context, on any, after, until int64, f func(*hub.AuditRow) error) error {
	const text = `
		SELECT seq, hash, at, concat_ws(char(0), ip_salt, ` + eventTexts + `) FROM audit_log
		WHERE seq > ? AND seq <= ? ORDER BY seq`
	prepared, err := on.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	defer prepared.Close()
	rows, err := prepared.(driver.StmtQueryContext).QueryContext(ctx, []driver.NamedValue{{Ordinal: 1, Value: after}, {Ordinal: 2, Value: until}})
	if err != nil {
		return err
	}
	defer rows.Close()
	var r hub.AuditRow
	texts := auditTexts(&r)
	values := make([]driver.Value, 4)
	for {
		if err := rows.Next(values); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		r.Seq, _ = values[0].(int64)
		r.Hash, _ = values[1].([]byte)
		at, ok := values[2].(int64)
		if !ok { // SQLite lets somebody store a text there
			at = math.MinInt64
		}
		r.At = time.UnixMicro(at).UTC()
		all, _ := values[3].(string)
		if !splitTexts(all, texts[:]) {
			for _, to := range texts {
				*to = ""
			}
			r.Message = all // which has not the hash of any event
		}
		if err := f(&r); err != nil {
			return err
		}
	}
}

// splitTexts puts what stands between separators where it belongs; false when there are more or fewer.
func splitTexts(all string, to []*string) bool {
	for _, t := range to[:len(to)-1] {
		i := strings.IndexByte(all, 0)
		if i < 0 {
			return false
		}
		*t, all = all[:i], all[i+1:]
	}
	*to[len(to)-1] = all
	return strings.IndexByte(all, 0) < 0
}

func scanAuditPostgres(ctx context.Context, on *stdlib.Conn, text string, after, until int64, f func(*hub.AuditRow) error) error {
	rows, err := on.Conn().Query(ctx, text, after, until)
	if err != nil {
		return err
	}
	defer rows.Close()
	types := on.Conn().TypeMap()
	columns := rows.FieldDescriptions()
	var r hub.AuditRow
	texts := auditTexts(&r)
	places := [...]int{0, 1, 2 + len(texts)} // of what is no text
	var all []byte
	for rows.Next() {
		raw := rows.RawValues()
		var at int64
		for i, to := range [...]any{&r.Seq, &r.Hash, &at} {
			i = places[i]
			if err := types.Scan(columns[i].DataTypeOID, columns[i].Format, raw[i], to); err != nil {
				return fmt.Errorf("column %s: %w", columns[i].Name, err)
			}
		}
		all = all[:0]
		for i := range texts {
			all = append(all, raw[2+i]...)
		}
		line := string(all) // one for all columns
		for i, to := range texts {
			n := len(raw[2+i])
			*to, line = line[:n], line[n:]
		}
		r.At = time.UnixMicro(at).UTC()
		if err := f(&r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// AuditByID returns the event with an id; NotFound when there is none.
func (db *DB) AuditByID(ctx context.Context, id hub.ID) (hub.AuditRow, error) {
	if err := db.seal(ctx); err != nil {
		return hub.AuditRow{}, err
	}
	rows, err := collect(ctx, db.single, scanAudit, selectAuditByID, id)
	if err == nil && len(rows) == 0 {
		return hub.AuditRow{}, hub.Errorf(hub.NotFound, "There is no such event.")
	}
	if err != nil {
		return hub.AuditRow{}, db.fail(err, "reading the audit log")
	}
	return rows[0], nil
}
