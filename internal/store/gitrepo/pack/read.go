package pack

import (
	"fmt"
	"io"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// header reads the header of the entry at an offset.
func (p *Pack) header(off int64) (entryHeader, error) {
	var buf [maxEntryHeader]byte
	n := min(int64(len(buf)), p.t.packLen-sumSize-off)
	if n <= 0 {
		return entryHeader{}, ErrCorrupt
	}
	if _, err := p.src.ReadAt(buf[:n], off); err != nil {
		return entryHeader{}, err
	}
	h, err := parseEntryHeader(buf[:n])
	if err == nil && h.kind == object.OfsDelta && h.back > off-headerSize {
		return h, ErrCorrupt
	}
	return h, err
}

// inflateAt inflates the entry with header h at an offset.
func (p *Pack) inflateAt(off int64, h entryHeader) ([]byte, error) {
	if h.size > MaxWhole {
		return nil, hub.Errorf(hub.TooLarge, "A git object of %d bytes is too large to be read at once.", h.size)
	}
	off += int64(h.length)
	n := p.t.packLen - sumSize - off
	return inflateEntry(p.src, off, n, h.size, nil)
}

// Read returns the whole object at a position; TooLarge over MaxWhole.
func (p *Pack) Read(pos int) ([]byte, error) {
	if p.Size(pos) > MaxWhole {
		return nil, hub.Errorf(hub.TooLarge, "A git object of %d bytes is too large to be read at once.", p.Size(pos))
	}
	data, err := p.read(p.idx.offset(pos))
	if err == nil && int64(len(data)) != p.Size(pos) {
		err = ErrCorrupt
	}
	if err != nil {
		return nil, fmt.Errorf("pack: object %s: %w", p.OID(pos), err)
	}
	return data, nil
}

// read returns the object whose entry is at an offset. A chain of deltas is followed to its base first and applied
// on the way back, so that memory holds one delta, its base and its result.
func (p *Pack) read(off int64) ([]byte, error) {
	type link struct {
		off int64
		h   entryHeader
	}
	var chain []link
	for {
		h, err := p.header(off)
		if err != nil {
			return nil, err
		}
		if !h.isDelta() {
			data, err := p.inflateAt(off, h)
			for i := len(chain) - 1; i >= 0 && err == nil; i-- {
				var delta []byte
				if delta, err = p.inflateAt(chain[i].off, chain[i].h); err == nil {
					data, err = object.ApplyDelta(data, delta, MaxWhole)
				}
			}
			return data, err
		}
		if len(chain) >= MaxDeltaDepth {
			return nil, ErrCorrupt
		}
		chain = append(chain, link{off, h})
		if off, err = p.baseOf(off, h); err != nil {
			return nil, err
		}
	}
}

// baseOf returns the offset of a delta's base, which lies in the same pack.
func (p *Pack) baseOf(off int64, h entryHeader) (int64, error) {
	if h.kind == object.OfsDelta {
		return off - h.back, nil
	}
	base, ok := p.Find(h.base)
	if !ok {
		return 0, ErrCorrupt
	}
	return p.idx.offset(base), nil
}

// Stream returns a reader of the object at a position that inflates as it is read. ok is false when the object
// lies as a delta: then only Read can return it. The reader fails if the bytes are not as long as announced.
func (p *Pack) Stream(pos int) (r io.ReadCloser, ok bool, err error) {
	off := p.idx.offset(pos)
	h, err := p.header(off)
	if err != nil || h.isDelta() {
		return nil, false, err
	}
	if h.size != p.Size(pos) {
		return nil, false, ErrCorrupt
	}
	off += int64(h.length)
	z, err := inflater(p.src.Reader(off, p.t.packLen-sumSize-off))
	if err != nil {
		return nil, false, err
	}
	return &stream{z: z, left: h.size}, true, nil
}

// stream reads exactly left bytes of a zlib stream.
type stream struct {
	z    io.ReadCloser
	left int64
}

func (s *stream) Read(b []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n, err := s.z.Read(b[:min(int64(len(b)), s.left)])
	s.left -= int64(n)
	switch {
	case s.left == 0 && (err == nil || err == io.EOF):
		err = atEnd(s.z)
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (s *stream) Close() error {
	if s.z != nil {
		release(s.z)
		s.z, s.left = nil, 0
	}
	return nil
}
