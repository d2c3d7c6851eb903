package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// blobInMemory is the size in bytes up to which an open blob lies in memory; bigger ones are inflated as read.
const blobInMemory = 1 << 20

// Blob is an open blob. It reads like a file, so that http.ServeContent can send it; seeking back in one that does
// not lie in memory inflates again from the start. Not for concurrent use.
type Blob struct {
	size int64
	pos  int64 // where the next Read begins
	mem  *bytes.Reader

	// Without mem:
	open  func() (io.ReadCloser, error)
	r     io.ReadCloser // nil until the first Read
	at    int64         // how far r has been read
	close func()
}

// Blob opens a blob for reading; EntryNotFound if the repository has none of that id. The caller must Close it.
// Small ones lie in memory; others are inflated while they are read.
func (s *Snapshot) Blob(ctx context.Context, oid hub.OID) (*Blob, error) {
	v, done, err := s.use()
	if err != nil {
		return nil, err
	}
	defer done()
	p, pos, ok := v.find(oid)
	if !ok || p.Kind(pos) != object.KindBlob {
		return nil, noEntry()
	}
	b := &Blob{size: p.Size(pos)}
	key := cacheKey{v.repo, oid}
	if data, ok := s.store.small.get(key); ok { // only now that this snapshot is known to hold the object
		b.mem = bytes.NewReader(data.([]byte))
		return b, nil
	}
	if b.size > blobInMemory {
		r, whole, err := p.Stream(pos)
		if err != nil {
			return nil, err
		}
		if whole {
			s.store.retain(v) // the snapshot may be closed before the blob
			b.r = r
			b.open = func() (io.ReadCloser, error) {
				r, _, err := p.Stream(pos)
				return r, err
			}
			b.close = func() { s.store.release(v) }
			return b, nil
		}
	}
	data, err := p.Read(pos)
	if err != nil {
		return nil, err
	}
	if b.size <= smallBlob {
		s.store.small.put(key, data, b.size)
	}
	b.mem = bytes.NewReader(data)
	return b, nil
}

// Size returns the length in bytes.
func (b *Blob) Size() int64 { return b.size }

// Read reads on.
func (b *Blob) Read(p []byte) (int, error) {
	if b.mem != nil {
		return b.mem.Read(p)
	}
	if b.open == nil {
		return 0, errors.New("gitrepo: the blob is closed")
	}
	if b.pos >= b.size {
		return 0, io.EOF
	}
	if err := b.reposition(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	b.pos += int64(n)
	b.at = b.pos
	return n, err
}

// reposition makes r stand at pos: onwards by inflating what lies between, back by beginning again.
func (b *Blob) reposition() error {
	if b.r != nil && b.at > b.pos {
		b.r.Close()
		b.r = nil
	}
	if b.r == nil {
		r, err := b.open()
		if err != nil {
			return err
		}
		b.r, b.at = r, 0
	}
	n, err := io.CopyN(io.Discard, b.r, b.pos-b.at)
	b.at += n
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// Seek sets where the next Read begins.
func (b *Blob) Seek(offset int64, whence int) (int64, error) {
	if b.mem != nil {
		return b.mem.Seek(offset, whence)
	}
	switch whence {
	case io.SeekCurrent:
		offset += b.pos
	case io.SeekEnd:
		offset += b.size
	}
	if offset < 0 {
		return 0, errors.New("gitrepo: seek before the start of a blob")
	}
	b.pos = offset
	return offset, nil
}

// Close releases the blob. A second call does nothing.
func (b *Blob) Close() error {
	if b.r != nil {
		b.r.Close()
		b.r = nil
	}
	if b.close != nil {
		b.close()
	}
	b.mem, b.open, b.close = nil, nil, nil
	return nil
}
