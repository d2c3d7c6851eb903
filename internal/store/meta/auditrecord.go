package meta

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

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
	var events []hub.Event
	for _, r := range batch {
		events = append(events, r.events...)
	}
	err := db.putAlone(ctx, events)
	for _, r := range batch {
		r.err = err
	}
}

// putAlone stores events in a transaction that has nothing else in it: all its statements are one message to the server and one
// back, where a transaction of database/sql waits for an answer to each of them, to BEGIN and to COMMIT.
func (db *DB) putAlone(ctx context.Context, events []hub.Event) error {
	for attempt := 1; ; attempt++ {
		err := db.sendPending(ctx, events)
		if err == nil {
			db.pending.kick(len(events))
			return nil
		}
		if attempt == maxAttempts || !db.eng.retryable(err) && !pgconn.SafeToRetry(err) {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

func (db *DB) sendPending(ctx context.Context, events []hub.Event) error {
	queued := batched{to: &pgx.Batch{}, eng: db.eng}
	if err := putPending(ctx, db.over(queued), events); err != nil {
		return err
	}
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// A batch is one transaction of its own, which the server commits at its end. Close tells of that too.
	err = conn.Raw(func(on any) error { return on.(*stdlib.Conn).Conn().SendBatch(ctx, queued.to).Close() })
	if err != nil && db.eng.ambiguous(err) {
		err = errors.Join(errAmbiguous, err)
	}
	return err
}

// batched keeps statements for later.
type batched struct {
	eng *engine
	to  *pgx.Batch
}

func (b batched) execute(_ context.Context, text string, args []any) (sql.Result, error) {
	b.to.Queue(b.eng.rewritten(text), args...)
	return driver.RowsAffected(0), nil
}

func (b batched) query(context.Context, string, []any) (*sql.Rows, error) {
	return nil, errors.New("a batch returns no rows")
}
