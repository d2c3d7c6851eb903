package pack

import "sync/atomic"

// heldDeltas is how many bytes of inflated deltas all packs that are being received keep in memory together. Inflating is
// most of the work of receiving a pack, and a delta is needed twice: when it arrives, to find its end, and when its base
// is known. What finds no room is inflated a second time.
const heldDeltas = 64 << 20

var heldNow atomic.Int64

// holder keeps the deltas of one pack. Not for concurrent use.
type holder struct {
	chunk []byte // the last one
	size  int    // of that
	taken int64  // of heldDeltas
}

// Sizes of chunks: the first, and the most, in bytes.
const (
	firstChunk = 4 << 10
	mostChunk  = 256 << 10
)

// keep returns a copy of a delta, nil when there is no room for it.
func (h *holder) keep(data []byte) []byte {
	if len(h.chunk)+len(data) > cap(h.chunk) {
		if len(data) > mostChunk {
			return nil
		}
		h.size = min(max(2*h.size, firstChunk), mostChunk)
		n := int64(max(h.size, len(data)))
		if heldNow.Add(n) > heldDeltas {
			heldNow.Add(-n)
			return nil
		}
		h.taken += n
		h.chunk = make([]byte, 0, n)
	}
	from := len(h.chunk)
	h.chunk = append(h.chunk, data...)
	return h.chunk[from:len(h.chunk):len(h.chunk)]
}

// release gives the room back; the copies must not be used any more.
func (h *holder) release() {
	heldNow.Add(-h.taken)
	*h = holder{}
}
