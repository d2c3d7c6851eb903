package meta

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	selectXetHolding = `
		SELECT x.hash, x.packed, x.unpacked, x.chunks
		FROM xet_holdings h JOIN xet_xorbs x ON x.hash = h.xorb WHERE h.domain_id = ? AND h.xorb = ? AND x.rotten = 0`
	selectXetXorb = `SELECT hash, packed, unpacked, chunks FROM xet_xorbs WHERE hash = ? AND state = 'live'`
	insertXetXorb = `
		INSERT INTO xet_xorbs (hash, state, packed, unpacked, chunks, touched_at, checked_at, rotten)
		VALUES (?, 'arriving', 0, 0, 0, ?, 0, 0) ON CONFLICT (hash) DO NOTHING`
	lockXetXorb   = `SELECT state, rotten FROM xet_xorbs WHERE hash = ? FOR UPDATE`
	touchXetXorb  = `UPDATE xet_xorbs SET touched_at = ? WHERE hash = ?`
	reviveXetXorb = `
		UPDATE xet_xorbs SET state = 'live', packed = ?, unpacked = ?, chunks = ?, touched_at = ?, checked_at = ?, rotten = 0
		WHERE hash = ?`
	upsertXetHolding = `
		INSERT INTO xet_holdings (domain_id, xorb, seen_at) VALUES (?, ?, ?)
		ON CONFLICT (domain_id, xorb) DO UPDATE SET seen_at = excluded.seen_at`
	touchXetHolding = `UPDATE xet_holdings SET seen_at = ? WHERE domain_id = ? AND xorb = ?`
	freshenHolding  = `UPDATE xet_holdings SET seen_at = ? WHERE domain_id = ? AND xorb = ? AND seen_at < ?`
	selectXetChunk  = `
		SELECT c.xorb FROM xet_chunks c
			JOIN xet_holdings h ON h.domain_id = c.domain_id AND h.xorb = c.xorb
			JOIN xet_xorbs x ON x.hash = c.xorb
		WHERE c.domain_id = ? AND c.chunk = ? AND x.state = 'live' AND x.rotten = 0 ORDER BY h.seen_at DESC, c.xorb LIMIT 16`
	selectXetEpoch = `SELECT CAST(COALESCE(SUM(epoch), 0) AS BIGINT) FROM xet_domains WHERE domain_id = ? OR domain_id = ''`
)

// asHash reads a column of 32 bytes.
type asHash struct{ h *hub.XetHash }

// Scan implements sql.Scanner.
func (a asHash) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(a.h) {
		return fmt.Errorf("a hash is %T of the wrong length in the database", v)
	}
	copy(a.h[:], b)
	return nil
}

func scanHash(s scanner) (h hub.XetHash, err error) { return h, s.Scan(asHash{&h}) }

func scanXetXorb(s scanner) (x hub.XetXorb, err error) {
	return x, s.Scan(asHash{&x.Hash}, &x.Packed, &x.Unpacked, &x.Chunks)
}

// first returns the first row, if there is one.
func first[T any](rows []T, err error) (row T, ok bool, _ error) {
	if err != nil || len(rows) == 0 {
		return row, false, err
	}
	return rows[0], true, nil
}

// XetXorbOf finds a xorb that the domain holds and that is not known to be rotten. NotFound, whether it is stored for others
// or not at all.
func (db *DB) XetXorbOf(ctx context.Context, domain hub.ID, hash hub.XetHash) (hub.XetXorb, error) {
	x, ok, err := first(collect(ctx, db.single, scanXetXorb, selectXetHolding, domain, hash[:]))
	if err == nil && !ok {
		err = hub.Errorf(hub.NotFound, "There is no such xorb.")
	}
	return x, db.fail(err, "finding a xorb")
}

// XetXorb finds a stored xorb, whoever holds it: for reading files that are known to consist of it. NotFound.
func (db *DB) XetXorb(ctx context.Context, hash hub.XetHash) (hub.XetXorb, error) {
	x, ok, err := first(collect(ctx, db.single, scanXetXorb, selectXetXorb, hash[:]))
	if err == nil && !ok {
		err = hub.Errorf(hub.NotFound, "There is no such xorb.")
	}
	return x, db.fail(err, "finding a xorb")
}

// BeginXetXorb writes down that the bytes of a xorb are about to arrive: until the grace of CondemnXetXorbs is over they are
// not swept. held: the domain has it, sound, and nothing needs to be stored. stored: sound bytes are there already, perhaps
// of another domain, which the caller must not be told. Unavailable while it is being removed.
func (db *DB) BeginXetXorb(ctx context.Context, domain hub.ID, hash hub.XetHash) (held, stored bool, err error) {
	err = db.mutate(ctx, "announcing a xorb", func(tx *Tx) error {
		held, stored = false, false
		if _, err := tx.exec(ctx, insertXetXorb, hash[:], tx.at); err != nil {
			return err
		}
		state, rotten, err := tx.lockXetXorb(ctx, hash)
		if err != nil {
			return err
		}
		if _, err := tx.exec(ctx, touchXetXorb, tx.at, hash[:]); err != nil {
			return err
		}
		if stored = state == "live" && !rotten; !stored {
			return nil
		}
		n, err := tx.exec(ctx, touchXetHolding, tx.at, domain, hash[:])
		held = n > 0
		return err
	})
	return held, stored, err
}

// lockXetXorb is Unavailable for a xorb that is being removed.
func (tx *Tx) lockXetXorb(ctx context.Context, hash hub.XetHash) (state string, rotten bool, err error) {
	var n int64
	err = tx.one(ctx, lockXetXorb, []any{hash[:]}, &state, &n)
	if errors.Is(err, sql.ErrNoRows) || err == nil && state == "deleting" {
		err = beingRemoved()
	}
	return state, n != 0, err
}

// CompleteXetXorb makes a xorb, whose bytes are durable, a holding of the domain, and puts those of its chunks that clients
// ask for into the domain's index. BeginXetXorb must have come before the bytes were stored or found. Unavailable when it
// is being removed all the same.
func (db *DB) CompleteXetXorb(ctx context.Context, domain hub.ID, x hub.XetXorb, eligible []hub.XetHash) error {
	return db.mutate(ctx, "storing a xorb", func(tx *Tx) error {
		state, rotten, err := tx.lockXetXorb(ctx, x.Hash)
		if err != nil {
			return err
		}
		if state == "arriving" || rotten {
			_, err = tx.exec(ctx, reviveXetXorb, x.Packed, x.Unpacked, x.Chunks, tx.at, tx.at, x.Hash[:])
		} else {
			_, err = tx.exec(ctx, touchXetXorb, tx.at, x.Hash[:])
		}
		if err != nil {
			return err
		}
		if _, err = tx.exec(ctx, upsertXetHolding, domain, x.Hash[:], tx.at); err != nil {
			return err
		}
		for _, c := range eligible {
			if _, err := tx.exec(ctx, upsertXetChunk, domain, c[:], x.Hash[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// XetChunk finds the xorbs of the domain that hold a chunk of its deduplication index and are not known to be rotten: a
// few, those that were in use last before the others.
func (db *DB) XetChunk(ctx context.Context, domain hub.ID, chunk hub.XetHash) ([]hub.XetHash, error) {
	xorbs, err := collect(ctx, db.single, scanHash, selectXetChunk, domain, chunk[:])
	return xorbs, db.fail(err, "looking a chunk up")
}

// FreshenXetHoldings notes that clients were told of xorbs, of each unless that was noted after stale. Those that the domain
// does not hold are passed over.
func (db *DB) FreshenXetHoldings(ctx context.Context, domain hub.ID, xorbs []hub.XetHash, stale time.Time) error {
	return db.mutate(ctx, "noting the use of xorbs", func(tx *Tx) error {
		for _, h := range inOrder(xorbs) {
			if _, err := tx.exec(ctx, freshenHolding, tx.at, domain, h[:], stale); err != nil {
				return err
			}
		}
		return nil
	})
}

// inOrder returns the hashes in the order in which rows are locked, each once.
func inOrder(hashes []hub.XetHash) []hub.XetHash {
	hashes = slices.Clone(hashes)
	slices.SortFunc(hashes, func(a, b hub.XetHash) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(hashes)
}

// XetEpoch returns a number that grows whenever clients had better forget what they remember of the domain's xorbs.
func (db *DB) XetEpoch(ctx context.Context, domain hub.ID) (epoch int64, err error) {
	err = db.single.one(ctx, selectXetEpoch, []any{domain}, &epoch)
	return epoch, db.fail(err, "reading an epoch")
}
