package meta

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	selectWholeFiles = `
		SELECT l.repo_id, r.namespace_id, l.digest, o.size, o.blob_key
		FROM repo_lfs l JOIN repos r ON r.id = l.repo_id JOIN lfs_objects o ON o.digest = l.digest
		WHERE (l.repo_id, l.digest) > (?, ?) AND l.at < ? AND o.size >= ? AND o.state = 'live'
		ORDER BY l.repo_id, l.digest LIMIT ?`
	deleteLFSLink = `DELETE FROM repo_lfs WHERE repo_id = ? AND digest = ?`
	commitXetLink = `UPDATE xet_links SET committed = 1 WHERE repo_id = ? AND hash = ? AND digest = ?`
)

// WholeFiles returns up to limit large files of at least least bytes that repositories have in one piece since before the given
// time, behind the given one in the order of repository and digest.
func (db *DB) WholeFiles(ctx context.Context, after hub.WholeFile, before time.Time, least int64, limit int) ([]hub.WholeFile, error) {
	files, err := collect(ctx, db.single, func(s scanner) (f hub.WholeFile, err error) {
		return f, s.Scan(&f.RepoID, &f.Domain, &f.Digest, &f.Size, &f.BlobKey)
	}, selectWholeFiles, after.RepoID, after.Digest, before, least, limit)
	return files, db.fail(err, "listing large files")
}

// ReplaceLFS makes a repository have a large file as chunks in the place of one piece. f.Digest must have been computed from
// the chunks, which must be holdings of f.Domain. NotFound when the repository does not have the file in one piece any
// more; RepoNotFound; InvalidInput when a xorb is gone.
func (db *DB) ReplaceLFS(ctx context.Context, repoID hub.ID, f hub.XetFile, chunks []hub.XetChunk) error {
	return db.mutate(ctx, "replacing a large file", func(tx *Tx) error {
		if err := tx.lockRepo(ctx, repoID); err != nil {
			return err
		}
		n, err := tx.exec(ctx, deleteLFSLink, repoID, f.Digest)
		if err != nil {
			return err
		}
		if n == 0 {
			return noXetFile()
		}
		claim := hub.XetClaim{XetFile: f, Claim: f.Digest}
		reg := hub.XetRegistration{RepoID: repoID, Domain: f.Domain, Files: []hub.XetClaim{claim}, Chunks: chunks}
		if err := tx.touchXorbs(ctx, reg); err != nil {
			return err
		}
		if _, err := tx.registerXetFile(ctx, reg, &claim); err != nil {
			return err
		}
		for _, c := range chunks {
			if _, err := tx.exec(ctx, upsertXetChunk, reg.Domain, c.Chunk[:], c.Xorb[:]); err != nil {
				return err
			}
		}
		// Whether a commit took the file up is not known of large files in one piece: they are kept.
		_, err = tx.exec(ctx, commitXetLink, repoID, f.Hash[:], f.Digest)
		return err
	})
}
