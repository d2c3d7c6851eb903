package pack

import (
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
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

// inflate returns the size bytes that the zlib stream at the start of r holds, its checksum verified; there may be
// at most available compressed bytes.
func inflate(r ByteReader, size, available int64) ([]byte, error) {
	if size/maxRatio > available {
		return nil, ErrCorrupt
	}
	z, err := inflater(r)
	if err != nil {
		return nil, err
	}
	defer release(z)
	b := make([]byte, size)
	if _, err := io.ReadFull(z, b); err != nil {
		return nil, err
	}
	return b, atEnd(z)
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
