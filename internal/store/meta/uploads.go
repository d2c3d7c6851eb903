package meta

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	uploadColumns = `
		SELECT u.id, u.kind, u.repo_id, u.user_id, u.token_id, u.digest, u.size, u.part_size, u.lease, u.created_at
		FROM uploads u `
	selectUpload = uploadColumns + `WHERE u.id = ? AND u.ended = 0`
	insertUpload = `
		INSERT INTO uploads (id, kind, repo_id, user_id, token_id, digest, size, part_size, lease, created_at, ended)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`
	extendUpload = `UPDATE uploads SET lease = ? WHERE id = ? AND ended = 0`
	lockUpload   = `SELECT ended FROM uploads WHERE id = ? FOR UPDATE`
	upsertPart   = `
		INSERT INTO upload_parts (upload_id, number, size, etag, blob_key) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (upload_id, number)
		DO UPDATE SET size = excluded.size, etag = excluded.etag, blob_key = excluded.blob_key`
	selectPart   = `SELECT size, etag, blob_key FROM upload_parts WHERE upload_id = ? AND number = ?`
	selectParts  = `SELECT number, size, etag, blob_key FROM upload_parts WHERE upload_id = ? ORDER BY number`
	deleteParts  = `DELETE FROM upload_parts WHERE upload_id = ?`
	deleteUpload = `DELETE FROM uploads WHERE id = ?`
)

func scanUpload(s scanner) (u hub.Upload, err error) {
	return u, s.Scan(&u.ID, &u.Kind, &u.RepoID, &u.UserID, &u.TokenID, &u.Digest, &u.Size, &u.PartSize,
		asTime{&u.Lease}, asTime{&u.CreatedAt})
}

// CreateUpload writes down that the bytes of a large file are about to arrive, before the first of them is stored. Until
// u.Lease nothing of that digest is swept. Unavailable while an object of this digest is being removed.
func (db *DB) CreateUpload(ctx context.Context, u hub.Upload) error {
	return db.mutate(ctx, "announcing an upload", func(tx *Tx) error {
		var size int64
		var state string
		err := tx.one(ctx, lockLFS, []any{u.Digest}, &size, &state)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if state == "deleting" {
			return beingRemoved()
		}
		_, err = tx.exec(ctx, insertUpload, u.ID, u.Kind, u.RepoID, u.UserID, u.TokenID, u.Digest, u.Size, u.PartSize,
			u.Lease, tx.when(u.CreatedAt))
		return err
	})
}

func noUpload() error { return hub.Errorf(hub.NotFound, "There is no such upload, or it has expired.") }

// UploadByID finds an upload. NotFound, also for one that the sweeper has ended.
func (db *DB) UploadByID(ctx context.Context, id hub.ID) (hub.Upload, error) {
	uploads, err := collect(ctx, db.single, scanUpload, selectUpload, id)
	if err == nil && len(uploads) == 0 {
		return hub.Upload{}, noUpload()
	}
	if err != nil {
		return hub.Upload{}, db.fail(err, "finding an upload")
	}
	return uploads[0], nil
}

// ExtendUpload gives an upload more time. NotFound, also for one that the sweeper has ended.
func (db *DB) ExtendUpload(ctx context.Context, id hub.ID, lease time.Time) error {
	return db.mutate(ctx, "extending an upload", func(tx *Tx) error {
		n, err := tx.exec(ctx, extendUpload, lease, id)
		if err == nil && n == 0 {
			err = noUpload()
		}
		return err
	})
}

// AddUploadPart stores where a part lies, in the place of an earlier part of the same number, and returns the key of the bytes
// that nothing names any more: the earlier ones, or, when those are the same by size and ETag, the new ones; "" when there
// was no earlier part. NotFound when the upload is not there or has been ended.
func (db *DB) AddUploadPart(ctx context.Context, uploadID hub.ID, p hub.UploadPart) (unused string, err error) {
	err = db.mutate(ctx, "adding a part of an upload", func(tx *Tx) error {
		var ended int64
		if err := tx.one(ctx, lockUpload, []any{uploadID}, &ended); err != nil {
			return orMissing(err, hub.NotFound, "There is no such upload, or it has expired.")
		}
		if ended != 0 {
			return noUpload()
		}
		var before hub.UploadPart
		err := tx.one(ctx, selectPart, []any{uploadID, p.Number}, &before.Size, &before.ETag, &before.BlobKey)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if unused = before.BlobKey; err == nil && before.Size == p.Size && before.ETag == p.ETag {
			unused = p.BlobKey
			return nil
		}
		_, err = tx.exec(ctx, upsertPart, uploadID, p.Number, p.Size, p.ETag, p.BlobKey)
		return err
	})
	if err != nil {
		return "", err
	}
	return unused, nil
}

// UploadParts returns the parts of an upload in the order of their numbers; of an ended one too, for the sweeper.
func (db *DB) UploadParts(ctx context.Context, uploadID hub.ID) ([]hub.UploadPart, error) {
	parts, err := collect(ctx, db.single, func(s scanner) (p hub.UploadPart, err error) {
		return p, s.Scan(&p.Number, &p.Size, &p.ETag, &p.BlobKey)
	}, selectParts, uploadID)
	return parts, db.fail(err, "listing the parts of an upload")
}

// DeleteUpload forgets an upload and its parts, whose bytes are gone or part of a stored object. No error when it is not
// there.
func (db *DB) DeleteUpload(ctx context.Context, id hub.ID) error {
	return db.mutate(ctx, "forgetting an upload", func(tx *Tx) error {
		if _, err := tx.exec(ctx, deleteParts, id); err != nil {
			return err
		}
		_, err := tx.exec(ctx, deleteUpload, id)
		return err
	})
}
