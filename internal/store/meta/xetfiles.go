package meta

import (
	"context"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	lockXetFile   = `SELECT id, digest FROM xet_files WHERE domain_id = ? AND hash = ? FOR UPDATE`
	insertXetFile = `
		INSERT INTO xet_files (id, domain_id, hash, size, digest, terms, tried_at) VALUES (?, ?, ?, ?, ?, ?, 0)
		ON CONFLICT (domain_id, hash) DO NOTHING`
	insertXetPart = `INSERT INTO xet_file_xorbs (file_id, xorb) VALUES (?, ?) ON CONFLICT (file_id, xorb) DO NOTHING`
	setXetDigest  = `UPDATE xet_files SET digest = ? WHERE id = ?`
	selectBroken  = `
		SELECT l.repo_id, r.namespace_id, l.digest FROM xet_links l JOIN repos r ON r.id = l.repo_id
		WHERE l.file_id = ? AND l.digest <> '' AND l.digest <> ?`
	setXetTried   = `UPDATE xet_files SET tried_at = ? WHERE id = ?`
	insertXetLink = `
		INSERT INTO xet_links (repo_id, hash, digest, file_id, committed, at) VALUES (?, ?, ?, ?, 0, ?)
		ON CONFLICT (repo_id, hash, digest) DO NOTHING`
	touchXetLink  = `UPDATE xet_links SET at = ? WHERE repo_id = ? AND hash = ? AND digest = ?`
	countXetLinks = `
		SELECT (SELECT COUNT(*) FROM xet_links WHERE repo_id = ? AND digest = ?) +
			(SELECT COUNT(*) FROM repo_lfs WHERE repo_id = ? AND digest = ?)`
	upsertXetChunk = `
		INSERT INTO xet_chunks (domain_id, chunk, xorb) VALUES (?, ?, ?)
		ON CONFLICT (domain_id, chunk, xorb) DO NOTHING`
	selectUnverified = xetFileColumns + `WHERE f.digest = '' AND f.tried_at < ? ORDER BY f.tried_at, f.id LIMIT ?`
	commitXetLinks   = `UPDATE xet_links SET committed = 1 WHERE repo_id = ? AND committed = 0 AND digest IN_LIST(?)`
	deleteXetLinksOf = `DELETE FROM xet_links WHERE repo_id = ?`
)

func noXetFile() error { return hub.Errorf(hub.NotFound, "There is no such file.") }

// unknownXorb is the error for terms that name a xorb which the uploader's domain does not hold, and for terms without a
// valid proof: which of the two it is, is not told.
func unknownXorb() error {
	return hub.Errorf(hub.InvalidInput, "A file refers to chunks that were not uploaded.")
}

// RegisterXet makes the files of a shard known to a repository. Every xorb that they name must be a holding of the domain,
// or be borrowed from a file that the repository has, which the caller has checked for its chunks; one that is gone by now is
// InvalidInput. A file that the domain has keeps its terms. RepoNotFound; InvalidInput when a claim contradicts the digest that was computed for the file.
func (db *DB) RegisterXet(ctx context.Context, reg hub.XetRegistration) error {
	return db.mutate(ctx, "registering files", func(tx *Tx) error {
		if err := tx.lockRepo(ctx, reg.RepoID); err != nil {
			return err
		}
		if err := tx.touchXorbs(ctx, reg); err != nil {
			return err
		}
		var grown int64
		for i := range reg.Files {
			n, err := tx.registerXetFile(ctx, reg, &reg.Files[i])
			if err != nil {
				return err
			}
			grown += n
		}
		for _, c := range reg.Chunks {
			if _, err := tx.exec(ctx, upsertXetChunk, reg.Domain, c.Chunk[:], c.Xorb[:]); err != nil {
				return err
			}
		}
		if grown > 0 {
			if _, err := tx.exec(ctx, growLFS, grown, reg.RepoID); err != nil {
				return err
			}
		}
		reg.Event.RepoID = reg.RepoID
		return tx.record(ctx, reg.Event, "xet.register")
	})
}

// touchXorbs locks all holdings that the files need, always in the same order, so that none is swept meanwhile.
func (tx *Tx) touchXorbs(ctx context.Context, reg hub.XetRegistration) error {
	var all []hub.XetHash
	for _, f := range reg.Files {
		all = append(all, f.Xorbs...)
	}
	for _, c := range reg.Chunks {
		all = append(all, c.Xorb)
	}
	for _, h := range inOrder(all) {
		n, err := tx.exec(ctx, touchXetHolding, tx.at, reg.Domain, h[:])
		if err == nil && n == 0 {
			err = unknownXorb()
			if slices.Contains(reg.Borrowed, h) {
				err = tx.borrowXorb(ctx, reg.RepoID, h)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// borrowXorb keeps a xorb that files of the repository consist of from being swept until the transaction ends. A new file
// that refers to it keeps it from then on.
func (tx *Tx) borrowXorb(ctx context.Context, repo hub.ID, h hub.XetHash) error {
	state, rotten, err := tx.lockXetXorb(ctx, h)
	if err != nil {
		return err
	}
	files, err := collect(ctx, tx.queries, scanXetFile, selectXetFilesIn, repo, h[:], 1)
	if err == nil && (state != "live" || rotten || len(files) == 0) {
		err = unknownXorb()
	}
	return err
}

// registerXetFile returns by how many bytes the repository grows.
func (tx *Tx) registerXetFile(ctx context.Context, reg hub.XetRegistration, f *hub.XetClaim) (grown int64, err error) {
	id := hub.NewID()
	n, err := tx.exec(ctx, insertXetFile, id, reg.Domain, f.Hash[:], f.Size, f.Digest, f.Terms)
	if err != nil {
		return 0, err
	}
	var digest hub.Digest
	if err := tx.one(ctx, lockXetFile, []any{reg.Domain, f.Hash[:]}, &id, &digest); err != nil {
		return 0, err
	}
	switch {
	case n == 1:
		for _, x := range f.Xorbs {
			if _, err := tx.exec(ctx, insertXetPart, id, x[:]); err != nil {
				return 0, err
			}
		}
	case digest == "" && f.Digest != "":
		if _, err := tx.exec(ctx, setXetDigest, f.Digest, id); err != nil {
			return 0, err
		}
		digest = f.Digest
	}
	if digest != "" && f.Claim != "" && digest != f.Claim {
		return 0, hub.Errorf(hub.InvalidInput, "A file has the SHA-256 %s, not %s as the upload says.", digest, f.Claim)
	}
	return tx.linkXet(ctx, reg.RepoID, id, f.Hash, f.Claim, f.Size)
}

// linkXet returns by how many bytes the repository grows.
func (tx *Tx) linkXet(ctx context.Context, repo, file hub.ID, hash hub.XetHash, claim hub.Digest, size int64) (int64, error) {
	have, err := tx.linksTo(ctx, repo, claim)
	if err != nil {
		return 0, err
	}
	n, err := tx.exec(ctx, insertXetLink, repo, hash[:], claim, file, tx.at)
	if err != nil {
		return 0, err
	}
	if n == 0 {
		_, err = tx.exec(ctx, touchXetLink, tx.at, repo, hash[:], claim)
		return 0, err
	}
	if have > 0 && claim != "" {
		return 0, nil
	}
	return size, nil
}

// UnverifiedXet returns up to limit files whose SHA-256 nobody has computed and that were not tried since before.
func (db *DB) UnverifiedXet(ctx context.Context, before time.Time, limit int) ([]hub.XetFile, error) {
	files, err := collect(ctx, db.single, scanXetFile, selectUnverified, before, limit)
	return files, db.fail(err, "listing files to verify")
}

// SetXetDigest stores the SHA-256 that was computed for a file. Empty: the attempt failed, and is noted. Claims that differ
// open nothing from then on; the audit log tells the owners of those repositories.
func (db *DB) SetXetDigest(ctx context.Context, fileID hub.ID, d hub.Digest) error {
	return db.mutate(ctx, "storing a digest", func(tx *Tx) error {
		if d == "" {
			_, err := tx.exec(ctx, setXetTried, tx.at, fileID)
			return err
		}
		if _, err := tx.exec(ctx, setXetDigest, d, fileID); err != nil {
			return err
		}
		broken, err := collect(ctx, tx.queries, func(s scanner) (ev hub.Event, err error) {
			var claim hub.Digest
			err = s.Scan(&ev.RepoID, &ev.NamespaceID, &claim)
			ev.Message = "A large file was uploaded as " + string(claim) + ", but its SHA-256 is " + string(d) + ". It cannot be downloaded: upload it again."
			return ev, err
		}, selectBroken, fileID, d)
		if err != nil {
			return err
		}
		for _, ev := range broken {
			if err := tx.record(ctx, ev, "xet.broken"); err != nil {
				return err
			}
		}
		return nil
	})
}

// CopyXet links a file of one repository to another one of the same domain. NotFound when from does not have it under this
// digest; RepoNotFound.
func (db *DB) CopyXet(ctx context.Context, from, to hub.ID, hash hub.XetHash, d hub.Digest, ev hub.Event) error {
	return db.mutate(ctx, "copying a file", func(tx *Tx) error {
		if err := tx.lockRepo(ctx, to); err != nil {
			return err
		}
		type row struct {
			digest, own hub.Digest
			ref         hub.XetRef
		}
		rows, err := collect(ctx, tx.queries, func(s scanner) (r row, err error) {
			return r, s.Scan(&r.digest, &r.ref.FileID, asHash{&r.ref.Hash}, &r.ref.Size, &r.own)
		}, selectXetRefs, from, list([]hub.Digest{d}))
		if err != nil {
			return err
		}
		at := slices.IndexFunc(rows, func(r row) bool { return r.ref.Hash == hash })
		if at < 0 {
			return noXetFile()
		}
		grown, err := tx.linkXet(ctx, to, rows[at].ref.FileID, hash, d, rows[at].ref.Size)
		if err != nil {
			return err
		}
		if _, err := tx.exec(ctx, growLFS, grown, to); err != nil {
			return err
		}
		ev.RepoID = to
		return tx.record(ctx, ev, "xet.copy")
	})
}
