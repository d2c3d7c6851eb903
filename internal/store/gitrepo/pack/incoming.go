package pack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"hash"
	"io"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pace"
)

// Limits bound a pack that strangers send.
type Limits struct {
	Bytes    int64 // of the pack
	Objects  int   // in the pack
	Inflated int64 // bytes of all objects and deltas together
	// Room, if any, is asked before each further RoomStep objects behind the first are read: what is known of an object takes about
	// 170 bytes of memory until the pack is published. Its error is for the sender.
	Room func() error
}

// RoomStep is how many objects are read before Limits.Room is asked again.
const RoomStep = 1 << 16

// Incoming is a git pack that arrives.
type Incoming struct {
	Limits Limits
	// Check looks at each commit, tree and tag. It may be called concurrently; its error is for the sender.
	Check func(kind object.Kind, oid hub.OID, data []byte) error
	// Base returns an object that the repository has, for packs whose deltas are based on such; ok is false if it
	// has none of that id.
	Base func(oid hub.OID) (kind object.Kind, data []byte, ok bool, err error)
	// Scan, if any, is asked for a Scanner for each blob, commit and tag. It may be called concurrently.
	Scan func() Scanner
}

// Scanner sees the bytes of one object as they arrive. Its Write must take them all and keep nothing.
type Scanner interface {
	io.Writer
	// Done is called once, when all bytes were written. Of an object that is refused it is not called.
	Done(kind object.Kind, oid hub.OID)
}

// show lets the scanner see an object.
func (x *indexer) show(e *entry, data []byte) {
	if x.in.Scan == nil || e.kind == object.KindTree {
		return
	}
	s := x.in.Scan()
	s.Write(data)
	s.Done(e.kind, e.oid)
}

// malformed is the answer to bytes that are not a pack.
func malformed(why string) error {
	return hub.Errorf(hub.Unprocessable, "The pack is malformed: %s.", why)
}

// Receive reads a whole git pack from r into an empty builder: every object is inflated, hashed and checked, deltas are
// resolved and stay deltas, and bases that the pack lacks are taken from the repository and added. It returns
// the ids of those. Unprocessable or TooLarge for what is wrong with the pack; then the builder is of no use.
func (b *Builder) Receive(ctx context.Context, r io.Reader, in Incoming) (bases []hub.OID, err error) {
	x := &indexer{in: in, b: b, ctx: ctx}
	defer x.held.release()
	if err := x.scan(r); err != nil {
		return nil, err
	}
	if err := x.resolve(); err != nil {
		return nil, err
	}
	return x.bases, x.finish()
}

// indexer is a pack on its way into a builder.
type indexer struct {
	in       Incoming
	b        *Builder
	ctx      context.Context
	inflated int64      // bytes so far
	pace     pace.Pacer // of the scan

	deltas []delta // in the order of the pack
	held   holder  // of their bytes
	src    Source  // the pack, once it has arrived
	bases  []hub.OID
}

// delta is an entry whose object is not known before that of its base.
type delta struct {
	entry int // in the builder
	head  uint8
	size  int64   // of the delta, inflated
	base  int     // entry, or -1 when only its id is known
	oid   hub.OID // of the base
	data  []byte  // inflated; nil when it has to be inflated again
}

// tee is the stream as it arrives: everything read from it lies in the spool and in the sum.
type tee struct {
	ctx  context.Context
	r    io.Reader
	x    *indexer
	sum  hash.Hash
	held []byte // the last sumSize bytes at most, which may be the pack's own sum
	n    int64
}

func (t *tee) Read(p []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.r.Read(p)
	if n > 0 {
		if t.n += int64(n); t.n > t.x.in.Limits.Bytes {
			return 0, hub.Errorf(hub.TooLarge, "The pack is larger than %d bytes: push in several steps.", t.x.in.Limits.Bytes)
		}
		if _, werr := t.x.b.spool.Write(p[:n]); werr != nil {
			return 0, werr
		}
		t.hash(p[:n])
	}
	return n, err
}

// hash adds bytes to the sum, but for the last ones.
func (t *tee) hash(p []byte) {
	if len(p) >= sumSize {
		t.sum.Write(t.held)
		t.sum.Write(p[:len(p)-sumSize])
		t.held = append(t.held[:0], p[len(p)-sumSize:]...)
		return
	}
	if over := len(t.held) + len(p) - sumSize; over > 0 {
		t.sum.Write(t.held[:over])
		t.held = append(t.held[:0], t.held[over:]...)
	}
	t.held = append(t.held, p...)
}

// scan reads the pack to its end: whole objects are hashed at once, deltas are noted.
func (x *indexer) scan(r io.Reader) error {
	if err := x.b.spool.truncate(0); err != nil {
		return err
	}
	t := &tee{ctx: x.ctx, r: r, x: x, sum: sha1.New()}
	in := bufio.NewReaderSize(t, 128<<10)
	n, err := x.header(in)
	if err != nil {
		return cut(err)
	}
	for i := range n {
		x.pace.Step()
		if i > 0 && i%RoomStep == 0 && x.in.Limits.Room != nil {
			if err := x.in.Limits.Room(); err != nil {
				return err
			}
		}
		if err := x.entry(in, t.n-int64(in.Buffered())); err != nil {
			return cut(err)
		}
	}
	end := t.n - int64(in.Buffered())
	var sum [sumSize]byte
	if _, err := io.ReadFull(in, sum[:]); err != nil {
		return cut(err)
	}
	// Not by reading on: a connection stays open behind the pack, and the sender waits for an answer.
	if in.Buffered() > 0 {
		return malformed("bytes follow its end")
	}
	if !bytes.Equal(t.sum.Sum(nil), sum[:]) {
		return malformed("its checksum is wrong")
	}
	return x.b.spool.truncate(end)
}

// cut makes an early end the sender's fault.
func cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return hub.Wrap(err, hub.Unprocessable, "The pack is malformed: it ends early.")
	}
	return err
}

func (x *indexer) header(in *bufio.Reader) (int, error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(in, h[:]); err != nil {
		return 0, err
	}
	if v := binary.BigEndian.Uint32(h[4:]); string(h[:4]) != "PACK" || v != 2 && v != 3 {
		return 0, malformed("it does not begin like one")
	}
	n := int64(binary.BigEndian.Uint32(h[8:]))
	if n > int64(x.in.Limits.Objects) {
		return 0, hub.Errorf(hub.TooLarge, "The pack has %d objects, more than %d: push in several steps.", n, x.in.Limits.Objects)
	}
	return int(n), nil
}

// entry reads one entry that begins at off.
func (x *indexer) entry(in *bufio.Reader, off int64) error {
	h, err := readEntryHeader(in)
	if err != nil {
		return err
	}
	if x.inflated += h.size; x.inflated > x.in.Limits.Inflated {
		return x.bomb()
	}
	z, err := inflater(in)
	if err != nil {
		return zlibError(err)
	}
	defer release(z)
	e := entry{offset: off, size: h.size, kind: h.kind}
	if h.isDelta() {
		return x.noteDelta(z, e, h)
	}
	if e.kind == object.KindBlob && e.size > streamAbove {
		err = x.hashStream(z, &e)
	} else {
		err = x.hashWhole(z, &e)
	}
	if err != nil {
		return err
	}
	return x.hold(e)
}

// readEntryHeader reads a header, and not a byte more.
func readEntryHeader(in *bufio.Reader) (entryHeader, error) {
	for n := 1; ; n++ {
		n = max(n, min(in.Buffered(), maxEntryHeader))
		raw, err := in.Peek(n)
		if err != nil {
			return entryHeader{}, err
		}
		h, err := parseEntryHeader(raw)
		if err == nil {
			_, err = in.Discard(h.length)
			return h, err
		}
		if n >= maxEntryHeader {
			return h, malformed("an entry has no valid header")
		}
	}
}

func (x *indexer) bomb() error {
	return hub.Errorf(hub.TooLarge, "The objects of the pack inflate to more than %d bytes: push in several steps.", x.in.Limits.Inflated)
}

// zlibError makes broken compressed bytes the sender's fault.
func zlibError(err error) error {
	var he *hub.Error
	if err == nil || errors.As(err, &he) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return cut(io.ErrUnexpectedEOF)
	}
	return hub.Wrap(err, hub.Unprocessable, "The pack is malformed: an object cannot be inflated to its announced size.")
}

// whole inflates exactly size bytes into the builder's scratch space.
func (x *indexer) whole(z io.Reader, size int64) ([]byte, error) {
	if size > MaxWhole {
		return nil, hub.Errorf(hub.TooLarge, "A git object or delta of %d bytes is larger than %d bytes.", size, MaxWhole)
	}
	data, err := readGrowing(z, x.b.scratch[:0], size)
	if err != nil {
		return nil, zlibError(err)
	}
	x.b.scratch = data
	return data, zlibError(atEnd(z))
}

// readGrowing appends size bytes of z to buf, which grows only as they come: the size is what a stranger says.
func readGrowing(z io.Reader, buf []byte, size int64) ([]byte, error) {
	for int64(len(buf)) < size {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := z.Read(buf[len(buf):min(int64(cap(buf)), size)])
		buf = buf[:len(buf)+n]
		if err != nil && int64(len(buf)) < size {
			if err == io.EOF {
				err = ErrCorrupt
			}
			return nil, err
		}
	}
	return buf, nil
}

func (x *indexer) hashWhole(z io.Reader, e *entry) error {
	data, err := x.whole(z, e.size)
	if err != nil {
		return err
	}
	if e.oid, err = object.Hash(e.kind, data); err != nil {
		return hashError(err)
	}
	if err := x.look(e, data); err != nil {
		return err
	}
	x.show(e, data)
	return nil
}

// look checks what an object says.
func (x *indexer) look(e *entry, data []byte) error {
	if e.kind != object.KindBlob {
		return x.in.Check(e.kind, e.oid, data)
	}
	if p, ok := lfspointer.Parse(data); ok {
		e.pointer = &p
	}
	return nil
}

func (x *indexer) hashStream(z io.Reader, e *entry) (err error) {
	h := object.NewHasher(e.kind, e.size)
	var to io.Writer = struct{ io.Writer }{h}
	var s Scanner
	if x.in.Scan != nil {
		s = x.in.Scan()
		to = io.MultiWriter(h, s)
	}
	n, err := io.CopyBuffer(to, io.LimitReader(z, e.size), make([]byte, 64<<10))
	oid, herr := h.Sum()
	switch {
	case err != nil:
		return zlibError(err)
	case n != e.size:
		return zlibError(ErrCorrupt)
	case herr != nil:
		return hashError(herr)
	}
	e.oid = oid
	if s != nil {
		s.Done(e.kind, oid)
	}
	return zlibError(atEnd(z))
}

// noteDelta reads a delta only to find its end.
func (x *indexer) noteDelta(z io.Reader, e entry, h entryHeader) error {
	data, err := x.whole(z, h.size)
	if err != nil {
		return err
	}
	d := delta{data: x.held.keep(data), entry: len(x.b.entries), head: uint8(h.length), size: h.size, base: -1, oid: h.base}
	if h.kind == object.OfsDelta {
		i, ok := x.at(e.offset - h.back)
		if !ok {
			return malformed("a delta's base is not in it")
		}
		d.base = i
	}
	x.deltas = append(x.deltas, d)
	x.b.entries = append(x.b.entries, e)
	return nil
}

// hold adds an entry whose object is known.
func (x *indexer) hold(e entry) error {
	if _, twice := x.b.byOID[e.oid]; twice {
		return malformed("the object " + e.oid.String() + " stands in it twice")
	}
	x.b.hold(e)
	return nil
}
