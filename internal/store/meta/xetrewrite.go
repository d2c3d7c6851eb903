package meta

import (
	"context"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	// What clients were told of lately stays as it is, and what no file needs is the sweeper's.
	selectSettledXorbs = `
		SELECT x.hash, x.packed, x.unpacked, x.chunks FROM xet_xorbs x
		WHERE x.state = 'live' AND x.rotten = 0 AND x.looked_at < ? AND x.touched_at < ?
			AND NOT EXISTS (SELECT 1 FROM xet_holdings h WHERE h.xorb = x.hash AND h.seen_at >= ?)
			AND EXISTS (SELECT 1 FROM xet_file_xorbs p WHERE p.xorb = x.hash)
		ORDER BY x.looked_at, x.hash LIMIT ?`
	setXetLooked       = `UPDATE xet_xorbs SET looked_at = ? WHERE hash = ?`
	selectXetFilesWith = xetFileColumns + `
		WHERE f.id IN (SELECT p.file_id FROM xet_file_xorbs p WHERE p.xorb = ?) ORDER BY f.id LIMIT ?`
	lockXetHolders   = `SELECT domain_id, seen_at FROM xet_holdings WHERE xorb = ? ORDER BY domain_id FOR UPDATE`
	selectXetUsers   = `SELECT file_id FROM xet_file_xorbs WHERE xorb = ? ORDER BY file_id`
	rewriteXetFile   = `UPDATE xet_files SET terms = ? WHERE id = ? AND terms = ?`
	deleteXetPart    = `DELETE FROM xet_file_xorbs WHERE file_id = ? AND xorb = ?`
	selectChunksOfIn = `SELECT chunk FROM xet_chunks WHERE xorb = ? AND domain_id = ?`
)

// SettledXorbs returns up to limit xorbs that files need, that nobody was told of or sent since before, and that were not looked
// at since then: those that were looked at longest ago before the others.
func (db *DB) SettledXorbs(ctx context.Context, before time.Time, limit int) ([]hub.XetXorb, error) {
	xorbs, err := collect(ctx, db.single, scanXetXorb, selectSettledXorbs, before, before, before, limit)
	return xorbs, db.fail(err, "listing xorbs to look at")
}

// SetXetLooked notes that a xorb was looked at just now.
func (db *DB) SetXetLooked(ctx context.Context, hash hub.XetHash) error {
	return db.mutate(ctx, "noting a look", func(tx *Tx) error {
		_, err := tx.exec(ctx, setXetLooked, tx.at, hash[:])
		return err
	})
}

// XetFilesOf returns up to limit files, of whatever domain, that consist of a xorb among others.
func (db *DB) XetFilesOf(ctx context.Context, xorb hub.XetHash, limit int) ([]hub.XetFile, error) {
	files, err := collect(ctx, db.single, scanXetFile, selectXetFilesWith, xorb[:], limit)
	return files, db.fail(err, "finding files")
}

// RewriteXet puts a xorb in the place of one that it is a part of, in the terms of all files, in what domains hold and in their
// indexes, and raises the epochs of those domains. BeginXetXorb must have come before its bytes were stored. Nothing
// changes and the error is Conflict when other files need the old xorb by now, or terms changed, or somebody was told of it
// or sent it since before; Unavailable when one of the two is being removed.
func (db *DB) RewriteXet(ctx context.Context, w hub.XetRewrite, before time.Time) error {
	return db.mutate(ctx, "rewriting a xorb", func(tx *Tx) error {
		for _, h := range inOrder([]hub.XetHash{w.Old, w.New.Hash}) {
			state, rotten, err := tx.lockXetXorb(ctx, h)
			if err != nil {
				return err
			}
			switch live := state == "live" && !rotten; {
			case h == w.Old && !live:
				return noRewrite()
			case h != w.Old && !live:
				_, err = tx.exec(ctx, reviveXetXorb, w.New.Packed, w.New.Unpacked, w.New.Chunks, tx.at, tx.at, h[:])
			default:
				_, err = tx.exec(ctx, touchXetXorb, tx.at, h[:])
			}
			if err != nil {
				return err
			}
		}
		if err := tx.rewriteFiles(ctx, w); err != nil {
			return err
		}
		return tx.rewriteHoldings(ctx, w, before)
	})
}

func noRewrite() error { return hub.Errorf(hub.Conflict, "The xorb came into use at the same time.") }

func (tx *Tx) rewriteFiles(ctx context.Context, w hub.XetRewrite) error {
	users, err := collect(ctx, tx.queries, scanOne[hub.ID], selectXetUsers, w.Old[:])
	if err != nil {
		return err
	}
	for _, f := range w.Files {
		at := slices.Index(users, f.FileID)
		n, err := tx.exec(ctx, rewriteXetFile, f.Terms, f.FileID, f.Before)
		if err != nil {
			return err
		}
		if at < 0 || n == 0 {
			return noRewrite()
		}
		users = slices.Delete(users, at, at+1)
		if _, err := tx.exec(ctx, deleteXetPart, f.FileID, w.Old[:]); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, insertXetPart, f.FileID, w.New.Hash[:]); err != nil {
			return err
		}
	}
	if len(users) > 0 {
		return noRewrite()
	}
	return nil
}

func (tx *Tx) rewriteHoldings(ctx context.Context, w hub.XetRewrite, before time.Time) error {
	type holder struct {
		domain hub.ID
		seen   int64
	}
	// Under the rows' locks nobody can come to refer to it.
	holders, err := collect(ctx, tx.queries, func(s scanner) (h holder, err error) {
		return h, s.Scan(&h.domain, &h.seen)
	}, lockXetHolders, w.Old[:])
	if err != nil {
		return err
	}
	kept := map[hub.XetHash]bool{}
	for _, c := range w.Chunks {
		kept[c] = true
	}
	for _, h := range holders {
		if h.seen >= micros(before) {
			return noRewrite()
		}
		if _, err := tx.exec(ctx, upsertXetHolding, h.domain, w.New.Hash[:], tx.at); err != nil {
			return err
		}
		chunks, err := collect(ctx, tx.queries, scanHash, selectChunksOfIn, w.Old[:], h.domain)
		if err != nil {
			return err
		}
		for _, c := range chunks {
			if !kept[c] {
				continue
			}
			if _, err := tx.exec(ctx, upsertXetChunk, h.domain, c[:], w.New.Hash[:]); err != nil {
				return err
			}
		}
		if _, err := tx.exec(ctx, deleteXetChunks, w.Old[:], h.domain); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, deleteXetHolding, h.domain, w.Old[:]); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, raiseXetEpoch, h.domain); err != nil {
			return err
		}
	}
	return nil
}
