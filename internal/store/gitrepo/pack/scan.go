package pack

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/ambit-hub/ambit/internal/format/inflate"
	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

const (
	// scanBuffer is how many bytes of a pack are looked at together.
	scanBuffer = 128 << 10
	// atOnce is the size of the largest object or delta that is inflated at once, if all of it has arrived. The others go
	// through a reader, which may wait for their bytes.
	atOnce = 64 << 10
)

// scan reads the pack to its end: whole objects are hashed at once, deltas are noted.
func (x *indexer) scan(r io.Reader) error {
	if err := x.b.spool.truncate(0); err != nil {
		return err
	}
	t := &intake{ctx: x.ctx, r: r, limit: x.in.Limits.Bytes, spool: &x.b.spool, sums: newArrived()}
	defer t.close() // again, for its goroutine; all other ways out have an error of their own
	in := bufio.NewReaderSize(t, scanBuffer)
	n, version, err := x.header(in)
	if err != nil {
		return cut(err)
	}
	x.b.expect(n)
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
	if err := t.close(); err != nil {
		return err
	}
	if !bytes.Equal(t.sums.pack.Sum(nil), sum[:]) {
		return malformed("its checksum is wrong")
	}
	if version == 2 { // what is stored begins as one of that version does
		x.b.sums = &sums{end: end, pack: sum, whole: t.sums.whole}
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

func (x *indexer) header(in *bufio.Reader) (n int, version uint32, err error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(in, h[:]); err != nil {
		return 0, 0, err
	}
	version = binary.BigEndian.Uint32(h[4:])
	if string(h[:4]) != "PACK" || version != 2 && version != 3 {
		return 0, 0, malformed("it does not begin like one")
	}
	objects := int64(binary.BigEndian.Uint32(h[8:]))
	if objects > int64(x.in.Limits.Objects) {
		return 0, 0, hub.Errorf(hub.TooLarge, "The pack has %d objects, more than %d: push in several steps.", objects, x.in.Limits.Objects)
	}
	return int(objects), version, nil
}

// entry reads one entry that begins at off.
func (x *indexer) entry(in *bufio.Reader, off int64) error {
	h, err := peekEntryHeader(in)
	if err != nil {
		return err
	}
	if x.inflated += h.size; x.inflated > x.in.Limits.Inflated {
		return x.bomb()
	}
	e := entry{offset: off, size: h.size, kind: h.kind}
	if h.size <= atOnce {
		if done, err := x.arrivedEntry(in, e, h); done || err != nil {
			return err
		}
	}
	x.unsummed = append(x.unsummed, int32(len(x.b.entries)))
	in.Discard(h.length) // it was peeked at
	z, err := inflater(in)
	if err != nil {
		return zlibError(err)
	}
	defer release(z)
	switch {
	case h.isDelta():
		data, err := x.whole(z, h.size)
		if err != nil {
			return err
		}
		return x.noteDelta(x.held.keep(data), e, h)
	case e.kind == object.KindBlob && e.size > streamAbove:
		err = x.hashStream(z, &e)
	default:
		var data []byte
		if data, err = x.whole(z, e.size); err == nil {
			err = x.hashWhole(data, &e)
		}
	}
	if err != nil {
		return err
	}
	return x.hold(e)
}

// tries is how often an entry of which bytes are still to come is begun anew, each time that some have come.
const tries = 4

// arrivedEntry takes an entry of which all bytes have been read, or will be soon; done is false if they have not come after a few
// waits, or if the entry is broken, which the reader that is tried next puts into words.
func (x *indexer) arrivedEntry(in *bufio.Reader, e entry, h entryHeader) (done bool, err error) {
	var data []byte
	if h.isDelta() {
		data = x.held.reserve(int(h.size))
	}
	kept := data != nil
	if !kept {
		data = x.scratch(int(h.size))
	}
	have, n, err := x.inflateArrived(in, h, data)
	if err != nil {
		if kept {
			x.held.giveBack(data)
		}
		return false, nil
	}
	e.crc = crc32.ChecksumIEEE(have[:n])
	switch {
	case !h.isDelta():
		if err = x.hashWhole(data, &e); err == nil {
			err = x.hold(e)
		}
	case kept:
		err = x.noteDelta(data, e, h)
	default:
		err = x.noteDelta(nil, e, h)
	}
	in.Discard(n) // it was peeked at
	return true, err
}

// inflateArrived inflates an entry and returns what has been read from its beginning on, and how much of that it is.
func (x *indexer) inflateArrived(in *bufio.Reader, h entryHeader, data []byte) (have []byte, n int, err error) {
	for try := 0; ; try++ {
		if have, err = in.Peek(in.Buffered()); err != nil {
			return nil, 0, err
		}
		n, err = x.zlib.Zlib(data, have[h.length:])
		if err != inflate.ErrShort || try == tries || len(have) == in.Size() {
			return have, n + h.length, err
		}
		// At least one more byte belongs to the entry.
		if _, err := in.Peek(len(have) + 1); err != nil {
			return nil, 0, err
		}
	}
}

// peekEntryHeader reads a header, waits for no byte more than that, and leaves it where it is.
func peekEntryHeader(in *bufio.Reader) (entryHeader, error) {
	for n := 1; ; n++ {
		n = max(n, min(in.Buffered(), maxEntryHeader))
		raw, err := in.Peek(n)
		if err != nil {
			return entryHeader{}, err
		}
		h, err := parseEntryHeader(raw)
		if err == nil {
			return h, nil
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

// scratch returns n bytes, at most atOnce, that the next call overwrites.
func (x *indexer) scratch(n int) []byte {
	if cap(x.b.scratch) < n {
		x.b.scratch = make([]byte, 0, max(n, 4<<10))
	}
	return x.b.scratch[:n]
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

func (x *indexer) hashWhole(data []byte, e *entry) (err error) {
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

// noteDelta keeps a delta, inflated if there is room for that, until what it is based on is known.
func (x *indexer) noteDelta(data []byte, e entry, h entryHeader) error {
	at := int32(len(x.deltas))
	d := delta{data: data, entry: int32(len(x.b.entries)), base: noEntry}
	if h.kind == object.OfsDelta {
		i, ok := x.at(e.offset - h.back)
		if !ok {
			return malformed("a delta's base is not in it")
		}
		d.base = int32(i)
	} else {
		x.named = append(x.named, named{h.base, at})
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
