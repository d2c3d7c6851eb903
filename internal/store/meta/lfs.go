package meta

import (
	"context"
	"database/sql"
	"errors"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	// What came by Xet counts as long as its SHA-256 is not known to be another. Checked sizes come last.
	selectLFSObjects = `
		SELECT l.digest, f.size, CASE WHEN f.digest = '' THEN 0 ELSE 1 END AS rank
		FROM xet_links l JOIN xet_files f ON f.id = l.file_id
		WHERE l.repo_id = ? AND l.digest IN_LIST(?) AND (f.digest = '' OR f.digest = l.digest)
		UNION ALL
		SELECT o.digest, o.size, 2 FROM repo_lfs l JOIN lfs_objects o ON o.digest = l.digest
		WHERE l.repo_id = ? AND l.digest IN_LIST(?) ORDER BY 3`
	selectLFSSize   = `SELECT size FROM lfs_objects WHERE digest = ? AND state = 'live'`
	selectLFSKey    = `SELECT blob_key, size FROM lfs_objects WHERE digest = ? AND state <> 'deleting'`
	selectLinkedKey = `
		SELECT o.blob_key, o.size FROM repo_lfs l JOIN lfs_objects o ON o.digest = l.digest WHERE l.repo_id = ? AND l.digest = ?`
	lockLFS   = `SELECT size, state FROM lfs_objects WHERE digest = ? FOR UPDATE`
	insertLFS = `
		INSERT INTO lfs_objects (digest, size, blob_key, state, condemned_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (digest) DO NOTHING`
	reviveLFS  = `UPDATE lfs_objects SET state = 'live', condemned_at = 0, size = ?, blob_key = ? WHERE digest = ?`
	insertLink = `
		INSERT INTO repo_lfs (repo_id, digest, at) VALUES (?, ?, ?) ON CONFLICT (repo_id, digest) DO NOTHING`
	growLFS = `UPDATE repos SET lfs_bytes = lfs_bytes + ? WHERE id = ?`
	// To see a gated repository is not to read it, so its files never count as readable here: the upload is then
	// asked for, checked and deduplicated.
	selectReadableLink = `
		SELECT COUNT(*) FROM repo_lfs l JOIN repos r ON r.id = l.repo_id
		WHERE l.digest = ? AND r.gated = '' AND r.disabled = 0 AND ` + isVisible
)

// LFSObjects returns the sizes in bytes of those of the large files that are linked to the repository.
func (db *DB) LFSObjects(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]int64, error) {
	type object struct {
		digest hub.Digest
		size   int64
	}
	objects, err := collect(ctx, db.single, func(s scanner) (o object, err error) {
		var rank int64
		return o, s.Scan(&o.digest, &o.size, &rank)
	}, selectLFSObjects, repoID, list(digests), repoID, list(digests))
	if err != nil {
		return nil, db.fail(err, "finding large files")
	}
	sizes := make(map[hub.Digest]int64, len(objects))
	for _, o := range objects {
		sizes[o.digest] = o.size
	}
	return sizes, nil
}

// LFSSize returns the size in bytes of a large file that is stored, whosever it is. To be told to callers only who have
// proven that they have the bytes. NotFound.
func (db *DB) LFSSize(ctx context.Context, d hub.Digest) (size int64, err error) {
	err = db.single.one(ctx, selectLFSSize, []any{d}, &size)
	return size, db.fail(orMissing(err, hub.NotFound, "There is no such large file."), "finding a large file")
}

// LFSBlobKey returns where the bytes of a large file are, and their number. NotFound.
func (db *DB) LFSBlobKey(ctx context.Context, d hub.Digest) (key string, size int64, err error) {
	err = db.single.one(ctx, selectLFSKey, []any{d}, &key, &size)
	return key, size, db.fail(orMissing(err, hub.NotFound, "There is no such large file."), "finding a large file")
}

// LFSKeyIn returns where the bytes of a large file of a repository are, and their number. NotFound for one that the
// repository has only by Xet, whoever else has it in one piece.
func (db *DB) LFSKeyIn(ctx context.Context, repoID hub.ID, d hub.Digest) (key string, size int64, err error) {
	type place struct {
		key  string
		size int64
	}
	missing := func(err error) bool { return hub.Is(err, hub.NotFound) }
	p, err := remember(db.memo, memoKey{what: "lfs", a: string(repoID), b: string(d)}, missing, func() (p place, err error) {
		err = db.single.one(ctx, selectLinkedKey, []any{repoID, d}, &p.key, &p.size)
		return p, db.fail(orMissing(err, hub.NotFound, "There is no such large file."), "finding a large file")
	})
	return p.key, p.size, err
}

// LFSReadableLink tells whether a large file is linked to a repository that is visible under v, neither gated nor
// disabled: then whoever v was made for could download it, and need not upload it to prove that they have it.
func (db *DB) LFSReadableLink(ctx context.Context, d hub.Digest, v hub.Visible) (bool, error) {
	var n int64
	err := db.single.one(ctx, selectReadableLink, append([]any{d}, visibleArgs(v)...), &n)
	return n > 0, db.fail(err, "finding a link to a large file")
}

// CompleteLFS links a large file, whose bytes are durable under blobKey, to a repository. For an object that is there
// already the stored key stays. Linking twice is one link.
//
// The caller holds an unexpired upload of the same digest since before it wrote the bytes; without one, the sweeper
// might take them away. RepoNotFound; Unprocessable when the size differs from that of the stored object; Unavailable
// while an object of this digest is being removed.
func (db *DB) CompleteLFS(ctx context.Context, repoID hub.ID, d hub.Digest, size int64, blobKey string, ev hub.Event) error {
	return db.mutate(ctx, "storing a large file", func(tx *Tx) error {
		if err := tx.lockRepo(ctx, repoID); err != nil {
			return err
		}
		if err := tx.liveLFS(ctx, d, size, blobKey); err != nil {
			return err
		}
		had, err := tx.linksTo(ctx, repoID, d)
		if err != nil {
			return err
		}
		n, err := tx.exec(ctx, insertLink, repoID, d, tx.at)
		if err != nil || n == 0 {
			return err
		}
		if had == 0 { // what the repository has as chunks already is counted
			if _, err := tx.exec(ctx, growLFS, size, repoID); err != nil {
				return err
			}
		}
		ev.RepoID = repoID
		return tx.record(ctx, ev, "lfs.link")
	})
}

// linksTo counts how often a repository, which is locked, has a large file: in one piece and as chunks. Its room is taken
// by the first of them, and free again after the last.
func (tx *Tx) linksTo(ctx context.Context, repoID hub.ID, d hub.Digest) (n int64, err error) {
	return n, tx.one(ctx, countXetLinks, []any{repoID, d, repoID, d}, &n)
}

// liveLFS makes the object exist and live.
func (tx *Tx) liveLFS(ctx context.Context, d hub.Digest, size int64, blobKey string) error {
	if _, err := tx.exec(ctx, insertLFS, d, size, blobKey, "live", 0); err != nil {
		return err
	}
	var stored int64
	var state string
	err := tx.one(ctx, lockLFS, []any{d}, &stored, &state)
	if errors.Is(err, sql.ErrNoRows) || state == "deleting" {
		return beingRemoved()
	}
	if err != nil {
		return err
	}
	if state == "condemned" {
		// Nothing is linked to it, and its size may be what somebody announced who never sent the bytes. The
		// caller has verified his.
		_, err = tx.exec(ctx, reviveLFS, size, blobKey, d)
		return err
	}
	if stored != size {
		return hub.Errorf(hub.Unprocessable, "The large file %s has %d bytes, not %d.", d, stored, size)
	}
	return nil
}

func beingRemoved() error {
	return hub.Errorf(hub.Unavailable, "An unused copy of this file is being removed just now. Try again in a minute.")
}
