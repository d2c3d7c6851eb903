package auditchain

import (
	"crypto/sha256"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Hasher makes the hashes of many records one after the other in one piece of memory: the record is written once, behind
// room for what stands before it in the chain and in the tree. The zero Hasher is ready. Not safe for concurrent use.
type Hasher struct {
	buf  []byte
	leaf Hash // of the record
}

const hasherRoom = len(chainDomain) + sha256.Size // before the record

// Record writes the canonical bytes of an event and returns them; they are good until the next call.
func (h *Hasher) Record(r *hub.AuditRow) []byte {
	if h.buf == nil {
		h.buf = make([]byte, hasherRoom, 1024)
	}
	h.buf = recordOf(h.buf[:hasherRoom], r)
	h.buf[hasherRoom-1] = 0 // what stands before a leaf
	h.leaf = sha256.Sum256(h.buf[hasherRoom-1:])
	return h.buf[hasherRoom:]
}

// Next is Next of the last record.
func (h *Hasher) Next(prev *Hash) Hash {
	if chainsLeaf(h.buf[hasherRoom:]) {
		return nextLeaf(prev, &h.leaf)
	}
	copy(h.buf, chainDomain)
	copy(h.buf[len(chainDomain):], prev[:])
	return sha256.Sum256(h.buf)
}

// Leaf is Leaf of the last record.
func (h *Hasher) Leaf() Hash { return h.leaf }
