package pack

import (
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/zlib"

	"github.com/ambit-hub/ambit/internal/format/inflate"
)

// maxRatio is more than deflate can shrink anything: one bit of input makes at most 258 bytes of which two bits
// are needed. It unmasks headers that announce sizes their bytes cannot have.
const maxRatio = 1032

var inflaters sync.Pool // of io.ReadCloser that are zlib.Resetter

// inflater returns a zlib reader over r, to be given back with release.
func inflater(r ByteReader) (io.ReadCloser, error) {
	if z, ok := inflaters.Get().(io.ReadCloser); ok {
		if err := z.(zlib.Resetter).Reset(r, nil); err != nil {
			inflaters.Put(z)
			return nil, err
		}
		return z, nil
	}
	return zlib.NewReader(r)
}

func release(z io.ReadCloser) { inflaters.Put(z) }

var decoders = sync.Pool{New: func() any { return new(inflate.Decoder) }}

// inflateEntry appends to buf the size bytes that the zlib stream holds that begins at off in src, its checksum verified; there may be at
// most available compressed bytes. buf grows by no more than those can make.
func inflateEntry(src Source, off, available, size int64, buf []byte) ([]byte, error) {
	if available < 0 || size/maxRatio > available {
		return nil, ErrCorrupt
	}
	if buf == nil {
		buf = make([]byte, 0, size)
	}
	from := len(buf)
	buf = slices.Grow(buf, int(size))[:from+int(size)]
	if m, ok := src.(*memory); ok {
		raw, err := m.Bytes(off, available)
		if err != nil {
			return nil, err
		}
		d := decoders.Get().(*inflate.Decoder)
		_, err = d.Zlib(buf[from:], raw)
		decoders.Put(d)
		if err == nil {
			return buf, nil
		}
		// The reader says what is wrong.
	}
	z, err := inflater(src.Reader(off, available))
	if err != nil {
		return nil, err
	}
	defer release(z)
	if _, err := io.ReadFull(z, buf[from:]); err != nil {
		return nil, err
	}
	return buf, atEnd(z)
}

// atEnd reads the end of a zlib stream, which verifies its checksum. ErrCorrupt if there is more.
func atEnd(z io.Reader) error {
	var one [1]byte
	switch n, err := z.Read(one[:]); {
	case n != 0 || err == nil:
		return ErrCorrupt
	case err != io.EOF:
		return err
	}
	return nil
}
