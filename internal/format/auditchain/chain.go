// Package auditchain is the arithmetic of the tamper-evident audit log: the canonical bytes of an event, the chain of
// hashes over all events, the Merkle tree over the same bytes, and the signed checkpoints that state its root.
//
// The chain tells which row was changed; the tree's root, signed and kept outside of the database, tells that somebody who
// can write the database recomputed the chain. The tree is that of RFC 6962, and checkpoints are signed notes, so other
// programs can check them.
package auditchain

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Hash is a SHA-256 digest.
type Hash = [sha256.Size]byte

// The beginnings of what is hashed for the chain, so that no such hash is also one of another purpose: before a record,
// and before the leaf of one.
const (
	chainDomain     = "ambit audit chain 1\n"
	chainLeafDomain = "ambit audit chain 2\n"
)

// Record appends the canonical bytes of an event to b: a version, the number, the time in microseconds, and every text
// with its length before it. Version 1 has the address itself; the others, for rows with a salt, have what Conceal makes
// of it, so that the record can be shown to somebody who may not know the address. Two different events never have the
// same bytes.
func Record(b []byte, r hub.AuditRow) []byte { return recordOf(b, &r) }

func recordOf(b []byte, r *hub.AuditRow) []byte {
	switch versionOf(r) {
	case plainVersion:
		return appendRecord(b, plainVersion, r.Seq, &r.Event, r.IP)
	case hexVersion:
		hidden := Conceal(r.IPSalt, r.IP)
		return appendRecord(b, hexVersion, r.Seq, &r.Event, hex.EncodeToString(hidden[:]))
	}
	hidden := Conceal(r.IPSalt, r.IP)
	return appendRecord(b, leafVersion, r.Seq, &r.Event, string(hidden[:]))
}

// The versions of records. Two was made before three, which costs half as many blocks of SHA-256: it has the 32 bytes of
// the concealed address instead of 64 digits, and the chain goes over its leaf instead of over all of it once more.
const (
	plainVersion = 1
	hexVersion   = 2
	leafVersion  = 3
)

func versionOf(r *hub.AuditRow) byte {
	switch len(r.IPSalt) {
	case 0:
		return plainVersion
	case oldSalt:
		return hexVersion
	}
	return leafVersion
}

// oldSalt is the length of the salts of records of version 2. NewSalt makes no such.
const oldSalt = 26

// NewSalt returns what an address is hashed with: 128 random bits, short enough for Conceal to hash one block.
func NewSalt() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

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

// The beginnings of what is hashed for an address; see chainDomain.
const (
	concealDomain    = "ambit audit address 1\n"
	concealNewDomain = "ambit ip 2\n"
)

// Conceal returns what stands for an address in a record: a hash that nobody can try addresses on without the salt.
func Conceal(salt, ip string) Hash {
	return sha256.Sum256(appendConcealed(make([]byte, 0, 128), salt, ip))
}

func appendConcealed(b []byte, salt, ip string) []byte {
	domain := concealNewDomain
	if len(salt) == oldSalt {
		domain = concealDomain
	}
	b = append(b, domain...)
	b = binary.AppendUvarint(b, uint64(len(salt)))
	b = append(b, salt...)
	return append(b, ip...)
}

// Next returns the chain's hash after a record whose predecessor has the hash prev; prev is zero for the first.
func Next(prev Hash, record []byte) Hash {
	if chainsLeaf(record) {
		leaf := Leaf(record)
		return nextLeaf(&prev, &leaf)
	}
	h := sha256.New() // stays on the stack
	h.Write([]byte(chainDomain))
	h.Write(prev[:])
	h.Write(record)
	var out Hash
	h.Sum(out[:0])
	return out
}

// chainsLeaf tells whether the chain goes over the leaf of a record.
func chainsLeaf(record []byte) bool { return len(record) > 0 && record[0] == leafVersion }

func nextLeaf(prev, leaf *Hash) Hash {
	var b [len(chainLeafDomain) + 2*sha256.Size]byte
	copy(b[:], chainLeafDomain)
	copy(b[len(chainLeafDomain):], prev[:])
	copy(b[len(chainLeafDomain)+sha256.Size:], leaf[:])
	return sha256.Sum256(b[:])
}
