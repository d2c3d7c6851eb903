package pack

import (
	"encoding/binary"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

const (
	headerSize = 12 // "PACK", version, number of objects
	sumSize    = 20 // SHA-1 behind the last entry

	// maxEntryHeader is the most that stands before an entry's compressed bytes: size and base.
	maxEntryHeader = 10 + 20
)

// appendHeader appends the header of a pack of n objects.
func appendHeader(b []byte, n int) []byte {
	b = append(b, "PACK\x00\x00\x00\x02"...)
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

// appendEntryHeader appends the type and size that begin an entry.
func appendEntryHeader(b []byte, kind object.Kind, size int64) []byte {
	c := byte(kind)<<4 | byte(size&15)
	for size >>= 4; size != 0; size >>= 7 {
		b = append(b, c|0x80)
		c = byte(size & 0x7f)
	}
	return append(b, c)
}

// entryHeader is what stands before an entry's compressed bytes.
type entryHeader struct {
	kind   object.Kind // also OfsDelta, RefDelta
	size   int64       // of the inflated bytes: for a delta that of the delta
	length int         // of this header
	back   int64       // OfsDelta: how far before this entry its base begins
	base   hub.OID     // RefDelta
}

func (h entryHeader) isDelta() bool { return !h.kind.IsObject() }

// parseEntryHeader parses the header at the start of b. The error is ErrCorrupt.
func parseEntryHeader(b []byte) (entryHeader, error) {
	var h entryHeader
	if len(b) == 0 {
		return h, ErrCorrupt
	}
	c := b[0]
	h.kind, h.size, h.length = object.Kind(c>>4&7), int64(c&15), 1
	for shift := 4; c&0x80 != 0; shift += 7 {
		if h.length >= len(b) || shift > 53 {
			return h, ErrCorrupt
		}
		c = b[h.length]
		h.length++
		h.size |= int64(c&0x7f) << shift
	}
	switch {
	case h.kind == object.OfsDelta:
		return h, h.parseBack(b[h.length:])
	case h.kind == object.RefDelta:
		if copy(h.base[:], b[h.length:]) != len(h.base) {
			return h, ErrCorrupt
		}
		h.length += len(h.base)
	case !h.kind.IsObject():
		return h, ErrCorrupt
	}
	return h, nil
}

// parseBack reads an OfsDelta's distance: big-endian groups of 7 bits, each but the last counting one more.
func (h *entryHeader) parseBack(b []byte) error {
	for i := 0; i < len(b) && i < 8; i++ {
		h.back = h.back<<7 | int64(b[i]&0x7f)
		h.length++
		if b[i]&0x80 == 0 {
			if h.back == 0 {
				return ErrCorrupt
			}
			return nil
		}
		h.back++
	}
	return ErrCorrupt
}

// appendBack appends the distance of an OfsDelta.
func appendBack(b []byte, back int64) []byte {
	var buf [10]byte
	i := len(buf) - 1
	buf[i] = byte(back & 0x7f)
	for back >>= 7; back != 0; back >>= 7 {
		back--
		i--
		buf[i] = 0x80 | byte(back&0x7f)
	}
	return append(b, buf[i:]...)
}
