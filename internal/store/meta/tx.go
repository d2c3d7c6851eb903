package meta

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// maxAttempts is how often a transaction is run before its error is returned.
const maxAttempts = 10

// Tx is a transaction that may change rows.
type Tx struct {
	queries
	db      *DB
	at      time.Time // of everything in this transaction that has no time of its own
	changes []hub.Change
	events  []hub.Event // written to the audit log at the end
}

// InTx runs f in a transaction, commits, and then tells the listeners what changed. f may run several times, because
// a transaction that the database gave up is run again; it must set what it returns, not add to it, wait for nothing
// but the database, and use nothing of it but the Tx: SQLite has one writer, which f would wait for in vain. An error of f undoes everything and is returned.
func (db *DB) InTx(ctx context.Context, f func(*Tx) error) error {
	for attempt := 1; ; attempt++ {
		changes, err := db.attempt(ctx, f)
		if err == nil {
			db.tell(changes)
			return nil
		}
		if !db.eng.retryable(err) || attempt == maxAttempts {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// pause waits longer after each attempt, and never as long as another waiter.
func pause(ctx context.Context, attempt int) error {
	d := time.Duration(1<<min(attempt, 8)) * time.Millisecond
	select {
	case <-time.After(d/2 + rand.N(d)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errAmbiguous marks a COMMIT that may have happened.
var errAmbiguous = errors.New("the outcome of the transaction is not known")

func (db *DB) attempt(ctx context.Context, f func(*Tx) error) (changes []hub.Change, err error) {
	// On PostgreSQL the writers of this process come to the head of the audit log one by one: many that wait for one row's
	// lock in the server cost it far more than the same number that wait here. Whoever is in has done everything else,
	// so it never waits for somebody who waits here.
	release := func() {}
	defer func() { release() }() // after the COMMIT or the undoing
	body := func(q queries) error {
		tx := &Tx{queries: q, db: db, at: db.now().UTC()}
		if err := f(tx); err != nil {
			return err
		}
		changes = tx.changes
		if len(tx.events) > 0 && db.writer == nil {
			leave, err := db.queue.enter(ctx, auditQueue)
			if err != nil {
				return err
			}
			release = leave
		}
		if err := tx.writeChanges(ctx); err != nil {
			return err
		}
		return tx.writeEvents(ctx)
	}
	if db.writer != nil {
		return changes, db.writer.do(ctx, body)
	}
	t, err := db.pool.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer t.Rollback() // no effect after Commit
	if err := body(queries{direct{eng: db.eng, on: t}}); err != nil {
		return nil, err
	}
	if err := t.Commit(); err != nil {
		if db.eng.ambiguous(err) {
			err = errors.Join(errAmbiguous, err)
		}
		return nil, err
	}
	return changes, nil
}

// inRead runs f on one state of the rows.
func (db *DB) inRead(ctx context.Context, f func(queries) error) error {
	if db.readers != nil {
		return db.readers.do(ctx, f)
	}
	t, err := db.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	defer t.Rollback() // no effect after Commit
	if err := f(queries{direct{eng: db.eng, on: t}}); err != nil {
		return err
	}
	return t.Commit()
}

// mutate is InTx with the error of a method that was doing something.
func (db *DB) mutate(ctx context.Context, doing string, f func(*Tx) error) error {
	return db.fail(db.InTx(ctx, f), doing)
}
