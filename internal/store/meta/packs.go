package meta

import (
	"context"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	packColumns = `
		SELECT p.id, p.repo_id, p.kind, p.state, p.objects, p.pack_bytes, p.bytes, p.sum, p.blob_key, p.born_gen `
	selectGen       = `SELECT gen FROM repos WHERE id = ?`
	selectLivePacks = packColumns + `
		FROM packs p WHERE p.repo_id = ? AND p.state = 'live' ORDER BY p.born_gen DESC, p.id DESC`
	selectInline = `SELECT inline FROM packs WHERE id = ? AND inline IS NOT NULL`
	insertPack   = `
		INSERT INTO packs (id, repo_id, kind, state, objects, pack_bytes, bytes, sum, blob_key, born_gen,
			dead_gen, dead_at, lease, inline)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?)`
	promotePack = `
		UPDATE packs SET state = 'live', kind = ?, objects = ?, pack_bytes = ?, bytes = ?, sum = ?, born_gen = ?, lease = 0
		WHERE id = ? AND repo_id = ? AND blob_key = ? AND state = 'staged'`
	dropStaged = `UPDATE packs SET state = 'retired', dead_at = ?, lease = 0 WHERE id = ? AND state = 'staged'`
	retirePack = `
		UPDATE packs SET state = 'retired', dead_gen = ?, dead_at = ?
		WHERE id = ? AND repo_id = ? AND state = 'live'`
	swapRepo        = `UPDATE repos SET gen = ?, git_bytes = git_bytes + ? WHERE id = ?`
	selectPackBytes = `SELECT bytes FROM packs WHERE id = ?`
)

func scanPack(s scanner) (p hub.Pack, err error) {
	return p, s.Scan(&p.ID, &p.RepoID, &p.Kind, &p.State, &p.Objects, &p.PackBytes, &p.Bytes, &p.Sum, &p.BlobKey, &p.BornGen)
}

// LivePacks returns a repository's generation and the packs that make it up, newest first, from one state of the rows.
// RepoNotFound.
func (db *DB) LivePacks(ctx context.Context, repoID hub.ID) (gen int64, packs []hub.Pack, err error) {
	type state struct {
		gen   int64
		packs []hub.Pack
	}
	st, err := remember(db.memo, memoKey{what: "packs", a: string(repoID)}, isMissingRepo, func() (st state, err error) {
		err = db.inRead(ctx, func(q queries) error {
			st.gen, st.packs, err = q.livePacks(ctx, repoID)
			return err
		})
		return st, db.fail(err, "listing packs")
	})
	return st.gen, slices.Clone(st.packs), err
}

// LiveState returns what LivePacks does and all refs, from one state of the rows: read one after the other they may be of
// two, and a ref that was moved in between leads to what is not there any more, or not yet. RepoNotFound.
func (db *DB) LiveState(ctx context.Context, repoID hub.ID) (gen int64, packs []hub.Pack, refs []hub.Ref, err error) {
	err = db.inRead(ctx, func(q queries) error {
		if gen, packs, err = q.livePacks(ctx, repoID); err != nil {
			return err
		}
		refs, err = collect(ctx, q, scanRef, selectRefs, repoID, "", afterPrefix(""))
		return err
	})
	return gen, packs, refs, db.fail(err, "reading the state of a repository")
}

func (q queries) livePacks(ctx context.Context, repoID hub.ID) (gen int64, packs []hub.Pack, err error) {
	if err := q.one(ctx, selectGen, []any{repoID}, &gen); err != nil {
		return 0, nil, orMissing(err, hub.RepoNotFound, noRepo().Message)
	}
	packs, err = collect(ctx, q, scanPack, selectLivePacks, repoID)
	return gen, packs, err
}

// PackInline returns the bytes of a pack that lies in its row, also of a retired one. NotFound when the row is gone or
// the bytes lie in the blob store.
func (db *DB) PackInline(ctx context.Context, packID hub.ID) (data []byte, err error) {
	err = db.single.one(ctx, selectInline, []any{packID}, &data)
	return data, db.fail(orMissing(err, hub.NotFound, "There is no such pack."), "reading a pack")
}

// StagePack writes down that the bytes of a pack are about to be stored under p.BlobKey. When nothing has published the
// pack at the time lease, the sweeper takes the bytes away.
func (db *DB) StagePack(ctx context.Context, p hub.Pack, lease time.Time) error {
	return db.mutate(ctx, "announcing a pack", func(tx *Tx) error {
		_, err := tx.exec(ctx, insertPack, p.ID, p.RepoID, p.Kind, string(hub.PackStaged), p.Objects, p.PackBytes, p.Bytes,
			p.Sum, p.BlobKey, 0, lease, nil)
		return err
	})
}

// DropStaged gives the intent up: the pack can no longer be published and the sweeper takes its bytes away. A pack that
// is not staged stays as it is.
func (db *DB) DropStaged(ctx context.Context, packID hub.ID) error {
	return db.mutate(ctx, "giving up a pack", func(tx *Tx) error {
		_, err := tx.exec(ctx, dropStaged, tx.at, packID)
		return err
	})
}

// bringPack makes a pack live in a repository that is locked.
func (tx *Tx) bringPack(ctx context.Context, repo hub.ID, p hub.Pack, inline []byte, gen int64) error {
	if p.BlobKey == "" {
		if len(inline) == 0 || len(inline) > hub.MaxInlinePack || int64(len(inline)) != p.Bytes {
			return hub.Errorf(hub.Internal, "A pack of %d bytes came with %d bytes for its row.", p.Bytes, len(inline))
		}
		_, err := tx.exec(ctx, insertPack, p.ID, repo, p.Kind, string(hub.PackLive), p.Objects, p.PackBytes, p.Bytes,
			p.Sum, "", gen, 0, inline)
		return err
	}
	n, err := tx.exec(ctx, promotePack, p.Kind, p.Objects, p.PackBytes, p.Bytes, p.Sum, gen, p.ID, repo, p.BlobKey)
	if err == nil && n == 0 {
		err = hub.Errorf(hub.Conflict, "The upload took too long and was given up. Try again.")
	}
	return err
}
