package meta

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"
	"unsafe"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
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

// alongKey makes PostgreSQL read along the primary key. Of a table that has not been analyzed since it grew it believes that
// its rows lie about at random, and would rather gather and sort them, which is twice the work. A database that only speaks
// like PostgreSQL may not know the setting.
const alongKey = `BEGIN READ ONLY; SET LOCAL enable_sort = off`

func scanAuditPostgres(ctx context.Context, on *stdlib.Conn, text string, after, until int64, f func(*hub.AuditRow) error) (err error) {
	pg := on.Conn().PgConn()
	rollback := func() error {
		_, err := pg.Exec(context.WithoutCancel(ctx), "ROLLBACK").ReadAll()
		return err
	}
	if _, err := pg.Exec(ctx, alongKey).ReadAll(); postgresCode(err) != "" {
		if err := rollback(); err != nil {
			return err
		}
	} else if err != nil {
		return err
	} else {
		defer func() {
			if end := rollback(); err == nil {
				err = end
			}
		}()
	}
	rows, err := on.Conn().Query(ctx, text, after, until)
	if err != nil {
		return err
	}
	defer rows.Close()
	types := on.Conn().TypeMap()
	columns := rows.FieldDescriptions()
	var r hub.AuditRow
	texts := auditTexts(&r)
	last := 2 + len(texts) // the number of the time's column
	number := func(i int, raw []byte, to *int64) error {
		if columns[i].DataTypeOID == pgtype.Int8OID && columns[i].Format == pgx.BinaryFormatCode && len(raw) == 8 {
			*to = int64(binary.BigEndian.Uint64(raw))
			return nil
		}
		return scanColumn(types, columns[i], raw, to)
	}
	var at int64
	for rows.Next() {
		raw := rows.RawValues()
		if err := number(0, raw[0], &r.Seq); err != nil {
			return err
		}
		if r.Hash = raw[1]; columns[1].Format != pgx.BinaryFormatCode {
			if err := scanColumn(types, columns[1], raw[1], &r.Hash); err != nil {
				return err
			}
		}
		for i, to := range texts {
			*to = unsafe.String(unsafe.SliceData(raw[2+i]), len(raw[2+i])) // the row may not be kept
		}
		if err := number(last, raw[last], &at); err != nil {
			return err
		}
		r.At = time.UnixMicro(at).UTC()
		if err := f(&r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// scanColumn reads a column in whatever form it came.
func scanColumn(types *pgtype.Map, column pgconn.FieldDescription, raw []byte, to any) error {
	if err := types.Scan(column.DataTypeOID, column.Format, raw, to); err != nil {
		return fmt.Errorf("column %s: %w", column.Name, err)
	}
	return nil
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
