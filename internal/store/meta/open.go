package meta

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/keyed"
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
	// Trial is for tests, and for SQLite alone: it is called before each COMMIT, which fails with its error, and after each
	// with done set. nil: nothing is called.
	Trial func(done bool) error
}

// DB is an open database at the newest schema.
type DB struct {
	eng    *engine
	pool   *sql.DB             // SQLite: connections that only read
	single queries             // single queries outside of a transaction
	queue  keyed.Queue[hub.ID] // of writers: by repository, and of all by what they have in common

	writer   *committer    // SQLite only: the one connection that writes
	readers  *readers      // SQLite only: those for transactions that read
	auditors *auditReaders // SQLite only: those that go through the audit log
	memo     *memo         // SQLite only: answers that hold until the next commit
	pending  waker         // PostgreSQL only: events were committed that wait for their numbers
	sealed   atomic.Int64  // PostgreSQL only: events that got theirs since the last vacuum of those that wait

	noSetting  atomic.Bool        // PostgreSQL only: it is another database, see alongPendingKey
	recordings gather[*recording] // PostgreSQL only

	folder string // SQLite only: where its files are

	now   func() time.Time
	heard func(text string) // see OnQuery; may be nil

	mu        sync.RWMutex // guards listeners
	listeners []func([]hub.Change)
}

// Open opens the database, makes it if need be, and brings it to the newest schema. A database that a newer Ambit
// made is a Conflict. The caller closes it.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.MaxConns <= 0 {
		o.MaxConns = 16
	}
	open := openSQLite
	if strings.HasPrefix(o.URL, "postgres://") || strings.HasPrefix(o.URL, "postgresql://") {
		open = openPostgres
	}
	db, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	db.pending = make(waker, 1)
	db.recordings = gather[*recording]{most: maxBatch, run: db.recordAll, broken: func(r *recording, cause error) { r.err = cause }}
	db.now = o.Now
	if db.now == nil {
		db.now = time.Now
	}
	return db, nil
}

// Engine returns "sqlite" or "postgres".
func (db *DB) Engine() string { return db.eng.name }

// Ping tells whether the database answers; for readiness checks.
func (db *DB) Ping(ctx context.Context) error {
	return db.fail(db.pool.PingContext(ctx), "asking the database whether it is there")
}

// Close waits for running queries and closes the database. Whatever is called later fails.
func (db *DB) Close() error {
	var err error
	if db.readers != nil {
		err = db.readers.close()
	}
	if db.auditors != nil {
		err = errors.Join(err, db.auditors.close())
	}
	err = errors.Join(err, db.pool.Close())
	if db.writer != nil {
		err = errors.Join(err, db.writer.close())
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
	case db.eng.full(err), db.eng.room != nil && db.eng.room(err, db.folder):
		return hub.Wrap(err, hub.InsufficientStorage, "The database has no space left.")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", doing, err)
	case db.eng.foreign(err):
		return hub.Wrap(err, hub.Conflict, "Something that this refers to was removed at the same time.")
	case db.eng.unique(err):
		return hub.Wrap(err, hub.Conflict, "This exists already.")
	case db.eng.unreachable(err):
		return hub.Wrap(err, hub.Unavailable, "The database cannot be reached just now. Try again later.")
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// orMissing turns "no row" into a domain error of the given code and message.
func orMissing(err error, code hub.Code, message string) error {
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, errNotText) {
		return &hub.Error{Code: code, Message: message}
	}
	return err
}
