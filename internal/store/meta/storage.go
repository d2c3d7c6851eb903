package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Sums are cast, because PostgreSQL sums to numeric.
const (
	selectRepoUsage = `
		SELECT r.namespace_id, COALESCE(MAX(n.name), ''), COUNT(*), CAST(SUM(r.git_bytes) AS BIGINT), CAST(SUM(r.lfs_bytes) AS BIGINT)
		FROM repos r LEFT JOIN namespaces n ON n.id = r.namespace_id GROUP BY r.namespace_id`
	selectWholeUsage = `
		SELECT u.owner, CAST(SUM(u.size) AS BIGINT) FROM (
			SELECT DISTINCT r.namespace_id AS owner, o.digest AS digest, o.size AS size
			FROM repo_lfs l JOIN repos r ON r.id = l.repo_id JOIN lfs_objects o ON o.digest = l.digest) u GROUP BY u.owner`
	selectChunkedUsage = `
		SELECT r.namespace_id, CAST(SUM(f.size) AS BIGINT)
		FROM xet_links l JOIN repos r ON r.id = l.repo_id JOIN xet_files f ON f.id = l.file_id GROUP BY r.namespace_id`
	selectHeldUsage = `
		SELECT COALESCE(r.namespace_id, h.domain_id), CAST(SUM(x.unpacked) AS BIGINT), CAST(SUM(x.packed) AS BIGINT)
		FROM xet_holdings h JOIN xet_xorbs x ON x.hash = h.xorb LEFT JOIN repos r ON r.id = h.domain_id
		GROUP BY COALESCE(r.namespace_id, h.domain_id)`
	selectTotals = `
		SELECT CAST((SELECT COALESCE(SUM(bytes), 0) FROM packs WHERE state = 'live') AS BIGINT),
			CAST((SELECT COALESCE(SUM(size), 0) FROM lfs_objects WHERE state = 'live') AS BIGINT),
			CAST((SELECT COALESCE(SUM(packed), 0) FROM xet_xorbs WHERE state = 'live') AS BIGINT),
			(SELECT COUNT(*) FROM xet_xorbs WHERE state = 'live'),
			(SELECT COUNT(*) FROM xet_xorbs WHERE rotten <> 0)`
	selectStoredLFS = `
		SELECT digest, blob_key, size, digest FROM lfs_objects WHERE state = 'live' AND digest > ? ORDER BY digest LIMIT ?`
	selectStoredPacks = `
		SELECT id, blob_key, bytes, sum FROM packs WHERE state = 'live' AND blob_key <> '' AND id > ? ORDER BY id LIMIT ?`
)

// StorageUsage returns what each owner of repositories holds and takes, in no particular order, and what the hub stores.
// The rows are read one query after the other: under load the sums may be a moment apart.
func (db *DB) StorageUsage(ctx context.Context) ([]hub.StorageUsage, hub.StorageTotals, error) {
	var totals hub.StorageTotals
	usage, err := collect(ctx, db.single, func(s scanner) (u hub.StorageUsage, err error) {
		return u, s.Scan(&u.OwnerID, &u.Owner, &u.Repos, &u.Git, &u.Logical)
	}, selectRepoUsage)
	if err != nil {
		return nil, totals, db.fail(err, "summing storage up")
	}
	at := map[hub.ID]int{}
	for i, u := range usage {
		at[u.OwnerID] = i
	}
	owner := func(id hub.ID) *hub.StorageUsage {
		i, ok := at[id]
		if !ok { // chunks of an owner without repositories, until the sweeper comes
			i = len(usage)
			at[id] = i
			usage = append(usage, hub.StorageUsage{OwnerID: id})
		}
		return &usage[i]
	}
	type row struct {
		owner hub.ID
		a, b  int64
	}
	two := func(s scanner) (r row, err error) { return r, s.Scan(&r.owner, &r.a) }
	for text, set := range map[string]func(*hub.StorageUsage, int64){
		selectWholeUsage:   func(u *hub.StorageUsage, n int64) { u.Whole = n },
		selectChunkedUsage: func(u *hub.StorageUsage, n int64) { u.Chunked = n },
	} {
		rows, err := collect(ctx, db.single, two, text)
		if err != nil {
			return nil, totals, db.fail(err, "summing storage up")
		}
		for _, r := range rows {
			set(owner(r.owner), r.a)
		}
	}
	rows, err := collect(ctx, db.single, func(s scanner) (r row, err error) {
		return r, s.Scan(&r.owner, &r.a, &r.b)
	}, selectHeldUsage)
	if err != nil {
		return nil, totals, db.fail(err, "summing storage up")
	}
	for _, r := range rows {
		u := owner(r.owner)
		u.Unpacked, u.Packed = r.a, r.b
	}
	err = db.single.one(ctx, selectTotals, nil, &totals.Git, &totals.Whole, &totals.Packed, &totals.Xorbs, &totals.Rotten)
	return usage, totals, db.fail(err, "summing storage up")
}

// StoredAfter returns up to limit stored objects of a kind behind the given one, in the order of their ids. Xorbs are listed
// by XetXorbsAfter.
func (db *DB) StoredAfter(ctx context.Context, kind hub.StoredKind, after string, limit int) ([]hub.StoredObject, error) {
	text := selectStoredLFS
	if kind == hub.StoredPack {
		text = selectStoredPacks
	}
	objects, err := collect(ctx, db.single, func(s scanner) (o hub.StoredObject, err error) {
		return o, s.Scan(&o.ID, &o.BlobKey, &o.Size, &o.Sum)
	}, text, after, limit)
	return objects, db.fail(err, "listing stored objects")
}
