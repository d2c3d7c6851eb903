package meta

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	selectStaleLinks = `
		SELECT l.repo_id, l.hash, l.digest, f.size FROM xet_links l JOIN xet_files f ON f.id = l.file_id
		WHERE l.committed = 0 AND l.at < ? ORDER BY l.at LIMIT ?`
	deleteStaleLink = `DELETE FROM xet_links WHERE repo_id = ? AND hash = ? AND digest = ? AND committed = 0 AND at < ?`

	selectLooseFiles = `
		SELECT f.id FROM xet_files f WHERE NOT EXISTS (SELECT 1 FROM xet_links l WHERE l.file_id = f.id)
		ORDER BY f.id LIMIT ?`
	lockXetFileByID = `SELECT domain_id FROM xet_files WHERE id = ? FOR UPDATE`
	countLinksTo    = `SELECT COUNT(*) FROM xet_links WHERE file_id = ?`
	touchPartsOf    = `
		UPDATE xet_holdings SET seen_at = ?
		WHERE domain_id = ? AND xorb IN (SELECT p.xorb FROM xet_file_xorbs p WHERE p.file_id = ?)`
	deletePartsOf = `DELETE FROM xet_file_xorbs WHERE file_id = ?`
	deleteXetFile = `DELETE FROM xet_files WHERE id = ?`

	selectLooseHoldings = `
		SELECT h.domain_id, h.xorb, h.seen_at FROM xet_holdings h
		WHERE h.seen_at < ? AND NOT EXISTS (
			SELECT 1 FROM xet_file_xorbs p JOIN xet_files f ON f.id = p.file_id
			WHERE p.xorb = h.xorb AND f.domain_id = h.domain_id)
		ORDER BY h.seen_at LIMIT ?`
	lockXetHolding = `SELECT seen_at FROM xet_holdings WHERE domain_id = ? AND xorb = ? FOR UPDATE`
	countXetUsers  = `
		SELECT COUNT(*) FROM xet_file_xorbs p JOIN xet_files f ON f.id = p.file_id WHERE p.xorb = ? AND f.domain_id = ?`
	deleteXetChunks  = `DELETE FROM xet_chunks WHERE xorb = ? AND domain_id = ?`
	deleteXetHolding = `DELETE FROM xet_holdings WHERE domain_id = ? AND xorb = ?`
	raiseEpochsOf    = `
		INSERT INTO xet_domains (domain_id, epoch)
		SELECT h.domain_id, 1 FROM xet_holdings h WHERE h.xorb = ?
		ON CONFLICT (domain_id) DO UPDATE SET epoch = xet_domains.epoch + 1`
	// The row without a domain is added to the epoch of every domain.
	raiseAllEpochs = `
		INSERT INTO xet_domains (domain_id, epoch) VALUES ('', ?)
		ON CONFLICT (domain_id) DO UPDATE SET epoch = CASE WHEN xet_domains.epoch < excluded.epoch THEN excluded.epoch ELSE xet_domains.epoch + 1 END`
	raiseXetEpoch = `
		INSERT INTO xet_domains (domain_id, epoch) VALUES (?, 1)
		ON CONFLICT (domain_id) DO UPDATE SET epoch = xet_domains.epoch + 1`

	selectLooseXorbs = `
		SELECT x.hash FROM xet_xorbs x
		WHERE x.state <> 'deleting' AND x.touched_at < ?
			AND NOT EXISTS (SELECT 1 FROM xet_holdings h WHERE h.xorb = x.hash)
			AND NOT EXISTS (SELECT 1 FROM xet_file_xorbs p WHERE p.xorb = x.hash)
		ORDER BY x.touched_at LIMIT ?`
	lockTouchedXorb = `SELECT touched_at FROM xet_xorbs WHERE hash = ? FOR UPDATE`
	countXorbUsers  = `
		SELECT (SELECT COUNT(*) FROM xet_holdings WHERE xorb = ?) + (SELECT COUNT(*) FROM xet_file_xorbs WHERE xorb = ?)`
	condemnXetXorb      = `UPDATE xet_xorbs SET state = 'deleting' WHERE hash = ?`
	selectDeletingXorbs = `SELECT hash FROM xet_xorbs WHERE state = 'deleting' ORDER BY hash LIMIT ?`
	forgetXetXorb       = `DELETE FROM xet_xorbs WHERE hash = ? AND state = 'deleting'`

	selectUnchecked = `
		SELECT hash, packed, unpacked, chunks FROM xet_xorbs WHERE state = 'live' AND checked_at < ?
		ORDER BY checked_at LIMIT ?`
	setXetChecked    = `UPDATE xet_xorbs SET checked_at = ?, rotten = ? WHERE hash = ? AND state = 'live'`
	selectXorbsAfter = `
		SELECT hash, packed, unpacked, chunks FROM xet_xorbs WHERE state = 'live' AND hash > ? ORDER BY hash LIMIT ?`
)

// DropXetLinks takes away up to limit registrations that no commit took up and that were last made before the given time.
// It returns how many.
func (db *DB) DropXetLinks(ctx context.Context, before time.Time, limit int) (n int, err error) {
	type link struct {
		repo   hub.ID
		hash   hub.XetHash
		digest hub.Digest
		size   int64
	}
	err = db.mutate(ctx, "dropping registrations", func(tx *Tx) error {
		n = 0
		links, err := collect(ctx, tx.queries, func(s scanner) (l link, err error) {
			return l, s.Scan(&l.repo, asHash{&l.hash}, &l.digest, &l.size)
		}, selectStaleLinks, before, limit)
		if err != nil {
			return err
		}
		for _, l := range links {
			gone, err := tx.exec(ctx, deleteStaleLink, l.repo, l.hash[:], l.digest, before)
			if err != nil {
				return err
			}
			left, err := tx.linksTo(ctx, l.repo, l.digest)
			if err != nil {
				return err
			}
			if gone == 1 && (left == 0 || l.digest == "") {
				if _, err := tx.exec(ctx, growLFS, -l.size, l.repo); err != nil {
					return err
				}
			}
			n += int(gone)
		}
		return nil
	})
	return n, err
}

// DropXetFiles takes away up to limit files that no repository has. Their xorbs count as seen now, as clients may remember
// them for as long as the grace of DropXetHoldings. It returns how many.
func (db *DB) DropXetFiles(ctx context.Context, limit int) (n int, err error) {
	err = db.mutate(ctx, "dropping files", func(tx *Tx) error {
		n = 0
		ids, err := collect(ctx, tx.queries, scanOne[hub.ID], selectLooseFiles, limit)
		if err != nil {
			return err
		}
		for _, id := range ids {
			domain, ok, err := first(collect(ctx, tx.queries, scanOne[hub.ID], lockXetFileByID, id))
			if err != nil {
				return err
			}
			var links int64
			if err := tx.one(ctx, countLinksTo, []any{id}, &links); err != nil {
				return err
			}
			if !ok || links > 0 {
				continue
			}
			if _, err := tx.exec(ctx, touchPartsOf, tx.at, domain, id); err != nil {
				return err
			}
			for _, text := range []string{deletePartsOf, deleteXetFile} {
				if _, err := tx.exec(ctx, text, id); err != nil {
					return err
				}
			}
			n++
		}
		return nil
	})
	return n, err
}

// DropXetHoldings takes from domains up to limit xorbs that no file of theirs needs and that were last seen before the given
// time: first the index entries that name them, then the holding. The epoch of each domain concerned is raised, so that
// clients forget what they remember of it. It returns how many.
func (db *DB) DropXetHoldings(ctx context.Context, before time.Time, limit int) (n int, err error) {
	type holding struct {
		domain hub.ID
		xorb   hub.XetHash
		seen   int64
	}
	err = db.mutate(ctx, "dropping xorbs", func(tx *Tx) error {
		n = 0
		found, err := collect(ctx, tx.queries, func(s scanner) (h holding, err error) {
			return h, s.Scan(&h.domain, asHash{&h.xorb}, &h.seen)
		}, selectLooseHoldings, before, limit)
		if err != nil {
			return err
		}
		raised := map[hub.ID]bool{}
		for _, h := range found {
			// Under the row's lock nobody can come to refer to it.
			seen, ok, err := first(collect(ctx, tx.queries, scanOne[int64], lockXetHolding, h.domain, h.xorb[:]))
			if err != nil {
				return err
			}
			var users int64
			if err := tx.one(ctx, countXetUsers, []any{h.xorb[:], h.domain}, &users); err != nil {
				return err
			}
			if !ok || seen != h.seen || users > 0 {
				continue
			}
			if _, err := tx.exec(ctx, deleteXetChunks, h.xorb[:], h.domain); err != nil {
				return err
			}
			if _, err := tx.exec(ctx, deleteXetHolding, h.domain, h.xorb[:]); err != nil {
				return err
			}
			if !raised[h.domain] {
				raised[h.domain] = true
				if _, err := tx.exec(ctx, raiseXetEpoch, h.domain); err != nil {
					return err
				}
			}
			n++
		}
		return nil
	})
	return n, err
}

// CondemnXetXorbs puts up to limit xorbs beyond use that nobody holds and nothing touched since before, and returns up to
// limit of those, of earlier calls included, until ForgetXetXorb. Their bytes can be deleted at once.
func (db *DB) CondemnXetXorbs(ctx context.Context, before time.Time, limit int) (hashes []hub.XetHash, err error) {
	err = db.mutate(ctx, "condemning xorbs", func(tx *Tx) error {
		loose, err := collect(ctx, tx.queries, scanHash, selectLooseXorbs, before, limit)
		if err != nil {
			return err
		}
		for _, h := range loose {
			if err := tx.condemnXorb(ctx, h, before); err != nil {
				return err
			}
		}
		hashes, err = collect(ctx, tx.queries, scanHash, selectDeletingXorbs, limit)
		return err
	})
	return hashes, err
}

// condemnXorb decides about a xorb under its row's lock: whoever is about to hold it waits, or has made himself seen.
func (tx *Tx) condemnXorb(ctx context.Context, h hub.XetHash, before time.Time) error {
	touched, ok, err := first(collect(ctx, tx.queries, scanOne[int64], lockTouchedXorb, h[:]))
	if err != nil || !ok || touched >= micros(before) {
		return err
	}
	var users int64
	if err := tx.one(ctx, countXorbUsers, []any{h[:], h[:]}, &users); err != nil || users > 0 {
		return err
	}
	_, err = tx.exec(ctx, condemnXetXorb, h[:])
	return err
}

// ForgetXetXorb removes the row of a xorb whose bytes are gone. No error for any other.
func (db *DB) ForgetXetXorb(ctx context.Context, hash hub.XetHash) error {
	return db.mutate(ctx, "forgetting a xorb", func(tx *Tx) error {
		_, err := tx.exec(ctx, forgetXetXorb, hash[:])
		return err
	})
}

// UncheckedXorbs returns up to limit xorbs whose bytes were last checked before the given time, oldest first.
func (db *DB) UncheckedXorbs(ctx context.Context, before time.Time, limit int) ([]hub.XetXorb, error) {
	xorbs, err := collect(ctx, db.single, scanXetXorb, selectUnchecked, before, limit)
	return xorbs, db.fail(err, "listing xorbs to check")
}

// XetXorbsAfter returns up to limit xorbs behind the given hash, in the order of their hashes.
func (db *DB) XetXorbsAfter(ctx context.Context, after hub.XetHash, limit int) ([]hub.XetXorb, error) {
	xorbs, err := collect(ctx, db.single, scanXetXorb, selectXorbsAfter, after[:], limit)
	return xorbs, db.fail(err, "listing xorbs")
}

// SetXetChecked notes that the bytes of a xorb were checked just now. A rotten one is stored anew when somebody uploads it:
// the epochs of those that hold it are raised, so that clients do not take it for stored.
func (db *DB) SetXetChecked(ctx context.Context, hash hub.XetHash, rotten bool) error {
	return db.mutate(ctx, "noting a check", func(tx *Tx) error {
		_, was, err := tx.lockXetXorb(ctx, hash)
		if hub.Is(err, hub.Unavailable) {
			return nil // it is being removed
		}
		if err != nil {
			return err
		}
		if rotten && !was {
			if _, err := tx.exec(ctx, raiseEpochsOf, hash[:]); err != nil {
				return err
			}
		}
		_, err = tx.exec(ctx, setXetChecked, tx.at, rotten, hash[:])
		return err
	})
}

// RaiseXetEpochs raises the epochs of all domains beyond any that they can have had before: what clients remember may not be
// so any more.
func (db *DB) RaiseXetEpochs(ctx context.Context) error {
	return db.mutate(ctx, "raising epochs", func(tx *Tx) error {
		_, err := tx.exec(ctx, raiseAllEpochs, tx.at)
		return err
	})
}
