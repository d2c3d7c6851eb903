package pack

import (
	"bytes"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"

	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// Level 1 of this encoder is twice as fast as the standard library's and about as small; a higher level would cost
// more than all the rest of a commit. Bytes that do not shrink are stored, which costs next to nothing.
const (
	fast  = 1
	plain = 0
)

// sample is how many bytes decide whether a stream is compressed.
const sample = 64 << 10

var deflaters = map[int]*sync.Pool{
	fast:  {New: func() any { return newDeflater(fast) }},
	plain: {New: func() any { return newDeflater(plain) }},
}

func newDeflater(level int) *zlib.Writer {
	z, err := zlib.NewWriterLevel(io.Discard, level)
	if err != nil {
		panic(err) // the level is a constant
	}
	return z
}

// deflateTo writes data as one zlib stream of the given level.
func deflateTo(w io.Writer, level int, data []byte) error {
	z := deflaters[level].Get().(*zlib.Writer)
	defer deflaters[level].Put(z)
	z.Reset(w)
	if _, err := z.Write(data); err != nil {
		return err
	}
	return z.Close()
}

// deflateStream writes size bytes of r as one zlib stream. io.ErrUnexpectedEOF when r has fewer.
func deflateStream(w io.Writer, r io.Reader, size int64) error {
	head := make([]byte, min(size, sample))
	if _, err := io.ReadFull(r, head); err != nil {
		return err
	}
	var trial bytes.Buffer
	if err := deflateTo(&trial, fast, head); err != nil {
		return err
	}
	level := fast
	if trial.Len() > len(head)*31/32 {
		level = plain
	}
	z := deflaters[level].Get().(*zlib.Writer)
	defer deflaters[level].Put(z)
	z.Reset(w)
	if _, err := z.Write(head); err != nil {
		return err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{z}, r, make([]byte, 64<<10))
	if err != nil {
		return err
	}
	if int64(len(head))+n != size {
		return io.ErrUnexpectedEOF
	}
	return z.Close()
}

// packed encodes entries into a buffer that it reuses.
type packed struct {
	buf bytes.Buffer
	z   *zlib.Writer
}

// encode returns an entry with header; the bytes are valid until the next call.
func (p *packed) encode(kind object.Kind, data []byte) ([]byte, error) {
	if p.z == nil {
		p.z = deflaters[fast].Get().(*zlib.Writer)
	}
	p.buf.Reset()
	var head [maxEntryHeader]byte
	n, _ := p.buf.Write(appendEntryHeader(head[:0], kind, int64(len(data))))
	p.z.Reset(&p.buf)
	if _, err := p.z.Write(data); err != nil {
		return nil, err
	}
	if err := p.z.Close(); err != nil {
		return nil, err
	}
	if p.buf.Len()-n > len(data) {
		p.buf.Truncate(n)
		if err := deflateTo(&p.buf, plain, data); err != nil {
			return nil, err
		}
	}
	return p.buf.Bytes(), nil
}

func (p *packed) free() {
	if p.z != nil {
		p.z.Reset(io.Discard)
		deflaters[fast].Put(p.z)
		p.z = nil
	}
	p.buf = bytes.Buffer{}
}
