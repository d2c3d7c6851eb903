package meta

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	upsertReach = `
		INSERT INTO token_reach (token_id, perm, repo_id, first_at, last_at, uses) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (token_id, perm, repo_id) DO UPDATE SET
			last_at = excluded.last_at, uses = token_reach.uses + excluded.uses`
	selectReach = `
		SELECT token_id, perm, repo_id, first_at, last_at, uses FROM token_reach
		WHERE token_id = ? ORDER BY last_at DESC, perm, repo_id LIMIT ?`
	deleteReach = `DELETE FROM token_reach WHERE last_at < ?`
)

// RecordReach adds to what tokens were used for, many at once.
func (db *DB) RecordReach(ctx context.Context, used []hub.Reach) error {
	if len(used) == 0 {
		return nil
	}
	return db.mutate(ctx, "storing what tokens were used for", func(tx *Tx) error {
		for _, r := range used {
			if _, err := tx.exec(ctx, upsertReach, r.TokenID, string(r.Permission), r.RepoID, r.First, r.Last, r.Uses); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReachOf returns up to limit entries of what a token was used for, the latest first.
func (db *DB) ReachOf(ctx context.Context, token hub.ID, limit int) ([]hub.Reach, error) {
	list, err := collect(ctx, db.single, func(s scanner) (r hub.Reach, err error) {
		return r, s.Scan(&r.TokenID, &r.Permission, &r.RepoID, asTime{&r.First}, asTime{&r.Last}, &r.Uses)
	}, selectReach, token, limit)
	return list, db.fail(err, "reading what a token was used for")
}

// ForgetReach deletes entries whose last use lies before a time.
func (db *DB) ForgetReach(ctx context.Context, before time.Time) error {
	return db.mutate(ctx, "deleting what tokens were used for", func(tx *Tx) error {
		_, err := tx.exec(ctx, deleteReach, before)
		return err
	})
}
