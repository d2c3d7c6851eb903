package meta

import (
	"context"
	"database/sql"
)

// OnQuery registers the listener that is called with the text of each query before it runs, except for those that read
// whole stretches of the audit log. It is for tests and measurements: call it before others use the database. The
// listener may be called by many at once.
func (db *DB) OnQuery(f func(text string)) { db.heard = f }

// heard tells the listener of its database of each query.
type heard struct {
	executor
	db *DB
}

// over makes queries of this database that e runs.
func (db *DB) over(e executor) queries { return queries{heard{e, db}} }

func (h heard) tell(text string) {
	if h.db.heard != nil {
		h.db.heard(text)
	}
}

func (h heard) execute(ctx context.Context, text string, args []any) (sql.Result, error) {
	h.tell(text)
	return h.executor.execute(ctx, text, args)
}

func (h heard) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	h.tell(text)
	return h.executor.query(ctx, text, args)
}
