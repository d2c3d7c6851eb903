package daemon

import (
	"context"
	"errors"
	"time"

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
