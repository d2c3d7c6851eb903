package daemon

import (
	"context"
	"errors"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// How long rows are kept that nobody needs any more.
const (
	keepChanges      = time.Hour      // every node has seen access changes long before
	keepPublications = 24 * time.Hour // a client that repeats a commit does it within minutes
)

// housekeeping removes rows that have served their time: expired sessions, access changes that every node has seen, ids of
// publications that nobody will repeat. It also lets trending scores age.
type housekeeping struct {
	db       *meta.DB
	every    time.Duration
	logError func(ctx context.Context, msg string, err error)
}

// Run works until ctx ends.
func (h *housekeeping) Run(ctx context.Context) error {
	t := time.NewTicker(h.every)
	defer t.Stop()
	for {
		if err := h.sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
			h.logError(ctx, "removing old rows", err)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (h *housekeeping) sweep(ctx context.Context, now time.Time) error {
	return errors.Join(
		h.db.ForgetSessions(ctx, now),
		h.db.ForgetChanges(ctx, now.Add(-keepChanges)),
		h.db.ForgetPublications(ctx, now.Add(-keepPublications)),
		h.db.AgeTrending(ctx, now),
	)
}

// Of the follower's reading of changes.
const (
	followEvery = 50 * time.Millisecond
	followBatch = 1000
)

// follower is the database as identity sees it where several processes share one: changes that others made are told to
// its listeners too, some tens of milliseconds later. Within this process a change is told before the call returns.
type follower struct {
	*meta.DB
	logError  func(ctx context.Context, msg string, err error)
	seq       int64 // newest change that the listeners know
	listeners []func([]hub.Change)
}

// newFollower begins at the newest change: what was cached later is newer than it.
func newFollower(ctx context.Context, db *meta.DB, logError func(context.Context, string, error)) (*follower, error) {
	seq, err := db.LastChange(ctx)
	return &follower{DB: db, logError: logError, seq: seq}, err
}

// OnChange registers f for the changes of all processes. To be called before Run.
func (f *follower) OnChange(g func([]hub.Change)) {
	f.listeners = append(f.listeners, g)
	f.DB.OnChange(g)
}

// Run reads changes until ctx ends. While the database does not answer nothing can be decided anew, and what is cached
// expires within a minute (identity).
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

func (f *follower) read(ctx context.Context) error {
	for {
		rows, err := f.DB.ChangesSince(ctx, f.seq, followBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		changes := make([]hub.Change, len(rows))
		for i, r := range rows {
			changes[i] = r.Change
		}
		for _, g := range f.listeners {
			g(changes)
		}
		f.seq = rows[len(rows)-1].Seq
	}
}
