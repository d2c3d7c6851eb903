package meta

import (
	"context"
	"time"
)

const selectOutboxWaiting = `SELECT COUNT(*), COALESCE(MIN(created_at), 0) FROM outbox WHERE next_at > 0`

// OutboxWaiting returns how many messages are not delivered yet, and since when the oldest waits; zero when none does.
func (db *DB) OutboxWaiting(ctx context.Context) (n int64, since time.Time, err error) {
	err = db.single.one(ctx, selectOutboxWaiting, nil, &n, asTime{&since})
	return n, since, db.fail(err, "counting messages to deliver")
}
