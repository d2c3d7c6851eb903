package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	purgeLinks    = `DELETE FROM repo_lfs WHERE repo_id = ? AND digest = ?`
	purgeXetLinks = `DELETE FROM xet_links WHERE repo_id = ? AND digest = ?`
)

// PurgeLFS ends every link of a repository to large files that its history has just been taken clear of, in one piece or in
// chunks, at once: unlike UnlinkLFS it leaves no time to whoever still names them by an old commit. The repository has to
// be at gen still: PreconditionFailed otherwise. The bytes go when nothing else refers to them. RepoNotFound.
func (db *DB) PurgeLFS(ctx context.Context, repoID hub.ID, gen int64, objects []hub.LFSObject) error {
	return db.mutate(ctx, "purging large files", func(tx *Tx) error {
		var now, epoch int64
		if err := tx.one(ctx, lockRepo, []any{repoID}, &now, &epoch); err != nil {
			return orMissing(err, hub.RepoNotFound, noRepo().Message)
		}
		if now != gen {
			return hub.Errorf(hub.PreconditionFailed, "The repository changed at the same time.")
		}
		var bytes int64
		for _, o := range objects {
			whole, err := tx.exec(ctx, purgeLinks, repoID, o.Digest)
			if err != nil {
				return err
			}
			chunked, err := tx.exec(ctx, purgeXetLinks, repoID, o.Digest)
			if err != nil {
				return err
			}
			if whole+chunked > 0 {
				bytes += o.Size
			}
		}
		_, err := tx.exec(ctx, shrinkLFS, bytes, repoID)
		return err
	})
}
