package meta

import (
	"context"
	"errors"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

var errSkeleton = errors.New("not written yet")

func (db *DB) ListRepos(ctx context.Context, q hub.RepoQuery) (repos []hub.Repo, next string, err error) {
	return nil, "", errSkeleton
}
func (db *DB) CountDownloads(ctx context.Context, counts map[hub.ID]int64) error { return errSkeleton }
func (db *DB) LFSObjects(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]int64, error) {
	return nil, errSkeleton
}
func (db *DB) LFSSize(ctx context.Context, d hub.Digest) (int64, error) { return 0, errSkeleton }
func (db *DB) LFSReadableLink(ctx context.Context, d hub.Digest, v hub.Visible) (bool, error) {
	return false, errSkeleton
}
func (db *DB) CompleteLFS(ctx context.Context, repoID hub.ID, d hub.Digest, size int64, blobKey string, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) LFSBlobKey(ctx context.Context, d hub.Digest) (key string, size int64, err error) {
	return "", 0, errSkeleton
}
func (db *DB) CreateUpload(ctx context.Context, u hub.Upload) error { return errSkeleton }
func (db *DB) UploadByID(ctx context.Context, id hub.ID) (hub.Upload, error) {
	return hub.Upload{}, errSkeleton
}
func (db *DB) ExtendUpload(ctx context.Context, id hub.ID, lease time.Time) error { return errSkeleton }
func (db *DB) AddUploadPart(ctx context.Context, uploadID hub.ID, p hub.UploadPart) error {
	return errSkeleton
}
func (db *DB) UploadParts(ctx context.Context, uploadID hub.ID) ([]hub.UploadPart, error) {
	return nil, errSkeleton
}
func (db *DB) DeleteUpload(ctx context.Context, id hub.ID) error { return errSkeleton }
func (db *DB) ExpiredUploads(ctx context.Context, now time.Time, limit int) ([]hub.Upload, error) {
	return nil, errSkeleton
}
func (db *DB) ExpiredStagedPacks(ctx context.Context, now time.Time, limit int) ([]hub.Pack, error) {
	return nil, errSkeleton
}
func (db *DB) RetiredPacks(ctx context.Context, before time.Time, limit int) ([]hub.Pack, error) {
	return nil, errSkeleton
}
func (db *DB) ForgetPack(ctx context.Context, id hub.ID) error { return errSkeleton }
