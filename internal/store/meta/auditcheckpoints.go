package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	checkpointColumns     = `SELECT size, at, frontier, note FROM audit_checkpoints `
	selectCheckpoints     = checkpointColumns + `WHERE size > ? ORDER BY size LIMIT ?`
	selectCheckpoint      = checkpointColumns + `WHERE size = ?`
	selectLastCheckpoint  = checkpointColumns + `ORDER BY size DESC LIMIT 1`
	selectCheckpointUntil = checkpointColumns + `WHERE at < ? ORDER BY size DESC LIMIT 1`
	insertCheckpoint      = `
		INSERT INTO audit_checkpoints (size, at, frontier, note) VALUES (?, ?, ?, ?) ON CONFLICT (size) DO NOTHING`
	insertSubtree  = `INSERT INTO audit_subtrees (n, hash) VALUES (?, ?) ON CONFLICT (n) DO NOTHING`
	selectSubtrees = `SELECT n, hash FROM audit_subtrees WHERE n >= ? AND n < ? ORDER BY n`
)

// AuditCheckpoints returns up to limit checkpoints of more than size events, smallest first.
func (db *DB) AuditCheckpoints(ctx context.Context, size int64, limit int) ([]hub.AuditCheckpoint, error) {
	cs, err := collect(ctx, db.single, scanCheckpoint, selectCheckpoints, size, limit)
	return cs, db.fail(err, "reading audit checkpoints")
}

// AuditCheckpointOf returns the checkpoint of exactly size events, and whether there is one.
func (db *DB) AuditCheckpointOf(ctx context.Context, size int64) (hub.AuditCheckpoint, bool, error) {
	return db.checkpoint(ctx, selectCheckpoint, size)
}

// LastAuditCheckpoint returns the newest checkpoint, and whether there is one.
func (db *DB) LastAuditCheckpoint(ctx context.Context) (hub.AuditCheckpoint, bool, error) {
	return db.checkpoint(ctx, selectLastCheckpoint)
}

func (db *DB) checkpoint(ctx context.Context, text string, args ...any) (hub.AuditCheckpoint, bool, error) {
	cs, err := collect(ctx, db.single, scanCheckpoint, text, args...)
	if err != nil || len(cs) == 0 {
		return hub.AuditCheckpoint{}, false, db.fail(err, "reading audit checkpoints")
	}
	return cs[0], true, nil
}

// PutAuditCheckpoint stores a checkpoint and the subtrees that were completed on the way to it. What another process
// stored before stays.
func (db *DB) PutAuditCheckpoint(ctx context.Context, c hub.AuditCheckpoint, subtrees []hub.AuditSubtree) error {
	return db.mutate(ctx, "storing an audit checkpoint", func(tx *Tx) error {
		for _, s := range subtrees {
			if _, err := tx.exec(ctx, insertSubtree, s.N, s.Hash); err != nil {
				return err
			}
		}
		_, err := tx.exec(ctx, insertCheckpoint, c.Size, c.At, c.Frontier, c.Note)
		return err
	})
}

// AuditSubtrees returns the subtrees from the number from on and below until, as far as they are known.
func (db *DB) AuditSubtrees(ctx context.Context, from, until int64) ([]hub.AuditSubtree, error) {
	list, err := collect(ctx, db.single, func(s scanner) (t hub.AuditSubtree, err error) {
		return t, s.Scan(&t.N, &t.Hash)
	}, selectSubtrees, from, until)
	return list, db.fail(err, "reading the tree of the audit log")
}

func scanCheckpoint(s scanner) (c hub.AuditCheckpoint, err error) {
	return c, s.Scan(&c.Size, asTime{&c.At}, &c.Frontier, &c.Note)
}
