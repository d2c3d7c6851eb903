package meta

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// readers are SQLite connections for transactions that read, each with the statements it has parsed.
type readers struct {
	pool  *sql.DB
	slots chan *reader // nil: a connection that has not been opened yet
	over  func(executor) queries
}

type reader struct {
	conn *sql.Conn
	on   queries
	kept keeping
}

func newReaders(pool *sql.DB, n int, over func(executor) queries) *readers {
	r := &readers{pool: pool, slots: make(chan *reader, n), over: over}
	for range n {
		r.slots <- nil
	}
	return r
}

// do runs f in a transaction, which sees one state of the rows from its first read to its end.
func (rs *readers) do(ctx context.Context, f func(queries) error) (err error) {
	var r *reader
	select {
	case r = <-rs.slots:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { rs.slots <- r }()
	if r == nil {
		conn, err := rs.pool.Conn(ctx)
		if err != nil {
			return err
		}
		kept := keeping{eng: sqliteEngine, on: conn, stmts: &sync.Map{}}
		r = &reader{conn: conn, on: rs.over(kept), kept: kept}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// Under ctx a caller who leaves just now would be told that it failed, with the transaction open: then this connection
	// could never begin another one.
	if _, err := r.conn.ExecContext(context.WithoutCancel(ctx), "BEGIN"); err != nil {
		return err
	}
	defer func() {
		_, end := r.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // there is nothing to commit
		err = errors.Join(err, end)
	}()
	return f(r.on)
}

// close waits for running transactions.
func (rs *readers) close() (err error) {
	for range cap(rs.slots) {
		if r := <-rs.slots; r != nil {
			err = errors.Join(err, r.kept.close(), r.conn.Close())
		}
	}
	for range cap(rs.slots) {
		rs.slots <- nil
	}
	return err
}
