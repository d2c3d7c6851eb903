package meta

import (
	"context"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// RecordEvents stores events that come without another change, such as refusals, in one transaction.
func (db *DB) RecordEvents(ctx context.Context, events ...hub.Event) error {
	if len(events) == 0 {
		return nil
	}
	if db.writer == nil && !slices.ContainsFunc(events, needsMore) {
		return db.fail(db.recordTogether(ctx, events), "recording events")
	}
	return db.mutate(ctx, "recording events", func(tx *Tx) error {
		for _, ev := range events {
			if err := tx.record(ctx, ev, "event"); err != nil {
				return err
			}
		}
		return nil
	})
}

// needsMore tells whether storing an event takes more than its own row.
func needsMore(ev hub.Event) bool {
	return len(ev.Notices) > 0 || ev.NamespaceID == "" && ev.RepoID != ""
}

// recording is a call of RecordEvents that waits to share a transaction with others.
type recording struct {
	events []hub.Event
	err    error
}

// recordTime bounds one transaction of recordings.
const recordTime = 30 * time.Second

// recordTogether is RecordEvents on PostgreSQL: those who call at the same time share one COMMIT, as on SQLite.
func (db *DB) recordTogether(ctx context.Context, events []hub.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tx := &Tx{db: db, at: db.now().UTC()}
	for _, ev := range events {
		if err := tx.record(ctx, ev, "event"); err != nil {
			return err
		}
	}
	r := &recording{events: tx.events}
	db.recordings.join(r)
	return r.err
}

// recordAll stores the events of all; when that fails it failed for each of them.
func (db *DB) recordAll(batch []*recording) {
	ctx, cancel := context.WithTimeout(context.Background(), recordTime)
	defer cancel()
	err := db.InTx(ctx, func(tx *Tx) error {
		for _, r := range batch {
			tx.events = append(tx.events, r.events...)
		}
		return nil
	})
	for _, r := range batch {
		r.err = err
	}
}
