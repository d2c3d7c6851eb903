package meta

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	condemnLFS = `
		UPDATE lfs_objects SET state = 'condemned', condemned_at = ? WHERE state = 'live' AND digest IN (
			SELECT o.digest FROM lfs_objects o
			WHERE o.state = 'live' AND NOT EXISTS (SELECT 1 FROM repo_lfs l WHERE l.digest = o.digest)
			ORDER BY o.digest LIMIT ?)`
	lockCondemned = `
		SELECT digest FROM lfs_objects WHERE state = 'condemned' AND condemned_at < ?
		ORDER BY condemned_at, digest LIMIT ? FOR UPDATE`
	countLFSUsers = `
		SELECT (SELECT COUNT(*) FROM repo_lfs WHERE digest = ?),
			(SELECT COUNT(*) FROM uploads WHERE digest = ? AND ended = 0)`
	setLFSState    = `UPDATE lfs_objects SET state = ?, condemned_at = ? WHERE digest = ?`
	selectDeleting = `SELECT digest, size, blob_key FROM lfs_objects WHERE state = 'deleting' ORDER BY digest LIMIT ?`
	forgetLFS      = `DELETE FROM lfs_objects WHERE digest = ? AND state = 'deleting'`
)

// LFSObject is the row of a large file.
type LFSObject = hub.LFSObject

// CondemnLFS marks up to limit large files that no repository links to. A link that comes later revives them.
func (db *DB) CondemnLFS(ctx context.Context, limit int) error {
	return db.mutate(ctx, "condemning large files", func(tx *Tx) error {
		_, err := tx.exec(ctx, condemnLFS, tx.at, limit)
		return err
	})
}

// CondemnedLFS returns up to limit large files that can be deleted: condemned before the given time, without a link and
// without an upload of the same digest on its way. From now on uploads of these digests are refused as Unavailable until
// ForgetLFS; files of earlier calls are returned again until then.
func (db *DB) CondemnedLFS(ctx context.Context, before time.Time, limit int) (objects []LFSObject, err error) {
	err = db.mutate(ctx, "choosing large files to delete", func(tx *Tx) error {
		digests, err := collect(ctx, tx.queries, scanOne[hub.Digest], lockCondemned, before, limit)
		if err != nil {
			return err
		}
		for _, d := range digests {
			if err := tx.judgeLFS(ctx, d); err != nil {
				return err
			}
		}
		objects, err = collect(ctx, tx.queries, func(s scanner) (o LFSObject, err error) {
			return o, s.Scan(&o.Digest, &o.Size, &o.BlobKey)
		}, selectDeleting, limit)
		return err
	})
	return objects, err
}

// judgeLFS decides about a condemned object whose row is locked, so that no link can come while it looks.
func (tx *Tx) judgeLFS(ctx context.Context, d hub.Digest) error {
	var links, uploads int64
	if err := tx.one(ctx, countLFSUsers, []any{d, d}, &links, &uploads); err != nil {
		return err
	}
	state, at := "deleting", tx.at
	switch {
	case links > 0:
		state, at = "live", time.Time{}
	case uploads > 0:
		state = "condemned" // again from now
	}
	_, err := tx.exec(ctx, setLFSState, state, at, d)
	return err
}

// ForgetLFS removes the row of a large file that CondemnedLFS returned and whose bytes are gone. No error for any other.
func (db *DB) ForgetLFS(ctx context.Context, d hub.Digest) error {
	return db.mutate(ctx, "forgetting a large file", func(tx *Tx) error {
		_, err := tx.exec(ctx, forgetLFS, d)
		return err
	})
}
