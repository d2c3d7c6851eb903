package auditchain

import (
	"crypto/sha256"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Hasher makes the hashes of many records one after the other in one piece of memory: the record is written once, behind
// room for what stands before it in the chain and in the tree. The zero Hasher is ready. Not safe for concurrent use.
type Hasher struct {
	buf    []byte // room, the record, its padding
	record int    // length of the record
	leaf   Hash   // of the record
	sums   summer

	address, next, node []byte // padded texts that are written again and again
}

const hasherRoom = len(chainDomain) + sha256.Size // before the record

// ready makes what the zero Hasher does not have.
func (h *Hasher) ready() {
	if h.buf != nil {
		return
	}
	h.buf = make([]byte, hasherRoom, 1024)
	h.address = make([]byte, 0, 256)
	h.next = padded(append([]byte(chainLeafDomain), make([]byte, 2*sha256.Size)...), 0)
	h.node = padded(append([]byte{nodePrefix}, make([]byte, 2*sha256.Size)...), 0)
}

// Record writes the canonical bytes of an event and returns them; they are good until the next call.
func (h *Hasher) Record(r *hub.AuditRow) []byte {
	h.ready()
	if b := h.buf[:hasherRoom]; versionOf(r) == leafVersion {
		h.address = appendConcealed(h.address[:0], r.IPSalt, r.IP)
		hidden := h.sums.sum(padded(h.address, 0))
		h.buf = appendRecord(b, leafVersion, r.Seq, &r.Event, string(hidden[:]))
	} else {
		h.buf = recordOf(b, r)
	}
	h.record = len(h.buf) - hasherRoom
	h.buf[hasherRoom-1] = leafPrefix
	h.buf = padded(h.buf, hasherRoom-1)
	h.leaf = h.sums.sum(h.buf[hasherRoom-1:])
	return h.buf[hasherRoom : hasherRoom+h.record : hasherRoom+h.record]
}

// Next is Next of the last record.
func (h *Hasher) Next(prev *Hash) Hash {
	record := h.buf[hasherRoom : hasherRoom+h.record]
	if chainsLeaf(record) {
		copy(h.next[len(chainLeafDomain):], prev[:])
		copy(h.next[len(chainLeafDomain)+sha256.Size:], h.leaf[:])
		return h.sums.sum(h.next)
	}
	copy(h.buf, chainDomain)
	copy(h.buf[len(chainDomain):], prev[:])
	return sha256.Sum256(h.buf[:hasherRoom+h.record])
}

// Leaf is Leaf of the last record.
func (h *Hasher) Leaf() Hash { return h.leaf }

// SubtreeRoot returns the root over SubtreeSize leaves, or any other power of two. It writes over leaves.
func (h *Hasher) SubtreeRoot(leaves []Hash) Hash {
	h.ready()
	for n := len(leaves); n > 1; n /= 2 {
		for i := range n / 2 {
			copy(h.node[1:], leaves[2*i][:])
			copy(h.node[1+sha256.Size:], leaves[2*i+1][:])
			leaves[i] = h.sums.sum(h.node)
		}
	}
	return leaves[0]
}
