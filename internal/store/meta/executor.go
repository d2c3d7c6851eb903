package meta

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// direct runs queries on a database or a transaction without keeping statements. pgx keeps its own, one set for
// each connection, so this is all that PostgreSQL needs.
type direct struct {
	eng *engine
	on  interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
}

func (d direct) execute(ctx context.Context, text string, args []any) (sql.Result, error) {
	return d.on.ExecContext(ctx, d.eng.rewritten(text), args...)
}

func (d direct) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	return d.on.QueryContext(ctx, d.eng.rewritten(text), args...)
}

// keeping runs queries on SQLite with statements that are parsed once: a third of the cost of a small query.
type keeping struct {
	eng *engine
	on  interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	stmts *sync.Map // text → *sql.Stmt
}

func (k keeping) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := k.stmts.Load(text); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := k.on.PrepareContext(context.WithoutCancel(ctx), k.eng.rewritten(text)) // it outlives this call
	if err != nil {
		return nil, err
	}
	if old, loaded := k.stmts.LoadOrStore(text, s); loaded {
		return old.(*sql.Stmt), s.Close()
	}
	return s, nil
}

// close ends the statements: a connection of SQLite is closed only after all that were made on it.
func (k keeping) close() (err error) {
	k.stmts.Range(func(_, s any) bool {
		err = errors.Join(err, s.(*sql.Stmt).Close())
		return true
	})
	return err
}

func (k keeping) execute(ctx context.Context, text string, args []any) (sql.Result, error) {
	s, err := k.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (k keeping) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	s, err := k.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// unhurried runs queries to their end even when the caller has gone: SQLite answers an interrupted write by undoing
// the whole transaction, which may hold the work of others.
type unhurried struct{ keeping }

func (u unhurried) execute(ctx context.Context, text string, args []any) (sql.Result, error) {
	return u.keeping.execute(context.WithoutCancel(ctx), text, args)
}

func (u unhurried) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	return u.keeping.query(context.WithoutCancel(ctx), text, args)
}
