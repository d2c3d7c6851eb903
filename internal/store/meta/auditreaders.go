package meta

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"
	"unsafe"

	"zombiezen.com/go/sqlite"

	"github.com/ambit-hub/ambit/internal/hub"
)

// auditReaders are SQLite connections that go through the audit log. They are the same SQLite as all others, without
// database/sql and its driver in between: that locks three times and allocates once for each column, which costs more
// than reading and hashing an event.
type auditReaders struct {
	path  string
	slots chan *sqlite.Conn // nil: a connection that has not been opened yet
	ended atomic.Bool       // close was called
}

func newAuditReaders(path string, n int) *auditReaders {
	rs := &auditReaders{path: path, slots: make(chan *sqlite.Conn, n)}
	for range n {
		rs.slots <- nil
	}
	return rs
}

// scan is ScanAudit.
func (rs *auditReaders) scan(ctx context.Context, after, until int64, f func(*hub.AuditRow) error) (err error) {
	var conn *sqlite.Conn
	select {
	case conn = <-rs.slots:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { rs.slots <- conn }()
	if rs.ended.Load() {
		return errors.New("the database is closed")
	}
	if conn == nil {
		if conn, err = rs.open(); err != nil {
			return err
		}
	}
	conn.SetInterrupt(ctx.Done())
	defer conn.SetInterrupt(nil)
	err = scanAuditRows(conn, after, until, f)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (rs *auditReaders) open() (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(rs.path, sqlite.OpenReadWrite) // a log in WAL mode cannot be read by who may not write at all
	if err != nil {
		return nil, err
	}
	conn.SetBusyTimeout(10 * time.Second)
	for _, pragma := range []string{"query_only = 1", fmt.Sprintf("mmap_size = %d", sqliteMmap)} {
		stmt, _, err := conn.PrepareTransient("PRAGMA " + pragma)
		if err == nil {
			_, err = stmt.Step()
			err = errors.Join(err, stmt.Finalize())
		}
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

// close waits for running scans.
func (rs *auditReaders) close() (err error) {
	rs.ended.Store(true)
	for range cap(rs.slots) {
		if conn := <-rs.slots; conn != nil {
			err = errors.Join(err, conn.Close())
		}
	}
	for range cap(rs.slots) {
		rs.slots <- nil
	}
	return err
}

func scanAuditRows(conn *sqlite.Conn, after, until int64, f func(*hub.AuditRow) error) (err error) {
	stmt, err := conn.Prepare(selectAuditBetween) // parsed once for each connection
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stmt.Reset()) }()
	stmt.BindInt64(1, after)
	stmt.BindInt64(2, until)
	var r hub.AuditRow
	texts := auditTexts(&r)
	at := 2 + len(texts) // the number of that column
	var buf []byte       // of a row's hash and texts; the next row has the same one
	for {
		if more, err := stmt.Step(); err != nil || !more {
			return err
		}
		free := buf
		take := func(col int) []byte {
			n := stmt.ColumnBytes(col, free)
			if n == len(free) { // perhaps not all of it
				n = stmt.ColumnLen(col)
				buf = make([]byte, 2*len(buf)+n+1024)
				free = buf
				stmt.ColumnBytes(col, free)
			}
			b := free[:n:n]
			free = free[n:]
			return b
		}
		r.Seq = stmt.ColumnInt64(0)
		if r.Hash = nil; stmt.ColumnType(1) == sqlite.TypeBlob {
			r.Hash = take(1)
		}
		for i, to := range texts {
			b := take(2 + i)
			*to = unsafe.String(unsafe.SliceData(b), len(b)) // the row may not be kept
		}
		micro := int64(math.MinInt64) // of what is no number, which SQLite lets somebody store there
		if stmt.ColumnType(at) == sqlite.TypeInteger {
			micro = stmt.ColumnInt64(at)
		}
		r.At = time.UnixMicro(micro).UTC()
		if err := f(&r); err != nil {
			return err
		}
	}
}
