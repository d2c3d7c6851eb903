package meta

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/ambit-hub/ambit/internal/guard"
)

// maxBatch is how many transactions share one COMMIT at most.
const maxBatch = 64

// committer runs transactions on the one connection of SQLite that writes. Transactions that come while others are
// running wait, and all that wait are then committed together: they share one fsync, and one visit to the counters that
// every change moves. Each keeps its own savepoint, so that one that fails takes nothing with it.
type committer struct {
	gather[*job]
	db   *sql.DB // of one connection
	conn *sql.Conn
	raw  keeping // the connection's statements
	on   queries // for jobs; used by the leader alone
	over func(executor) queries
	memo *memo // told of every COMMIT, also of one whose outcome is not known

	guarded bool // a job shares its transaction with others
	saved   bool // its savepoint is open
	wrote   bool // a job of this transaction wrote more than events

	trial func(done bool) error // see Options.Trial; may be nil
}

// job is a transaction that waits to be run by whoever leads.
type job struct {
	ctx   context.Context
	run   func(queries) (*Tx, error)
	tx    *Tx // what run returned
	err   error
	panic any
}

func newCommitter(db *sql.DB, conn *sql.Conn, stmts keeping, m *memo, over func(executor) queries) *committer {
	c := &committer{db: db, conn: conn, raw: stmts, memo: m, over: over}
	c.gather = gather[*job]{most: maxBatch, run: c.commitAll, broken: c.broke}
	c.on = over(saving{unhurried{stmts}, c})
	return c
}

// do runs f in a transaction and returns after its COMMIT. f may be run again when the batch failed as a whole.
func (c *committer) do(ctx context.Context, f func(queries) (*Tx, error)) error {
	j := &job{ctx: ctx, run: f}
	c.join(j)
	if j.panic != nil {
		panic(j.panic)
	}
	return j.err
}

// broke is told of a job of a batch that panicked outside of any job: in the driver, or in what jobs have in common. What
// was begun is undone, lest the next batch find a transaction that is open.
func (c *committer) broke(j *job, cause error) {
	j.err = errors.Join(errAmbiguous, cause)
	_ = guard.Call(func() error { return c.rollback(context.Background()) }) // after a COMMIT there is nothing to undo
}

// commitAll leaves every job's outcome in it.
func (c *committer) commitAll(batch []*job) {
	err := c.commit(batch)
	if err != nil && len(batch) > 1 {
		for _, j := range batch { // somebody's failure undid the work of all: each for itself
			if j.panic == nil {
				c.commitAll([]*job{j})
			}
		}
	} else if err != nil {
		batch[0].err = err
	}
}

// commit runs the jobs in one transaction. Its error means that nothing of it was committed; otherwise each job
// has its own outcome.
func (c *committer) commit(batch []*job) error {
	ctx := context.Background()
	if err := c.say(ctx, begin); err != nil {
		return err
	}
	c.wrote = false
	var txs []*Tx
	for _, j := range batch {
		if err := c.runOne(ctx, j, len(batch) > 1); err != nil {
			return errors.Join(err, c.rollback(ctx))
		}
		if j.err == nil && j.panic == nil {
			txs = append(txs, j.tx)
		}
	}
	if len(txs) == 0 {
		return c.rollback(ctx)
	}
	remembered := c.memo
	if !c.wrote {
		remembered = nil // nobody remembers events
	}
	if err := writeTails(ctx, c.over(unhurried{c.raw}), txs...); err != nil {
		return errors.Join(err, c.rollback(ctx))
	}
	if c.trial != nil {
		if err := c.trial(false); err != nil {
			return errors.Join(err, c.rollback(ctx))
		}
	}
	if err := c.end(ctx, remembered); err != nil {
		return errors.Join(err, c.rollback(ctx))
	}
	return nil
}

func (c *committer) end(ctx context.Context, m *memo) error {
	m.committing()
	defer m.committed()
	err := c.say(ctx, commit)
	if c.trial != nil {
		err = errors.Join(err, c.trial(true))
	}
	return err
}

// runOne leaves the job's outcome in it. Its error means that the transaction as a whole is lost.
func (c *committer) runOne(ctx context.Context, j *job, guarded bool) error {
	if j.err = j.ctx.Err(); j.err != nil {
		return nil
	}
	c.guarded, c.saved = guarded, false
	func() {
		defer func() { j.panic = recover() }()
		j.tx, j.err = j.run(c.on)
	}()
	c.guarded = false
	if !c.saved {
		return nil
	}
	if j.err != nil || j.panic != nil {
		// After an error such as a full disk SQLite has undone everything, and this fails too.
		if err := c.say(ctx, undo); err != nil {
			return errors.Join(j.err, err)
		}
	}
	return c.say(ctx, release)
}

// The words of transactions.
const (
	begin     = "BEGIN IMMEDIATE"
	commit    = "COMMIT"
	savepoint = "SAVEPOINT job"
	undo      = "ROLLBACK TO job"
	release   = "RELEASE job"
)

func (c *committer) say(ctx context.Context, word string) error {
	_, err := c.raw.execute(ctx, word, nil)
	return err
}

func (c *committer) rollback(ctx context.Context) error {
	_, err := c.conn.ExecContext(ctx, "ROLLBACK")
	if err != nil && !errors.Is(err, sql.ErrConnDone) {
		return nil // SQLite had done it already: "no transaction is active"
	}
	return err
}

// close must not be called while a transaction is running.
func (c *committer) close() error { return errors.Join(c.raw.close(), c.conn.Close(), c.db.Close()) }

// saving opens a job's savepoint before its first write: most that fail do so before they have written anything, and
// what only records events writes nothing of its own.
type saving struct {
	unhurried
	c *committer
}

func (s saving) save(ctx context.Context, text string) error {
	if strings.HasPrefix(strings.TrimLeft(text, " \t\n"), "SELECT") {
		return nil
	}
	s.c.wrote = true
	if !s.c.guarded || s.c.saved {
		return nil
	}
	if err := s.c.say(context.WithoutCancel(ctx), savepoint); err != nil {
		return err
	}
	s.c.saved = true
	return nil
}

func (s saving) execute(ctx context.Context, text string, args []any) (sql.Result, error) {
	if err := s.save(ctx, text); err != nil {
		return nil, err
	}
	return s.unhurried.execute(ctx, text, args)
}

func (s saving) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if err := s.save(ctx, text); err != nil {
		return nil, err
	}
	return s.unhurried.query(ctx, text, args)
}
