package pack

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// heldDeltas is how many bytes of inflated deltas all packs that are being received keep in memory together. Inflating is
// most of the work of receiving a pack, and a delta is needed twice: when it arrives, to find its end, and when its base
// is known. What finds no room is inflated a second time.
const heldDeltas = 64 << 20

var heldNow atomic.Int64

// holder keeps the deltas of one pack. Not for concurrent use.
type holder struct {
	chunk  []byte   // the last one
	mapped [][]byte // all but the first
	taken  int64    // of heldDeltas
}

// Sizes of the first chunk, which is enough for most pushes, and of those after it, in bytes. The latter are asked of the
// system: the collector of garbage would keep as much again free beside them, and long after the push.
const (
	firstChunk = 32 << 10
	nextChunk  = 1 << 20
)

// keep returns a copy of a delta, nil when there is no room for it.
func (h *holder) keep(data []byte) []byte {
	b := h.reserve(len(data))
	copy(b, data)
	return b
}

// reserve returns n bytes for a delta, nil when there is no room for it.
func (h *holder) reserve(n int) []byte {
	// Few deltas are large, and chunks would not be filled.
	if n > nextChunk/4 || len(h.chunk)+n > cap(h.chunk) && !h.grow(n) {
		return nil
	}
	from := len(h.chunk)
	h.chunk = h.chunk[:from+n]
	return h.chunk[from : from+n : from+n]
}

// giveBack makes room again where b was, the last that was reserved.
func (h *holder) giveBack(b []byte) { h.chunk = h.chunk[:len(h.chunk)-len(b)] }

// grow begins a chunk in which at least n bytes have room.
func (h *holder) grow(n int) bool {
	if h.chunk == nil && n <= firstChunk {
		h.chunk = make([]byte, 0, firstChunk)
		return true
	}
	if heldNow.Add(nextChunk) > heldDeltas {
		heldNow.Add(-nextChunk)
		return false
	}
	b, err := unix.Mmap(-1, 0, nextChunk, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		heldNow.Add(-nextChunk)
		return false
	}
	h.taken += nextChunk
	h.mapped, h.chunk = append(h.mapped, b), b[:0]
	return true
}

// release gives the room back; the copies must not be used any more.
func (h *holder) release() {
	for _, b := range h.mapped {
		unix.Munmap(b) // of what was mapped, it cannot fail
	}
	heldNow.Add(-h.taken)
	*h = holder{}
}
