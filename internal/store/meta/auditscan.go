package meta

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/ambit-hub/ambit/internal/hub"
)

// ScanAudit calls f for every event with a number above after and at most until, in their order, until f returns an
// error, which is returned. It takes the rows from the driver as they come: database/sql's conversion of fifteen columns
// costs more than reading and hashing them. The row and what it holds are good until f returns: Clone
// keeps it. Events that wait for their numbers are not waited for.
func (db *DB) ScanAudit(ctx context.Context, after, until int64, f func(*hub.AuditRow) error) error {
	if db.auditors != nil {
		return db.fail(db.auditors.scan(ctx, after, until, f), "reading the audit log")
	}
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return db.fail(err, "reading the audit log")
	}
	defer conn.Close()
	err = conn.Raw(func(on any) error {
		return scanAuditPostgres(ctx, on.(*stdlib.Conn), db.eng.rewritten(selectAuditBetween), after, until, f)
	})
	return db.fail(err, "reading the audit log")
}

// auditTexts are where the text columns of auditColumns go, from the third on.
func auditTexts(r *hub.AuditRow) [12]*string {
	e := &r.Event
	return [...]*string{&r.IPSalt, (*string)(&e.ID), &e.Type, (*string)(&e.ActorID), &e.ActorName, (*string)(&e.TokenID), (*string)(&e.NamespaceID),
		(*string)(&e.RepoID), (*string)(&e.TargetID), &e.Message, &e.IP, &e.UserAgent}
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
