package xet

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"sort"
	"time"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xetterms"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// readAhead is how much of a xorb is buffered for plain content, in bytes: headers and small chunks. Larger ones pass the
// buffer by.
const readAhead = 16 << 10

// content is a file as plain bytes, put together while it is read: it holds one chunk. Unless trusting, it checks every
// chunk's hash, so that rot ends a download instead of entering it. Not for concurrent use, but for ReadAt.
type content struct {
	ctx    context.Context
	svc    *Service
	file   xetterms.File
	starts []int64 // of each term in the file, and the end
	pos    int64
	trust  bool // the reader checks the whole

	open   blob.Object // xorb of the current term
	name   xethash.Hash
	reader *xorb.Reader
	buf    *bufio.Reader
	table  xorb.Table
	chunk  int    // the next one of the current term
	end    int    // of the current term's chunks
	rest   []byte // of the current chunk, from pos on
	live   bool   // reader stands at chunk, and pos at the start of rest
}

var _ blob.Object = (*content)(nil)

func (s *Service) content(ctx context.Context, f xetterms.File) *content {
	c := &content{ctx: ctx, svc: s, file: f, starts: make([]int64, len(f.Terms)+1)}
	for i, t := range f.Terms {
		c.starts[i+1] = c.starts[i] + int64(t.Unpacked)
	}
	return c
}

// Open opens a file that XetRefs named as plain bytes; the caller closes it. ctx ends its use. NotFound.
func (s *Service) Open(ctx context.Context, fileID hub.ID) (blob.Object, error) {
	row, err := s.meta.XetFileByID(ctx, fileID)
	if err != nil {
		return nil, err
	}
	f, err := xetterms.Decode(row.Terms)
	if err != nil {
		return nil, err
	}
	return s.content(ctx, f), nil
}

// Size returns the length of the file in bytes.
func (c *content) Size() int64 { return c.starts[len(c.file.Terms)] }

// ModTime is not known.
func (c *content) ModTime() time.Time { return time.Time{} }

// File returns nil: the bytes lie nowhere in one piece.
func (c *content) File() *os.File { return nil }

// Close gives back what reading took.
func (c *content) Close() error {
	c.live, c.rest = false, nil
	if c.reader != nil {
		c.reader.Reset(nil)
		c.svc.readers.Put(c.reader)
		c.reader = nil
	}
	return c.closeXorb()
}

func (c *content) closeXorb() (err error) {
	if c.open != nil {
		err = c.open.Close()
		c.open = nil
	}
	return err
}

var errSeek = errors.New("xet: position before the start of the file")

// Seek sets the position of the next Read.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.pos
	case io.SeekEnd:
		offset += c.Size()
	}
	if offset < 0 {
		return 0, errSeek
	}
	if offset != c.pos {
		c.pos, c.live, c.rest = offset, false, nil
	}
	return offset, nil
}

// ReadAt reads without moving the position.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	other := &content{ctx: c.ctx, svc: c.svc, file: c.file, starts: c.starts, pos: off}
	defer other.Close()
	n, err := io.ReadFull(other, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

// Read returns bytes of one chunk at a time.
func (c *content) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(c.rest) == 0 {
		if c.pos >= c.Size() {
			return 0, io.EOF
		}
		if err := c.advance(); err != nil {
			c.note(err)
			return 0, err
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	c.pos += int64(n)
	return n, nil
}

// WriteTo writes what is left, each chunk from where it was decompressed.
func (c *content) WriteTo(w io.Writer) (total int64, err error) {
	for {
		if len(c.rest) == 0 {
			if c.pos >= c.Size() {
				return total, nil
			}
			if err := c.advance(); err != nil {
				c.note(err)
				return total, err
			}
		}
		n, err := w.Write(c.rest)
		c.rest = c.rest[n:]
		c.pos += int64(n)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
}

// note writes rot down. Who reads without checking does so again in another way.
func (c *content) note(err error) {
	if !c.trust {
		c.svc.noteRot(c.ctx, err)
	}
}

// advance makes rest the bytes at pos.
func (c *content) advance() error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	skip := 0
	if !c.live || c.chunk == c.end {
		term := sort.Search(len(c.file.Terms), func(i int) bool { return c.starts[i+1] > c.pos })
		var err error
		if skip, err = c.enter(term); err != nil {
			c.live = false
			return err
		}
	}
	x, err := c.reader.Next()
	if err == nil && !c.trust && xethash.Chunk(x.Data) != c.table[c.chunk].Hash {
		err = errors.New("a chunk has another hash")
	}
	if err != nil {
		c.live = false
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return rot(c.name, err)
	}
	c.chunk++
	c.live = true
	if skip >= len(x.Data) {
		return rot(c.name, errors.New("a chunk is shorter than its table says"))
	}
	c.rest = x.Data[skip:]
	return nil
}

// enter prepares to read the chunk of a term that holds pos, and returns how many bytes of the chunk lie before it.
func (c *content) enter(term int) (skip int, err error) {
	t := c.file.Terms[term]
	name := c.file.Xorbs[t.Xorb]
	if c.open == nil || c.name != name {
		if err := c.closeXorb(); err != nil {
			return 0, err
		}
		if c.table, err = c.svc.table(c.ctx, name); err != nil {
			return 0, err
		}
		if c.open, _, err = c.svc.openXorb(c.ctx, name); err != nil {
			return 0, err
		}
		c.name = name
	}
	if int(t.End) > len(c.table) || c.table.Unpacked(int(t.Start), int(t.End)) != int64(t.Unpacked) {
		return 0, rot(name, errors.New("its table does not fit a file"))
	}
	at := c.table.Offset(int(t.Start)) + c.pos - c.starts[term] // in the xorb's uncompressed data
	c.chunk, c.end = c.table.Find(at), int(t.End)
	section := c.table.Section(c.open, c.chunk, c.end)
	if c.reader == nil {
		c.reader = c.svc.readers.Get().(*xorb.Reader)
	}
	if c.buf == nil {
		c.buf = bufio.NewReaderSize(nil, readAhead)
	}
	c.buf.Reset(section)
	c.reader.Reset(c.buf)
	return int(at - c.table.Offset(c.chunk)), nil
}

// digest computes the SHA-256 of a file. Where it comes out as expected, that is all that needs to be known; otherwise every
// chunk is checked too, so that rot is not taken for another content.
func (s *Service) digest(ctx context.Context, f xetterms.File, expected hub.Digest) (hub.Digest, error) {
	if expected != "" {
		if d, err := s.sum(ctx, f, true); err == nil && d == expected {
			return d, nil
		}
	}
	return s.sum(ctx, f, false)
}

func (s *Service) sum(ctx context.Context, f xetterms.File, trust bool) (hub.Digest, error) {
	c := s.content(ctx, f)
	defer c.Close()
	c.trust = trust
	h := sha256.New()
	if _, err := c.WriteTo(h); err != nil {
		return "", err
	}
	return hub.Digest(hex.EncodeToString(h.Sum(nil))), nil
}

// OpenDigest opens a large file of a repository as plain bytes; the caller closes it. ctx ends its use. NotFound for one that
// the repository does not have as chunks.
func (s *Service) OpenDigest(ctx context.Context, repoID hub.ID, d hub.Digest) (blob.Object, error) {
	refs, err := s.meta.XetRefs(ctx, repoID, []hub.Digest{d})
	if err != nil {
		return nil, err
	}
	ref, ok := refs[d]
	if !ok {
		return nil, hub.Errorf(hub.NotFound, "There is no such file.")
	}
	return s.Open(ctx, ref.FileID)
}
