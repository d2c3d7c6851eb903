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
	body := func(q queries) (*Tx, error) {
		tx := &Tx{queries: q, db: db, at: db.now().UTC()}
		if err := f(tx); err != nil {
			return nil, err
		}
		changes = tx.changes
		return tx, tx.enqueueNotices(ctx)
	}
	if db.writer != nil {
		return changes, db.writer.do(ctx, body)
	}
	t, err := db.pool.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer t.Rollback() // no effect after Commit
	tx, err := body(db.over(direct{eng: db.eng, on: t}))
	if err != nil {
		return nil, err
	}
	if len(changes) > 0 {
		// The writers of this process come to the counter of changes one by one: many that wait for one row's lock in the
		// server cost it far more than the same number that wait here. Whoever is in has done everything else, so it
		// never waits for somebody who waits here.
		leave, err := db.queue.Enter(ctx, changesQueue)
		if err != nil {
			return nil, err
		}
		defer leave() // after the COMMIT
	}
	if err := writeTails(ctx, tx.queries, tx); err != nil {
		return nil, err
	}
	if err := t.Commit(); err != nil {
		if db.eng.ambiguous(err) {
			err = errors.Join(errAmbiguous, err)
		}
		return nil, err
	}
	db.pending.kick(len(tx.events))
	return changes, nil
}

// changesQueue is the key under which writers of this process queue for the counter of changes; no row has it as its id.
const changesQueue hub.ID = "changes"

// writeTails writes what transactions that commit together have in common, last, because other writers of the same
// rows wait from here to the COMMIT: which cached facts are stale, and the events.
func writeTails(ctx context.Context, q queries, txs ...*Tx) error {
	if err := writeChanges(ctx, q, txs); err != nil {
		return err
	}
	var events []hub.Event
	for _, tx := range txs {
		events = append(events, tx.events...)
	}
	if len(events) == 0 {
		return nil
	}
	if txs[0].db.writer == nil {
		return putPending(ctx, q, events)
	}
	return appendEvents(ctx, q, events)
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
	if err := f(db.over(direct{eng: db.eng, on: t})); err != nil {
		return err
	}
	return t.Commit()
}

// mutate is InTx with the error of a method that was doing something.
func (db *DB) mutate(ctx context.Context, doing string, f func(*Tx) error) error {
	return db.fail(db.InTx(ctx, f), doing)
}
