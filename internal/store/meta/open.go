package meta

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Options say where the rows are.
type Options struct {
	// URL is "postgres://…" or "postgresql://…" for PostgreSQL; anything else is the path of an SQLite file,
	// optionally preceded by "sqlite:". The file is made with mode 0600 when it does not exist; its folder must exist.
	URL string
	// MaxConns bounds the connections to PostgreSQL and the readers of SQLite; 0 means 16.
	MaxConns int
	// Now is the clock that fills in times which the caller left open; nil means time.Now.
	Now func() time.Time
}

// DB is an open database at the newest schema.
type DB struct {
	eng   engine
	write pool // transactions that change rows
	read  pool // everything else; the same as write on PostgreSQL
	queue keyedQueue
	now   func() time.Time

	mu        sync.RWMutex // guards listeners
	listeners []func([]hub.Change)
}

// engine is what differs between the databases: see sqlite.go and postgres.go.
type engine struct {
	name        string
	words       *strings.Replacer   // of the schema
	rewrite     func(string) string // of a query with ? for each value
	retryable   func(error) bool    // the transaction had no effect and may be run again
	ambiguous   func(error) bool    // COMMIT may have happened or not
	unique      func(error) bool    // a unique value is taken
	foreign     func(error) bool    // a row that is referred to is missing, or one is still referred to
	full        func(error) bool    // no space left
	unreachable func(error) bool    // the server is not there
}

// Open opens the database, makes it if need be, and brings it to the newest schema. A database that a newer Ambit
// made is refused. The caller closes it.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.MaxConns <= 0 {
		o.MaxConns = 16
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	open := openSQLite
	if strings.HasPrefix(o.URL, "postgres://") || strings.HasPrefix(o.URL, "postgresql://") {
		open = openPostgres
	}
	db, err := open(o)
	if err != nil {
		return nil, err
	}
	db.now = o.Now
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Engine returns "sqlite" or "postgres".
func (db *DB) Engine() string { return db.eng.name }

// Ping tells whether the database answers; for readiness checks.
func (db *DB) Ping(ctx context.Context) error {
	return db.fail(db.read.sql.PingContext(ctx), "asking the database whether it is there")
}

// Close waits for running queries and closes the database.
func (db *DB) Close() error {
	err := db.write.sql.Close()
	if db.read.sql != db.write.sql {
		err = errors.Join(err, db.read.sql.Close())
	}
	return err
}

// fail turns an error of the driver into one for the caller: domain errors pass, a full disk and an unreachable
// server get a code, anything else is wrapped with what was being done.
func (db *DB) fail(err error, doing string) error {
	var domain *hub.Error
	switch {
	case err == nil, errors.As(err, &domain):
		return err
	case db.eng.full(err):
		return hub.Wrap(err, hub.InsufficientStorage, "The database has no space left.")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", doing, err)
	case db.eng.unreachable(err):
		return hub.Wrap(err, hub.Unavailable, "The database cannot be reached just now. Try again later.")
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// missing turns "no row" into the given error.
func missing(err error, otherwise *hub.Error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return otherwise
	}
	return err
}
