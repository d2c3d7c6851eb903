package meta

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const selectLinkedSince = `
	SELECT digest, MIN(at) FROM (
		SELECT l.digest AS digest, l.at AS at FROM repo_lfs l WHERE l.repo_id = ? AND l.digest IN_LIST(?)
		UNION ALL
		SELECT x.digest, x.at FROM xet_links x WHERE x.repo_id = ? AND x.committed = 1 AND x.digest IN_LIST(?)
	) links GROUP BY digest`

// LFSLinkedSince returns since when those of the large files that a repository has have been in it.
func (db *DB) LFSLinkedSince(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]time.Time, error) {
	type link struct {
		digest hub.Digest
		at     time.Time
	}
	links, err := collect(ctx, db.single, func(s scanner) (l link, err error) {
		return l, s.Scan(&l.digest, asTime{&l.at})
	}, selectLinkedSince, repoID, list(digests), repoID, list(digests))
	if err != nil {
		return nil, db.fail(err, "finding large files")
	}
	since := make(map[hub.Digest]time.Time, len(links))
	for _, l := range links {
		since[l.digest] = l.at
	}
	return since, nil
}
