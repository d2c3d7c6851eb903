package meta

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	insertLease = `
		INSERT INTO leases (name, holder, fence, until) VALUES (?, ?, 1, ?) ON CONFLICT (name) DO NOTHING`
	takeLease = `
		UPDATE leases SET holder = ?, fence = fence + 1, until = ? WHERE name = ? AND (until < ? OR holder = ?)`
	selectLease  = `SELECT holder, fence FROM leases WHERE name = ?`
	extendLease  = `UPDATE leases SET until = ? WHERE name = ? AND holder = ? AND fence = ?`
	lockLease    = `SELECT holder, fence FROM leases WHERE name = ? FOR UPDATE`
	expireLeases = `DELETE FROM leases WHERE until < ?`
	endLeases    = `UPDATE leases SET until = 0`

	bumpEpoch     = `UPDATE repos SET gc_epoch = gc_epoch + 1 WHERE id = ?`
	selectOldTips = `
		SELECT DISTINCT old_target FROM reflog WHERE repo_id = ? AND at > ? AND old_target <> '' ORDER BY old_target`
	selectDueGC = `
		SELECT r.id FROM repos r LEFT JOIN repo_gc g ON g.repo_id = r.id
		WHERE r.gen > 1 AND (g.repo_id IS NULL OR (g.at < ? AND (g.gen <> r.gen OR EXISTS (
			SELECT 1 FROM packs p WHERE p.repo_id = r.id AND p.state = 'live' AND p.kind = 'garbage'))))
		ORDER BY COALESCE(g.at, 0), r.id LIMIT ?`
	upsertGC = `
		INSERT INTO repo_gc (repo_id, gen, at) VALUES (?, ?, ?)
		ON CONFLICT (repo_id) DO UPDATE SET gen = excluded.gen, at = excluded.at`
	// Of what lies in chunks the size does not matter here: its sweeper counts.
	selectLinks = `
		SELECT digest, MAX(size) FROM (
			SELECT l.digest AS digest, o.size AS size FROM repo_lfs l JOIN lfs_objects o ON o.digest = l.digest
			WHERE l.repo_id = ? AND l.at < ? AND l.digest > ?
			UNION ALL
			SELECT x.digest, 0 FROM xet_links x
			WHERE x.repo_id = ? AND x.committed = 1 AND x.at < ? AND x.digest > ?
		) links GROUP BY digest ORDER BY digest LIMIT ?`
	// As if no commit had taken it up: from now on it has the time that a registration has.
	uncommitXetLink = `
		UPDATE xet_links SET committed = 0, at = ? WHERE repo_id = ? AND digest = ? AND committed = 1 AND at < ?`
	deleteLink = `
		DELETE FROM repo_lfs WHERE repo_id = ? AND digest = ? AND at < ? AND NOT EXISTS (
			SELECT 1 FROM uploads u WHERE u.repo_id = repo_lfs.repo_id AND u.digest = repo_lfs.digest AND u.ended = 0)`
	shrinkLFS       = `UPDATE repos SET lfs_bytes = lfs_bytes - ? WHERE id = ?`
	deleteOrphanGC  = `DELETE FROM repo_gc WHERE NOT EXISTS (SELECT 1 FROM repos r WHERE r.id = repo_gc.repo_id)`
	deleteOrphanLck = `DELETE FROM lfs_locks WHERE NOT EXISTS (SELECT 1 FROM repos r WHERE r.id = lfs_locks.repo_id)`
	deleteOrphanKey = `DELETE FROM ssh_keys WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = ssh_keys.user_id)`
)

// AcquireLease takes a lease that nobody holds, or whose holder let it run out, for ttl. ok is false while somebody
// else holds it.
func (db *DB) AcquireLease(ctx context.Context, name string, holder hub.ID, ttl time.Duration) (l hub.Lease, ok bool, err error) {
	err = db.mutate(ctx, "taking a lease", func(tx *Tx) error {
		l, ok = hub.Lease{Name: name, Holder: holder}, false
		n, err := tx.exec(ctx, insertLease, name, holder, tx.at.Add(ttl))
		if err == nil && n == 0 {
			n, err = tx.exec(ctx, takeLease, holder, tx.at.Add(ttl), name, tx.at, holder)
		}
		if err != nil || n == 0 {
			return err
		}
		ok = true
		var who hub.ID
		return tx.one(ctx, selectLease, []any{name}, &who, &l.Fence)
	})
	return l, ok && err == nil, err
}

// RenewLease makes a lease last for ttl from now; PreconditionFailed when somebody else has taken it.
func (db *DB) RenewLease(ctx context.Context, l hub.Lease, ttl time.Duration) error {
	return db.mutate(ctx, "renewing a lease", func(tx *Tx) error {
		n, err := tx.exec(ctx, extendLease, tx.at.Add(ttl), l.Name, l.Holder, l.Fence)
		if err == nil && n == 0 {
			err = lostLease()
		}
		return err
	})
}

// ReleaseLease gives a lease back. The row stays, so that its fence keeps growing. No error when it is lost already.
func (db *DB) ReleaseLease(ctx context.Context, l hub.Lease) error {
	return db.mutate(ctx, "giving a lease back", func(tx *Tx) error {
		_, err := tx.exec(ctx, extendLease, 0, l.Name, l.Holder, l.Fence)
		return err
	})
}

// EndLeases ends all leases, for a process that has the database to itself: who held them is gone.
func (db *DB) EndLeases(ctx context.Context) error {
	return db.mutate(ctx, "ending leases", func(tx *Tx) error {
		_, err := tx.exec(ctx, endLeases)
		return err
	})
}

func lostLease() error {
	return hub.Errorf(hub.PreconditionFailed, "Another process has taken over this work.")
}

// held makes sure that a lease is still its holder's, until the transaction ends.
func (tx *Tx) held(ctx context.Context, l hub.Lease) error {
	if l.Name == "" {
		return nil
	}
	var holder hub.ID
	var fence int64
	err := tx.one(ctx, lockLease, []any{l.Name}, &holder, &fence)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (holder != l.Holder || fence != l.Fence) {
		return lostLease()
	}
	return err
}

// ReplacePacks makes a swap and returns the new generation. PreconditionFailed, and nothing changes, when the lease is
// lost, when one of s.Retired is not live in this repository, and for s.Drops when the repository has changed since
// s.Gen. RepoNotFound. What refs lead to is the same, so that nothing is recorded but s.Event.
func (db *DB) ReplacePacks(ctx context.Context, s hub.PackSwap) (gen int64, err error) {
	err = db.mutate(ctx, "replacing packs", func(tx *Tx) error {
		var epoch int64
		if err := tx.one(ctx, lockRepo, []any{s.RepoID}, &gen, &epoch); err != nil {
			return orMissing(err, hub.RepoNotFound, noRepo().Message)
		}
		if err := tx.held(ctx, s.Lease); err != nil {
			return err
		}
		if s.Drops {
			if gen != s.Gen {
				return hub.Errorf(hub.PreconditionFailed, "The repository changed at the same time.")
			}
			if _, err := tx.exec(ctx, bumpEpoch, s.RepoID); err != nil {
				return err
			}
		}
		gen++
		grown, err := tx.retire(ctx, s, gen)
		if err != nil {
			return err
		}
		for _, p := range s.New {
			grown += p.Pack.Bytes
			if err := tx.bringPack(ctx, s.RepoID, p.Pack, p.Inline, gen); err != nil {
				return err
			}
		}
		if _, err = tx.exec(ctx, swapRepo, gen, grown, s.RepoID); err != nil || s.Event.Type == "" {
			return err
		}
		s.Event.RepoID = s.RepoID
		return tx.record(ctx, s.Event, s.Event.Type)
	})
	return gen, err
}

// retire retires the packs of a swap and returns by how much that makes the repository larger, which is negative.
func (tx *Tx) retire(ctx context.Context, s hub.PackSwap, gen int64) (grown int64, err error) {
	for _, id := range s.Retired {
		n, err := tx.exec(ctx, retirePack, gen, tx.at, id, s.RepoID)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			return 0, hub.Errorf(hub.PreconditionFailed, "Another merge of these packs was faster.")
		}
		var size int64
		if err := tx.one(ctx, selectPackBytes, []any{id}, &size); err != nil {
			return 0, err
		}
		grown -= size
	}
	return grown, nil
}

// OldTips returns what refs of a repository pointed to before they were moved or deleted after since.
func (db *DB) OldTips(ctx context.Context, repoID hub.ID, since time.Time) ([]hub.OID, error) {
	oids, err := collect(ctx, db.single, func(s scanner) (o hub.OID, err error) {
		return o, s.Scan(asOID{&o})
	}, selectOldTips, repoID, since)
	return oids, db.fail(err, "reading the history of refs")
}

// DueGC returns up to limit repositories whose garbage was last looked for before the given time, and that have changed
// since or still keep some. Those that waited longest come first.
func (db *DB) DueGC(ctx context.Context, before time.Time, limit int) ([]hub.ID, error) {
	ids, err := collect(ctx, db.single, scanOne[hub.ID], selectDueGC, before, limit)
	return ids, db.fail(err, "finding repositories with garbage")
}

// MarkGC writes down that a repository's garbage was looked for at a generation.
func (db *DB) MarkGC(ctx context.Context, repoID hub.ID, gen int64) error {
	return db.mutate(ctx, "noting a collection", func(tx *Tx) error {
		_, err := tx.exec(ctx, upsertGC, repoID, gen, tx.at)
		return err
	})
}

// LinkedLFS returns up to limit large files, after the given one in order, that have been linked to the repository since before a time.
func (db *DB) LinkedLFS(ctx context.Context, repoID hub.ID, before time.Time, after hub.Digest, limit int) ([]hub.LFSObject, error) {
	objects, err := collect(ctx, db.single, func(s scanner) (o hub.LFSObject, err error) {
		return o, s.Scan(&o.Digest, &o.Size)
	}, selectLinks, repoID, before, after, repoID, before, after, limit)
	return objects, db.fail(err, "listing large files")
}

// UnlinkLFS removes links of large files that no object of the repository names, provided that the repository is still
// at gen: PreconditionFailed otherwise. Links made after before, and those with an upload on its way, stay. It returns
// the number of files let go; the bytes go when nothing else refers to them.
func (db *DB) UnlinkLFS(ctx context.Context, repoID hub.ID, gen int64, before time.Time, objects []hub.LFSObject) (n int, err error) {
	err = db.mutate(ctx, "unlinking large files", func(tx *Tx) error {
		var now, epoch int64
		if err := tx.one(ctx, lockRepo, []any{repoID}, &now, &epoch); err != nil {
			return orMissing(err, hub.RepoNotFound, noRepo().Message)
		}
		if now != gen {
			return hub.Errorf(hub.PreconditionFailed, "The repository changed at the same time.")
		}
		n = 0
		var bytes int64
		for _, o := range objects {
			gone, err := tx.exec(ctx, deleteLink, repoID, o.Digest, before)
			if err != nil {
				return err
			}
			let, err := tx.exec(ctx, uncommitXetLink, tx.at, repoID, o.Digest, before)
			if err != nil {
				return err
			}
			if gone > 0 {
				left, err := tx.linksTo(ctx, repoID, o.Digest)
				if err != nil {
					return err
				}
				if left == 0 {
					bytes += o.Size
				}
			}
			if gone+let > 0 {
				n++
			}
		}
		_, err := tx.exec(ctx, shrinkLFS, bytes, repoID)
		return err
	})
	return n, err
}

// SweepGit removes rows about repositories and people that are gone, and leases that ran out before the given time.
func (db *DB) SweepGit(ctx context.Context, leases time.Time) error {
	return db.mutate(ctx, "sweeping rows of git", func(tx *Tx) error {
		for _, text := range []string{deleteOrphanGC, deleteOrphanLck, deleteOrphanKey, deleteOrphanSet} {
			if _, err := tx.exec(ctx, text); err != nil {
				return err
			}
		}
		_, err := tx.exec(ctx, expireLeases, leases)
		return err
	})
}
