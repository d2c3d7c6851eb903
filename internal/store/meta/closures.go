package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	upsertClosure = `
		INSERT INTO closures (repo_id, body) VALUES (?, ?) ON CONFLICT (repo_id) DO UPDATE SET body = excluded.body`
	selectClosure   = `SELECT body FROM closures WHERE repo_id = ?`
	deleteOrphanSet = `DELETE FROM closures WHERE NOT EXISTS (SELECT 1 FROM repos r WHERE r.id = closures.repo_id)`
)

// MaxClosure is the length in bytes of the longest body that PutClosure takes.
const MaxClosure = 4 << 20

// PutClosure keeps what the tips of a repository lead to, in the place of what was kept before. It is a cache: nothing is
// recorded, and whoever reads it finds out whether it still holds.
func (db *DB) PutClosure(ctx context.Context, repoID hub.ID, body []byte) error {
	if len(body) > MaxClosure {
		return hub.Errorf(hub.TooLarge, "A set of %d bytes is too large to be kept.", len(body))
	}
	return db.mutate(ctx, "keeping a set of objects", func(tx *Tx) error {
		_, err := tx.exec(ctx, upsertClosure, repoID, body)
		return err
	})
}

// Closure returns what PutClosure kept last. NotFound.
func (db *DB) Closure(ctx context.Context, repoID hub.ID) (body []byte, err error) {
	err = db.single.one(ctx, selectClosure, []any{repoID}, &body)
	return body, db.fail(orMissing(err, hub.NotFound, "Nothing is kept."), "reading a set of objects")
}
