package pack

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Source is where a stored pack's bytes lie. Its methods may be used concurrently, but not during or after Close.
type Source interface {
	io.ReaderAt
	// Size returns the length in bytes.
	Size() int64
	// Bytes returns n bytes from off; the caller must not change them nor use them after Close.
	Bytes(off, n int64) ([]byte, error)
	// Reader returns a reader of the n bytes from off.
	Reader(off, n int64) ByteReader
	Close() error
}

// ByteReader is what inflating reads from without buffering again.
type ByteReader interface {
	io.Reader
	io.ByteReader
}

// memory is a Source in memory or in mapped pages of a file.
type memory struct {
	data   []byte
	mapped bool
}

// Memory returns a source of bytes, which it keeps.
func Memory(data []byte) Source { return &memory{data: data} }

// Map returns a source that maps the first size bytes of f, so that only what is read takes memory, which the
// system may take back. It closes owner, the holder of f, in any case: mapped pages need no descriptor, of which
// a hub with many repositories would run out.
func Map(f *os.File, size int64, owner io.Closer) (Source, error) {
	data, err := mapFile(f, size)
	if cerr := owner.Close(); cerr != nil && err == nil {
		err = errors.Join(cerr, unix.Munmap(data))
	}
	if err != nil {
		return nil, err
	}
	return &memory{data: data, mapped: true}, nil
}

func mapFile(f *os.File, size int64) ([]byte, error) {
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// Reading mapped pages behind the end of a file would end the process.
	if fi.Size() < size || size <= 0 || size != int64(int(size)) {
		return nil, ErrCorrupt
	}
	return unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
}

func (m *memory) Size() int64 { return int64(len(m.data)) }

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > int64(len(m.data)) {
		return 0, ErrCorrupt
	}
	n := copy(p, m.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (m *memory) Bytes(off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || off > int64(len(m.data))-n {
		return nil, ErrCorrupt
	}
	return m.data[off : off+n : off+n], nil
}

func (m *memory) Reader(off, n int64) ByteReader {
	b, err := m.Bytes(off, n)
	if err != nil {
		return bytes.NewReader(nil)
	}
	return bytes.NewReader(b)
}

func (m *memory) Close() error {
	var err error
	if m.mapped {
		err = unix.Munmap(m.data)
	}
	m.data, m.mapped = nil, false
	return err
}

// remote is a Source that reads ranges.
type remote struct {
	io.ReaderAt
	size   int64
	closer io.Closer
}

// Ranges returns a source that reads size bytes of r by ranges; it closes closer.
func Ranges(r io.ReaderAt, size int64, closer io.Closer) Source {
	return &remote{ReaderAt: r, size: size, closer: closer}
}

func (s *remote) Size() int64 { return s.size }

func (s *remote) Bytes(off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || off > s.size-n {
		return nil, ErrCorrupt
	}
	b := make([]byte, n)
	if got, err := s.ReadAt(b, off); got < len(b) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return b, nil
}

func (s *remote) Reader(off, n int64) ByteReader {
	// Most objects fit in one range of this size.
	return bufio.NewReaderSize(io.NewSectionReader(s.ReaderAt, off, n), 16<<10)
}

func (s *remote) Close() error { return s.closer.Close() }
