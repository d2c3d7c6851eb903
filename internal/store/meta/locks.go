package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	lockColumns = `
		SELECT l.id, l.repo_id, l.path, l.ref, l.owner_id, COALESCE(n.name, a.name, ''), l.created_at
		FROM lfs_locks l LEFT JOIN namespaces n ON n.id = l.owner_id LEFT JOIN service_accounts a ON a.id = l.owner_id `
	selectLock    = lockColumns + `WHERE l.repo_id = ? AND l.id = ?`
	selectLockAt  = lockColumns + `WHERE l.repo_id = ? AND l.path = ?`
	selectLocks   = lockColumns + `WHERE l.repo_id = ? AND l.id > ? ORDER BY l.id LIMIT ?`
	countLocks    = `SELECT COUNT(*) FROM lfs_locks WHERE repo_id = ?`
	insertLock    = `INSERT INTO lfs_locks (id, repo_id, path, ref, owner_id, created_at) VALUES (?, ?, ?, ?, ?, ?)`
	deleteLock    = `DELETE FROM lfs_locks WHERE repo_id = ? AND id = ?`
	maxLocksAlive = 10_000 // of one repository
)

func scanLock(s scanner) (l hub.FileLock, err error) {
	return l, s.Scan(&l.ID, &l.RepoID, &l.Path, &l.Ref, &l.OwnerID, &l.OwnerName, asTime{&l.CreatedAt})
}

// CreateLock locks a path. When it is locked already, it returns that lock and Conflict. RepoNotFound; Conflict also
// for a repository with too many locks.
func (db *DB) CreateLock(ctx context.Context, l hub.FileLock, ev hub.Event) (hub.FileLock, error) {
	var held hub.FileLock
	err := db.mutate(ctx, "locking a file", func(tx *Tx) error {
		if err := tx.lockRepo(ctx, l.RepoID); err != nil {
			return err
		}
		old, err := collect(ctx, tx.queries, scanLock, selectLockAt, l.RepoID, l.Path)
		if err != nil {
			return err
		}
		if len(old) > 0 {
			held = old[0]
			return hub.Errorf(hub.Conflict, "This file is locked already.")
		}
		var n int64
		if err := tx.one(ctx, countLocks, []any{l.RepoID}, &n); err != nil {
			return err
		}
		if n >= maxLocksAlive {
			return hub.Errorf(hub.Conflict, "This repository has %d locks: remove some first.", n)
		}
		held = l
		if _, err := tx.exec(ctx, insertLock, l.ID, l.RepoID, l.Path, l.Ref, l.OwnerID, tx.when(l.CreatedAt)); err != nil {
			return err
		}
		ev.RepoID, ev.TargetID = l.RepoID, l.ID
		return tx.record(ctx, ev, "repo.lock")
	})
	return held, err
}

// LockByID finds a lock. NotFound.
func (db *DB) LockByID(ctx context.Context, repoID, id hub.ID) (hub.FileLock, error) {
	return db.oneLock(ctx, selectLock, repoID, string(id))
}

// LockByPath finds the lock of a path. NotFound.
func (db *DB) LockByPath(ctx context.Context, repoID hub.ID, path string) (hub.FileLock, error) {
	return db.oneLock(ctx, selectLockAt, repoID, path)
}

func (db *DB) oneLock(ctx context.Context, text string, repoID hub.ID, arg string) (hub.FileLock, error) {
	locks, err := collect(ctx, db.single, scanLock, text, repoID, arg)
	if err == errNotText {
		err = nil
	}
	if err == nil && len(locks) == 0 {
		err = hub.Errorf(hub.NotFound, "There is no such lock.")
	}
	if err != nil {
		return hub.FileLock{}, db.fail(err, "finding a lock")
	}
	return locks[0], nil
}

// Locks returns up to limit locks of a repository after the given one, oldest first.
func (db *DB) Locks(ctx context.Context, repoID, after hub.ID, limit int) ([]hub.FileLock, error) {
	locks, err := collect(ctx, db.single, scanLock, selectLocks, repoID, after, limit)
	return locks, db.fail(err, "listing locks")
}

// DeleteLock removes a lock. NotFound.
func (db *DB) DeleteLock(ctx context.Context, repoID, id hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "unlocking a file", func(tx *Tx) error {
		n, err := tx.exec(ctx, deleteLock, repoID, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return hub.Errorf(hub.NotFound, "There is no such lock.")
		}
		ev.RepoID, ev.TargetID = repoID, id
		return tx.record(ctx, ev, "repo.unlock")
	})
}
