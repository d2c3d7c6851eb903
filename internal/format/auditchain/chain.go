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
	"encoding/hex"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Hash is a SHA-256 digest.
type Hash = [sha256.Size]byte

// chainDomain begins what is hashed for the chain, so that no such hash is also one of another purpose.
const chainDomain = "ambit audit chain 1\n"

// Record appends the canonical bytes of an event to b: a version, the number, the time in microseconds, and every text
// with its length before it. Version 1 has the address itself, version 2, for rows with a salt, what Conceal makes of
// it, so that the record can be shown to somebody who may not know the address. Two different events never have the
// same bytes.
func Record(b []byte, r hub.AuditRow) []byte {
	address, version := r.IP, byte(plainVersion)
	var concealed [2 * sha256.Size]byte
	if r.IPSalt != "" {
		hidden := Conceal(r.IPSalt, r.IP)
		hex.Encode(concealed[:], hidden[:])
		address, version = string(concealed[:]), concealedVersion
	}
	return appendRecord(b, version, r.Seq, &r.Event, address)
}

// The versions of records.
const (
	plainVersion     = 1
	concealedVersion = 2
)

func appendRecord(b []byte, version byte, seq int64, e *hub.Event, address string) []byte {
	b = append(b, version)
	b = binary.BigEndian.AppendUint64(b, uint64(seq))
	at := int64(0)
	if !e.At.IsZero() {
		at = e.At.UnixMicro()
	}
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	for _, s := range [...]string{string(e.ID), e.Type, string(e.ActorID), e.ActorName, string(e.TokenID), string(e.NamespaceID),
		string(e.RepoID), string(e.TargetID), e.Message, address, e.UserAgent} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

// concealDomain begins what is hashed for an address; see chainDomain.
const concealDomain = "ambit audit address 1\n"

// Conceal returns what stands for an address in a record: a hash that nobody can try addresses on without the salt.
func Conceal(salt, ip string) Hash {
	b := make([]byte, 0, 128)
	b = append(b, concealDomain...)
	b = binary.AppendUvarint(b, uint64(len(salt)))
	b = append(b, salt...)
	return sha256.Sum256(append(b, ip...))
}

// Next returns the chain's hash after a record whose predecessor has the hash prev; prev is zero for the first.
func Next(prev Hash, record []byte) Hash {
	h := sha256.New() // stays on the stack
	h.Write([]byte(chainDomain))
	h.Write(prev[:])
	h.Write(record)
	var out Hash
	h.Sum(out[:0])
	return out
}
