package meta

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// pool is a set of connections with the statements prepared on them.
type pool struct {
	sql   *sql.DB
	eng   engine
	stmts *sync.Map // text of a constant query → *sql.Stmt
}

func newPool(e engine, d *sql.DB) pool { return pool{sql: d, eng: e, stmts: &sync.Map{}} }

// stmt returns the prepared statement of a constant query. SQLite would otherwise parse the text each time;
// pgx keeps its own statements, for which this is only the place of the rewritten text.
func (p pool) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := p.stmts.Load(text); ok {
		return s.(*sql.Stmt), nil
	}
	// The statement outlives this call's context.
	s, err := p.sql.PrepareContext(context.WithoutCancel(ctx), p.eng.rewrite(text))
	if err != nil {
		return nil, err
	}
	if old, loaded := p.stmts.LoadOrStore(text, s); loaded {
		s.Close()
		return old.(*sql.Stmt), nil
	}
	return s, nil
}

// queries runs queries in one place: a pool or a transaction. Every query text is a constant of this package with ?
// for each value, which a test prepares on both engines; only listings compose theirs.
type queries struct {
	pool pool
	tx   *sql.Tx // nil: outside of a transaction
}

func (q queries) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	s, err := q.pool.stmt(ctx, text)
	if err == nil && q.tx != nil {
		s = q.tx.StmtContext(ctx, s)
	}
	return s, err
}

// exec returns the number of changed rows.
func (q queries) exec(ctx context.Context, text string, args ...any) (int64, error) {
	s, err := q.stmt(ctx, text)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, bind(args)...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// one reads the only row into dest; sql.ErrNoRows when there is none.
func (q queries) one(ctx context.Context, text string, args []any, dest ...any) error {
	s, err := q.stmt(ctx, text)
	if err != nil {
		return err
	}
	return s.QueryRowContext(ctx, bind(args)...).Scan(dest...)
}

// scanner is a row to be read.
type scanner interface{ Scan(dest ...any) error }

// collect reads all rows with scan.
func collect[T any](ctx context.Context, q queries, scan func(scanner) (T, error), text string, args ...any) ([]T, error) {
	s, err := q.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, bind(args)...)
	if err != nil {
		return nil, err
	}
	return drain(rows, scan)
}

func drain[T any](rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// bind turns our types into those that both drivers take alike.
func bind(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case bool:
			out[i] = int64(0)
			if v {
				out[i] = int64(1)
			}
		case time.Time:
			out[i] = micros(v)
		case hub.OID:
			out[i] = ""
			if !v.IsZero() {
				out[i] = v.String()
			}
		case int:
			out[i] = int64(v)
		case hub.Role:
			out[i] = int64(v)
		case hub.ID:
			out[i] = string(v)
		case hub.Digest:
			out[i] = string(v)
		default:
			out[i] = a
		}
	}
	return out
}

// micros returns microseconds since 1970 in UTC, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// asTime reads a column of microseconds.
type asTime struct{ t *time.Time }

func (a asTime) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a time is %T in the database", v)
	}
	*a.t = time.Time{}
	if n != 0 {
		*a.t = time.UnixMicro(n).UTC()
	}
	return nil
}

// asOID reads a column of 40 hex digits, empty for the zero OID.
type asOID struct{ o *hub.OID }

func (a asOID) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("an object id is %T in the database", v)
	}
	*a.o = hub.ZeroOID
	if s == "" {
		return nil
	}
	var err error
	*a.o, err = hub.ParseOID(s)
	return err
}

// asJSON reads a column of JSON text.
type asJSON struct{ to any }

func (a asJSON) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("a JSON value is %T in the database", v)
	}
	return json.Unmarshal([]byte(s), a.to)
}

// list makes a slice of strings the value of IN_LIST(?) or of a column of JSON text.
func list[S ~string](items []S) string {
	if items == nil {
		items = []S{}
	}
	b, err := json.Marshal(items)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}
