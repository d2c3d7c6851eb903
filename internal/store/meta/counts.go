package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	countDownloads = `UPDATE repos SET downloads = downloads + ?, trending = trending + ? WHERE id = ?`
	decayTrending  = `UPDATE repos SET trending = trending / 2 WHERE trending > 0`
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
