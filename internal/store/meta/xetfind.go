package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	xetFileColumns = `SELECT f.id, f.domain_id, f.hash, f.size, f.digest, f.terms FROM xet_files f `
	// A claim that the file's own digest contradicts opens nothing.
	selectXetFile = xetFileColumns + `
		WHERE f.id IN (SELECT l.file_id FROM xet_links l JOIN xet_files g ON g.id = l.file_id
			WHERE l.repo_id = ? AND l.hash = ? AND (l.digest = '' OR g.digest = '' OR g.digest = l.digest))`
	selectXetFileByID = xetFileColumns + `WHERE f.id = ?`
	selectXetRefs     = `
		SELECT l.digest, f.id, f.hash, f.size, f.digest FROM xet_links l JOIN xet_files f ON f.id = l.file_id
		WHERE l.repo_id = ? AND l.digest IN_LIST(?) AND (f.digest = '' OR f.digest = l.digest)
		ORDER BY CASE WHEN f.digest = '' THEN 0 ELSE 1 END, f.hash`
	selectXetFileWith = xetFileColumns + `
		WHERE f.id = (SELECT MAX(g.id) FROM xet_file_xorbs p JOIN xet_files g ON g.id = p.file_id
			WHERE p.xorb = ? AND g.domain_id = ?)`
	selectXetFilesIn = xetFileColumns + `
		WHERE f.id IN (SELECT l.file_id FROM xet_links l
				JOIN xet_files g ON g.id = l.file_id JOIN xet_file_xorbs p ON p.file_id = g.id
			WHERE l.repo_id = ? AND p.xorb = ? AND (l.digest = '' OR g.digest = '' OR g.digest = l.digest))
		ORDER BY f.id DESC LIMIT ?`
	selectXetParts = `
		SELECT p.xorb, CASE WHEN h.xorb IS NULL THEN 0 ELSE 1 END FROM xet_file_xorbs p
			JOIN xet_xorbs x ON x.hash = p.xorb LEFT JOIN xet_holdings h ON h.xorb = p.xorb AND h.domain_id = ?
		WHERE p.file_id = ? AND x.state = 'live' AND x.rotten = 0`
)

func scanXetFile(s scanner) (f hub.XetFile, err error) {
	return f, s.Scan(&f.ID, &f.Domain, asHash{&f.Hash}, &f.Size, &f.Digest, &f.Terms)
}

// XetFileOf finds a file of a repository by its hash. NotFound, whether others have it or nobody.
func (db *DB) XetFileOf(ctx context.Context, repoID hub.ID, hash hub.XetHash) (hub.XetFile, error) {
	f, ok, err := first(collect(ctx, db.single, scanXetFile, selectXetFile, repoID, hash[:]))
	if err == nil && !ok {
		err = noXetFile()
	}
	return f, db.fail(err, "finding a file")
}

// XetFileByID finds a file that XetRefs named. NotFound.
func (db *DB) XetFileByID(ctx context.Context, id hub.ID) (hub.XetFile, error) {
	f, ok, err := first(collect(ctx, db.single, scanXetFile, selectXetFileByID, id))
	if err == nil && !ok {
		err = noXetFile()
	}
	return f, db.fail(err, "finding a file")
}

// XetFileWith returns the newest file of a domain that consists of a xorb among others. NotFound.
func (db *DB) XetFileWith(ctx context.Context, domain hub.ID, xorb hub.XetHash) (hub.XetFile, error) {
	f, ok, err := first(collect(ctx, db.single, scanXetFile, selectXetFileWith, xorb[:], domain))
	if err == nil && !ok {
		err = noXetFile()
	}
	return f, db.fail(err, "finding a file")
}

// XetFilesIn returns up to limit files of a repository that consist of a xorb among others, the newest first.
func (db *DB) XetFilesIn(ctx context.Context, repoID hub.ID, xorb hub.XetHash, limit int) ([]hub.XetFile, error) {
	files, err := collect(ctx, db.single, scanXetFile, selectXetFilesIn, repoID, xorb[:], limit)
	return files, db.fail(err, "finding files")
}

// XetParts returns the xorbs that a file consists of and that are not known to be rotten, and of each whether the domain holds
// it.
func (db *DB) XetParts(ctx context.Context, fileID, domain hub.ID) (map[hub.XetHash]bool, error) {
	type part struct {
		xorb hub.XetHash
		held bool
	}
	rows, err := collect(ctx, db.single, func(s scanner) (p part, err error) {
		return p, s.Scan(asHash{&p.xorb}, &p.held)
	}, selectXetParts, domain, fileID)
	if err != nil {
		return nil, db.fail(err, "listing the xorbs of a file")
	}
	parts := make(map[hub.XetHash]bool, len(rows))
	for _, p := range rows {
		parts[p.xorb] = p.held
	}
	return parts, nil
}

// XetRefs returns those of the large files that the repository has as chunks. Of several files under one digest it is
// always the same one: a verified one if there is one.
func (db *DB) XetRefs(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]hub.XetRef, error) {
	if len(digests) == 1 { // every download asks
		return remember(db.memo, memoKey{what: "chunks", a: string(repoID), b: string(digests[0])}, never, func() (map[hub.Digest]hub.XetRef, error) {
			return db.xetRefs(ctx, repoID, digests)
		})
	}
	return db.xetRefs(ctx, repoID, digests)
}

// never says of no error that it is an answer.
func never(error) bool { return false }

func (db *DB) xetRefs(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]hub.XetRef, error) {
	type row struct {
		claim, own hub.Digest
		ref        hub.XetRef
	}
	rows, err := collect(ctx, db.single, func(s scanner) (r row, err error) {
		return r, s.Scan(&r.claim, &r.ref.FileID, asHash{&r.ref.Hash}, &r.ref.Size, &r.own)
	}, selectXetRefs, repoID, list(digests))
	if err != nil {
		return nil, db.fail(err, "finding files")
	}
	refs := make(map[hub.Digest]hub.XetRef, len(rows))
	for _, r := range rows {
		r.ref.Verified = r.own != ""
		refs[r.claim] = r.ref
	}
	return refs, nil
}
