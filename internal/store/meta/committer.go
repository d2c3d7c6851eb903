package meta

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// maxBatch is how many transactions share one COMMIT at most.
const maxBatch = 64

// committer runs transactions on the one connection of SQLite that writes. A transaction that comes while another is
// running waits, and all that wait are then committed together, so that they share one fsync. Each keeps its own
// savepoint: one that fails takes nothing with it.
type committer struct {
	db   *sql.DB // of one connection
	conn *sql.Conn
	on   queries // used by the leader alone
	memo *memo   // told of every COMMIT, also of one whose outcome is not known

	paused func() // of tests: called between a COMMIT and its being told

	mu      sync.Mutex // guards waiting and leading
	waiting []*job
	leading bool
}

// job is a transaction that waits to be run by whoever leads.
type job struct {
	ctx   context.Context
	run   func() error
	err   error
	panic any
	turn  chan bool // true: it is done; false: lead now
}

// do runs f in a transaction and returns after its COMMIT. f may be run again when the batch failed as a whole.
func (c *committer) do(ctx context.Context, f func(queries) error) error {
	j := &job{ctx: ctx, turn: make(chan bool, 1), run: func() error { return f(c.on) }}
	c.mu.Lock()
	c.waiting = append(c.waiting, j)
	lead := !c.leading
	c.leading = true
	c.mu.Unlock()
	if lead || !<-j.turn {
		c.lead()
		<-j.turn
	}
	if j.panic != nil {
		panic(j.panic)
	}
	return j.err
}

// lead runs one batch, which holds the leader's own job since that is the oldest, and hands the lead to the next.
func (c *committer) lead() {
	c.mu.Lock()
	n := min(len(c.waiting), maxBatch)
	batch := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	c.mu.Unlock()

	if err := c.commit(batch); err != nil && len(batch) > 1 {
		for _, j := range batch { // somebody's failure undid the work of all: each for itself
			if j.panic == nil {
				j.err = c.commit([]*job{j})
			}
		}
	} else if err != nil {
		batch[0].err = err
	}
	for _, j := range batch {
		j.turn <- true
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.leading = false
		return
	}
	c.waiting[0].turn <- false
}

// commit runs the jobs in one transaction. Its error means that nothing of it was committed; otherwise each job
// has its own outcome.
func (c *committer) commit(batch []*job) error {
	ctx := context.Background()
	if _, err := c.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, j := range batch {
		if err := c.runOne(ctx, j); err != nil {
			return errors.Join(err, c.rollback(ctx))
		}
	}
	c.memo.committing()
	_, err := c.conn.ExecContext(ctx, "COMMIT")
	if c.paused != nil {
		c.paused()
	}
	c.memo.committed()
	if err != nil {
		return errors.Join(err, c.rollback(ctx))
	}
	return nil
}

// runOne leaves the job's outcome in it. Its error means that the transaction as a whole is lost.
func (c *committer) runOne(ctx context.Context, j *job) error {
	if j.err = j.ctx.Err(); j.err != nil {
		return nil
	}
	if _, err := c.conn.ExecContext(ctx, "SAVEPOINT job"); err != nil {
		return err
	}
	func() {
		defer func() { j.panic = recover() }()
		j.err = j.run()
	}()
	if j.err != nil || j.panic != nil {
		// After an error such as a full disk SQLite has undone everything, and this fails too.
		if _, err := c.conn.ExecContext(ctx, "ROLLBACK TO job"); err != nil {
			return errors.Join(j.err, err)
		}
	}
	_, err := c.conn.ExecContext(ctx, "RELEASE job")
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
func (c *committer) close() error { return errors.Join(c.conn.Close(), c.db.Close()) }
