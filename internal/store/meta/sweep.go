package meta

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// The sweeper removes bytes that nothing refers to. Each of its queries first makes sure, in a transaction, that nothing
// can come to refer to them any more, and returns them until it is told that they are gone, so that a crash leaves
// nothing behind.

const (
	endUploads = `
		UPDATE uploads SET ended = ? WHERE ended = 0 AND id IN (
			SELECT id FROM uploads WHERE lease < ? AND ended = 0 ORDER BY lease LIMIT ?)`
	selectEnded = uploadColumns + `WHERE u.ended > 0 ORDER BY u.lease, u.id LIMIT ?`
	expirePacks = `
		UPDATE packs SET state = 'retired', dead_at = ? WHERE state = 'staged' AND id IN (
			SELECT id FROM packs WHERE state = 'staged' AND lease < ? ORDER BY lease LIMIT ?)`
	selectUnborn = packColumns + `
		FROM packs p WHERE p.state = 'retired' AND p.born_gen = 0 ORDER BY p.dead_at, p.id LIMIT ?`
	selectRetired = packColumns + `
		FROM packs p WHERE p.state = 'retired' AND p.dead_at < ? ORDER BY p.dead_at, p.id LIMIT ?`
	forgetPack         = `DELETE FROM packs WHERE id = ? AND state = 'retired'`
	forgetPublications = `DELETE FROM publications WHERE at < ?`
)

// lfsKey is where the bytes of a large file are, whoever stores them.
func lfsKey(d hub.Digest) string { return "lfs/" + string(d) }

// ExpiredUploads ends up to limit uploads whose lease ran out before now, and returns ended ones, those of earlier calls
// that DeleteUpload has not forgotten included. Their parts can be deleted; so can what they stored as a whole object
// when nothing else refers to it, which CondemnedLFS will tell.
func (db *DB) ExpiredUploads(ctx context.Context, now time.Time, limit int) (uploads []hub.Upload, err error) {
	err = db.mutate(ctx, "ending uploads", func(tx *Tx) error {
		if _, err := tx.exec(ctx, endUploads, tx.at, now, limit); err != nil {
			return err
		}
		if uploads, err = collect(ctx, tx.queries, scanUpload, selectEnded, limit); err != nil {
			return err
		}
		for _, u := range uploads {
			if u.Digest == "" {
				continue
			}
			if _, err := tx.exec(ctx, insertLFS, u.Digest, u.Size, lfsKey(u.Digest), "condemned", tx.at); err != nil {
				return err
			}
		}
		return nil
	})
	return uploads, err
}

// ExpiredStagedPacks gives up to limit staged packs up whose lease ran out before now, and returns packs that were given
// up, those of DropStaged and of earlier calls included, until ForgetPack. They can no longer be published, so their
// bytes can be deleted at once.
func (db *DB) ExpiredStagedPacks(ctx context.Context, now time.Time, limit int) (packs []hub.Pack, err error) {
	err = db.mutate(ctx, "giving up packs", func(tx *Tx) error {
		if _, err := tx.exec(ctx, expirePacks, tx.at, now, limit); err != nil {
			return err
		}
		packs, err = collect(ctx, tx.queries, scanPack, selectUnborn, limit)
		return err
	})
	return packs, err
}

// RetiredPacks returns up to limit packs that have been retired before the given time, which leaves the last reader its
// grace. Delete their bytes, then call ForgetPack.
func (db *DB) RetiredPacks(ctx context.Context, before time.Time, limit int) ([]hub.Pack, error) {
	packs, err := collect(ctx, db.single, scanPack, selectRetired, before, limit)
	return packs, db.fail(err, "listing retired packs")
}

// ForgetPack removes the row of a retired pack whose bytes are gone. No error for any other.
func (db *DB) ForgetPack(ctx context.Context, id hub.ID) error {
	return db.mutate(ctx, "forgetting a pack", func(tx *Tx) error {
		_, err := tx.exec(ctx, forgetPack, id)
		return err
	})
}

// ForgetPublications removes the ids of publications older than the given time: nobody repeats those any more.
func (db *DB) ForgetPublications(ctx context.Context, before time.Time) error {
	return db.mutate(ctx, "forgetting publications", func(tx *Tx) error {
		_, err := tx.exec(ctx, forgetPublications, before)
		return err
	})
}

// ForgetChanges removes access changes older than the given time: every node has seen those.
func (db *DB) ForgetChanges(ctx context.Context, before time.Time) error {
	return db.mutate(ctx, "forgetting access changes", func(tx *Tx) error {
		_, err := tx.exec(ctx, deleteChanges, before)
		return err
	})
}
