package meta

import (
	"context"
	"strconv"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	countDownloads = `UPDATE repos SET downloads = downloads + ?, trending = trending + ? WHERE id = ?`
	halveTrending  = `UPDATE repos SET trending = trending / 2 WHERE trending > 0`
	claimSetting   = `
		INSERT INTO settings (name, value) VALUES (?, '') ON CONFLICT (name) DO UPDATE SET value = settings.value`
)

// CountDownloads adds to the numbers of downloads and to the trending scores, a batch in one transaction. Unknown
// repositories are passed over.
func (db *DB) CountDownloads(ctx context.Context, counts map[hub.ID]int64) error {
	if len(counts) == 0 {
		return nil
	}
	return db.mutate(ctx, "counting downloads", func(tx *Tx) error {
		for _, id := range sortedKeys(counts) {
			if _, err := tx.exec(ctx, countDownloads, counts[id], counts[id], id); err != nil {
				return err
			}
		}
		return nil
	})
}

// trendingAged is the setting that says when scores were halved last, in microseconds.
const trendingAged = "trending.aged_at"

// AgeTrending halves all trending scores when that has not happened for a day; with several nodes the first that comes
// does it.
func (db *DB) AgeTrending(ctx context.Context, now time.Time) error {
	return db.mutate(ctx, "aging trending scores", func(tx *Tx) error {
		// The upsert comes first, for its row lock: a second node waits here and then sees that it is done.
		if _, err := tx.exec(ctx, claimSetting, trendingAged); err != nil {
			return err
		}
		last, _, err := tx.Setting(ctx, trendingAged)
		if err != nil {
			return err
		}
		at, _ := strconv.ParseInt(last, 10, 64) // empty: never
		if now.Sub(time.UnixMicro(at)) < 24*time.Hour {
			return nil
		}
		if at != 0 { // on the first day there is nothing to age
			if _, err := tx.exec(ctx, halveTrending); err != nil {
				return err
			}
		}
		return tx.PutSetting(ctx, trendingAged, strconv.FormatInt(now.UnixMicro(), 10))
	})
}
