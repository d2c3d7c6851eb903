package xet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/ambit-hub/ambit/internal/format/xetchunk"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xetterms"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	panics "github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Packer turns large files that came in one piece, by Git LFS or plain HTTP, into chunks, so that they deduplicate and can be
// fetched by Xet. It works slowly, one file at a time.
type Packer struct{ s *Service }

// Packer returns the value that the daemon runs.
func (s *Service) Packer() *Packer { return &Packer{s} }

// Run packs until ctx ends; it returns nil. A file that fails is tried again in the next round.
func (p *Packer) Run(ctx context.Context) error {
	t := time.NewTicker(p.s.cfg.SweepEvery)
	defer t.Stop()
	for {
		if _, err := p.Round(ctx); err != nil && ctx.Err() == nil {
			p.s.logErr(ctx, "chunking large files", err)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// packBatch is how many rows are read at a time.
const packBatch = 50

// Round packs every file whose time has come, and returns how many. A failure of one does not keep it from the others; all
// of them are returned.
func (p *Packer) Round(ctx context.Context) (packed int, err error) {
	var after hub.WholeFile
	var errs []error
	for {
		files, err := p.s.meta.WholeFiles(ctx, after, p.s.now().Add(-p.s.cfg.ChunkAfter), p.s.cfg.ChunkLeast, packBatch)
		if err != nil || len(files) == 0 {
			return packed, errors.Join(append(errs, err)...)
		}
		for _, f := range files {
			after = f
			err := panics.Call(func() error { return p.s.packFile(ctx, f) })
			switch {
			case ctx.Err() != nil:
				return packed, ctx.Err()
			case err == nil:
				packed++
			case hub.Is(err, hub.NotFound), hub.Is(err, hub.RepoNotFound):
				// removed meanwhile
			default:
				errs = append(errs, err)
			}
		}
	}
}

// packFile chunks one file, reads it back, and only then lets go of the piece. Chunks of an attempt that failed are swept.
func (s *Service) packFile(ctx context.Context, f hub.WholeFile) error {
	o, err := s.blobs.Open(ctx, f.BlobKey)
	if err != nil {
		return err
	}
	defer o.Close()
	b := &packing{svc: s, domain: f.Domain, known: map[xethash.Hash]place{}}
	b.buf.Grow(int(min(o.Size()+o.Size()/256, xorb.MaxUnpacked+xorb.MaxUnpacked/256))) // growing it later is copying it
	b.w = xorb.NewWriter(&b.buf)
	file, err := b.pack(ctx, o)
	if err != nil {
		return err
	}
	d, err := s.digest(ctx, file, f.Digest)
	if err != nil {
		return err
	}
	if d != f.Digest {
		return hub.Errorf(hub.Internal, "the stored file %s has the SHA-256 %s", f.Digest, d)
	}
	row := hub.XetFile{Domain: f.Domain, Hash: b.tree.File(), Size: file.Size(), Digest: d, Terms: file.Encode()}
	for _, x := range file.Xorbs {
		row.Xorbs = append(row.Xorbs, x)
	}
	return s.meta.ReplaceLFS(ctx, f.RepoID, row, []hub.XetChunk{{Chunk: b.first, Xorb: file.Xorbs[file.Terms[0].Xorb]}})
}

// place says where a chunk is known to lie.
type place struct {
	xorb  int // in packing.xorbs
	chunk uint32
}

// maxKnown bounds the chunks that one file remembers: some 60 bytes each, for 64 GiB of data.
const maxKnown = 1 << 20

// packing is a file on its way into chunks.
type packing struct {
	svc    *Service
	domain hub.ID
	buf    bytes.Buffer // the xorb being filled, at most 64 MiB: its name is known when it is full
	w      *xorb.Writer
	xorbs  []xethash.Hash // zero for the one being filled
	open   int            // its place in xorbs, -1: none
	terms  []xetterms.Term
	known  map[xethash.Hash]place
	tree   xethash.Tree
	first  xethash.Hash
}

func (b *packing) pack(ctx context.Context, r io.Reader) (xetterms.File, error) {
	b.open = -1
	chunks := xetchunk.New(r)
	for n := 0; ; n++ {
		data, err := chunks.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return xetterms.File{}, err
		}
		if err := ctx.Err(); err != nil {
			return xetterms.File{}, err
		}
		h := xethash.Chunk(data)
		if n == 0 {
			b.first = h
		}
		b.tree.Add(xethash.Leaf{Hash: h, Size: uint64(len(data))})
		if err := b.add(ctx, h, data, n == 0); err != nil {
			return xetterms.File{}, err
		}
	}
	if err := b.finish(ctx); err != nil {
		return xetterms.File{}, err
	}
	return b.used(), nil
}

// add appends a chunk: a known one by reference, any other to the open xorb.
func (b *packing) add(ctx context.Context, h xethash.Hash, data []byte, first bool) error {
	at, ok := b.known[h]
	if !ok && (first || h.Eligible()) {
		if err := b.ask(ctx, h); err != nil {
			return err
		}
		at, ok = b.known[h]
	}
	if !ok {
		if !b.w.Fits(len(data)) {
			if err := b.finish(ctx); err != nil {
				return err
			}
		}
		if b.open < 0 {
			b.open = len(b.xorbs)
			b.xorbs = append(b.xorbs, xethash.Hash{})
		}
		at = place{b.open, uint32(len(b.w.Table()))}
		if err := b.w.Add(h, data); err != nil {
			return err
		}
		b.remember(h, at)
	}
	if n := len(b.terms); n > 0 {
		if t := &b.terms[n-1]; t.Xorb == at.xorb && t.End == at.chunk && int64(t.Unpacked)+int64(len(data)) <= xorb.MaxUnpacked {
			t.End, t.Unpacked = t.End+1, t.Unpacked+uint32(len(data))
			return nil
		}
	}
	b.terms = append(b.terms, xetterms.Term{Xorb: at.xorb, Start: at.chunk, End: at.chunk + 1, Unpacked: uint32(len(data))})
	return nil
}

func (b *packing) remember(h xethash.Hash, at place) {
	if _, ok := b.known[h]; !ok && len(b.known) < maxKnown {
		b.known[h] = at
	}
}

// ask looks a chunk up in the domain's index, as a client would, and learns of all that goes with it.
func (b *packing) ask(ctx context.Context, h xethash.Hash) error {
	xorbs, _, err := b.svc.known(ctx, scope{domain: b.domain}, h)
	if err != nil {
		return err
	}
	for _, x := range xorbs {
		at := len(b.xorbs)
		b.xorbs = append(b.xorbs, x.Hash)
		for i, c := range x.Chunks {
			b.remember(c.Hash, place{at, uint32(i)})
		}
	}
	return nil
}

// finish stores the open xorb.
func (b *packing) finish(ctx context.Context) error {
	if b.open < 0 {
		return nil
	}
	h, table := b.w.Finish(&b.buf)
	b.xorbs[b.open] = h
	b.open = -1
	err := b.svc.keepXorb(ctx, b.domain, h, table, bytes.NewReader(b.buf.Bytes()))
	b.buf.Reset()
	return err
}

// keepXorb makes a xorb of our own a holding of a domain. Its chunks have just been hashed, and the file is read back.
func (s *Service) keepXorb(ctx context.Context, domain hub.ID, h xethash.Hash, table xorb.Table, body *bytes.Reader) error {
	held, stored, err := s.meta.BeginXetXorb(ctx, domain, h)
	if err != nil || held {
		return err
	}
	size, err := storedSize(table) // a large one goes to the disk past the page cache then
	if err != nil {
		return err
	}
	t, err := s.takeXorb(ctx, h, stored, size, func(w io.Writer) (xorb.Table, error) {
		_, err := body.WriteTo(w)
		return table, err
	})
	if err != nil {
		return err
	}
	err = s.meta.CompleteXetXorb(ctx, domain, rowOf(h, t), eligible(t))
	if err == nil {
		s.markUse(ctx)
	}
	return err
}

// used returns the file with those of the xorbs that its terms name.
func (b *packing) used() xetterms.File {
	f := xetterms.File{Terms: b.terms}
	to := make([]int, len(b.xorbs))
	for i := range to {
		to[i] = -1
	}
	for i := range f.Terms {
		t := &f.Terms[i]
		if to[t.Xorb] < 0 {
			to[t.Xorb] = len(f.Xorbs)
			f.Xorbs = append(f.Xorbs, b.xorbs[t.Xorb])
		}
		t.Xorb = to[t.Xorb]
	}
	return f
}
