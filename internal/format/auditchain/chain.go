// Package auditchain is the arithmetic of the tamper-evident audit log: the canonical bytes of an event, the chain of
// hashes over all events, the Merkle tree over the same bytes, and the signed checkpoints that state its root.
//
// The chain tells which row was changed; the tree's root, signed and kept outside of the database, tells that somebody who
// can write the database recomputed the chain. The tree is that of RFC 6962, and checkpoints are signed notes, so other
// programs can check them.
package auditchain

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Hash is a SHA-256 digest.
type Hash = [sha256.Size]byte

// chainDomain begins what is hashed for the chain, so that no such hash is also one of another purpose.
const chainDomain = "ambit audit chain 1\n"

// Record appends the canonical bytes of the event with number seq to b: a version, the number, the time in microseconds,
// and every text with its length before it. Two different events never have the same bytes.
func Record(b []byte, seq int64, e hub.Event) []byte {
	b = append(b, 1)
	b = binary.BigEndian.AppendUint64(b, uint64(seq))
	at := int64(0)
	if !e.At.IsZero() {
		at = e.At.UnixMicro()
	}
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	for _, s := range [...]string{string(e.ID), e.Type, string(e.ActorID), e.ActorName, string(e.TokenID), string(e.NamespaceID),
		string(e.RepoID), string(e.TargetID), e.Message, e.IP, e.UserAgent} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

// Next returns the chain's hash after a record whose predecessor has the hash prev; prev is zero for the first.
func Next(prev Hash, record []byte) Hash {
	h := sha256.New()
	h.Write([]byte(chainDomain))
	h.Write(prev[:])
	h.Write(record)
	var out Hash
	h.Sum(out[:0])
	return out
}
