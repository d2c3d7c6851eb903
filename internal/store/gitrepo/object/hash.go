package object

import (
	"errors"
	"hash"
	"strconv"
	"sync"

	"github.com/pjbgf/sha1cd"

	"github.com/ambit-hub/ambit/internal/hub"
)

// ErrCollision says that bytes were crafted so that their SHA-1 equals that of other bytes.
var ErrCollision = errors.New("object: the bytes are part of a SHA-1 collision attack")

// Hasher computes an object's id while its bytes pass. It notices the known collision attacks, so it may be
// used on what strangers send. Not for concurrent use.
type Hasher struct {
	sum hash.Hash
}

var hashers = sync.Pool{New: func() any { return &Hasher{sum: sha1cd.New()} }}

// NewHasher starts the hash of an object of the given kind and size in bytes; end it with Sum.
func NewHasher(kind Kind, size int64) *Hasher {
	h := hashers.Get().(*Hasher)
	h.sum.Reset()
	var b [32]byte
	head := append(b[:0], kind.String()...)
	head = append(head, ' ')
	head = strconv.AppendInt(head, size, 10)
	h.sum.Write(append(head, 0))
	return h
}

// Write adds bytes; it never fails.
func (h *Hasher) Write(p []byte) (int, error) { return h.sum.Write(p) }

// Sum returns the id and ends the use of the hasher. The error is ErrCollision or nil.
func (h *Hasher) Sum() (hub.OID, error) {
	var oid hub.OID
	collision := false
	if cd, ok := h.sum.(sha1cd.CollisionResistantHash); ok {
		_, collision = cd.CollisionResistantSum(oid[:0])
	} else {
		h.sum.Sum(oid[:0])
	}
	hashers.Put(h)
	if collision {
		return hub.ZeroOID, ErrCollision
	}
	return oid, nil
}

// Hash returns the id of an object. The error is ErrCollision or nil.
func Hash(kind Kind, data []byte) (hub.OID, error) {
	h := NewHasher(kind, int64(len(data)))
	h.Write(data)
	return h.Sum()
}
