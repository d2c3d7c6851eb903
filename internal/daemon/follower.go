package daemon

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// Of the follower's reading of changes.
const (
	followEvery = 25 * time.Millisecond
	followBatch = 1000
	followLease = time.Second     // how long caches are trusted after the newest change was known
	followTime  = 2 * time.Second // for one reading, so that a connection that went dead is given up
)

// follower is the database as identity sees it where several processes share one: changes that others made are told to
// its listeners too, some tens of milliseconds later. Within this process a change is told before the call returns.
//
// What it cannot find out it does not assume: when for a second no reading has succeeded, Confirmed says so, and who
// caches must ask the database again.
type follower struct {
	*meta.DB
	logError  func(ctx context.Context, msg string, err error)
	seq       int64 // newest change that the listeners know
	listeners []func([]hub.Change)
	epoch     time.Time    // of the monotonic clock below
	confirmed atomic.Int64 // when the last reading that succeeded began, in nanoseconds since epoch
}

// newFollower begins at the newest change: what was cached later is newer than it.
func newFollower(ctx context.Context, db *meta.DB, logError func(context.Context, string, error)) (*follower, error) {
	f := &follower{DB: db, logError: logError, epoch: time.Now()}
	var err error
	f.seq, err = db.LastChange(ctx)
	return f, err
}

// OnChange registers f for the changes of all processes. To be called before Run.
func (f *follower) OnChange(g func([]hub.Change)) {
	f.listeners = append(f.listeners, g)
	f.DB.OnChange(g)
}

// Confirmed tells whether the listeners have heard of every change that is older than the lease of one second. Safe for
// concurrent use; a few nanoseconds.
func (f *follower) Confirmed() bool {
	return time.Since(f.epoch)-time.Duration(f.confirmed.Load()) < followLease
}

// Run reads changes until ctx ends.
func (f *follower) Run(ctx context.Context) error {
	t := time.NewTicker(followEvery)
	defer t.Stop()
	failing := false
	for {
		err := f.read(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			f.logError(ctx, "following access changes", err)
		}
		failing = err != nil
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// read tells the listeners all changes up to the newest.
func (f *follower) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, followTime)
	defer cancel()
	for {
		began := time.Since(f.epoch) // before the question, since the answer may be as old
		rows, err := f.DB.ChangesSince(ctx, f.seq, followBatch)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			f.confirmed.Store(int64(began))
			return nil
		}
		changes := make([]hub.Change, len(rows))
		for i, r := range rows {
			changes[i] = r.Change
		}
		for _, g := range f.listeners {
			g(changes)
		}
		f.seq = rows[len(rows)-1].Seq
		if len(rows) < followBatch {
			f.confirmed.Store(int64(began))
			return nil
		}
	}
}
