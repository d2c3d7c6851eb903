package meta

import (
	"context"
	"strconv"
	"time"
)

// How long rows are kept that are of use for a while only.
const (
	keepPublications = 7 * 24 * time.Hour // nobody repeats a publication after that
	keepChanges      = 24 * time.Hour     // every node follows within a second or starts anew
	keepSessions     = 24 * time.Hour     // after their end
	decayEvery       = 24 * time.Hour     // trending scores halve
)

const decayedSetting = "trending.decayed_at"

// Janitor removes rows that have had their day and lets trending scores age.
type Janitor struct {
	db    *DB
	every time.Duration
	log   func(ctx context.Context, message string, err error)
}

// NewJanitor makes a janitor that comes once in every. log hears of failures, which are tried again the next time.
func NewJanitor(db *DB, every time.Duration, log func(ctx context.Context, message string, err error)) *Janitor {
	return &Janitor{db: db, every: every, log: log}
}

// Run works until ctx ends, and returns nil then.
func (j *Janitor) Run(ctx context.Context) error {
	t := time.NewTicker(j.every)
	defer t.Stop()
	for {
		if err := j.Round(ctx); err != nil && ctx.Err() == nil {
			j.log(ctx, "removing old rows", err)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Round does all the work once.
func (j *Janitor) Round(ctx context.Context) error {
	now := j.db.now()
	if err := j.db.ForgetPublications(ctx, now.Add(-keepPublications)); err != nil {
		return err
	}
	if err := j.db.ForgetChanges(ctx, now.Add(-keepChanges)); err != nil {
		return err
	}
	if err := j.db.ForgetSessions(ctx, now.Add(-keepSessions)); err != nil {
		return err
	}
	return j.db.decayDaily(ctx, now)
}

// decayDaily is for several nodes: whoever comes first after a day does it.
func (db *DB) decayDaily(ctx context.Context, now time.Time) error {
	return db.mutate(ctx, "aging trending scores", func(tx *Tx) error {
		// The upsert comes first, for its row lock: a second node waits here and then sees that it is done.
		if _, err := tx.exec(ctx, claimSetting, decayedSetting); err != nil {
			return err
		}
		last, _, err := tx.Setting(ctx, decayedSetting)
		if err != nil {
			return err
		}
		at, _ := strconv.ParseInt(last, 10, 64) // nothing yet: long ago
		if now.Sub(time.UnixMicro(at)) < decayEvery {
			return nil
		}
		if at != 0 { // the first day has nothing to age
			if _, err := tx.exec(ctx, decayTrending); err != nil {
				return err
			}
		}
		return tx.PutSetting(ctx, decayedSetting, strconv.FormatInt(now.UnixMicro(), 10))
	})
}

const claimSetting = `
	INSERT INTO settings (name, value) VALUES (?, '') ON CONFLICT (name) DO UPDATE SET value = settings.value`
