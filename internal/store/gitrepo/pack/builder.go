package pack

import (
	"errors"
	"hash/crc32"
	"io"
	"slices"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// entry is what a builder knows of an object that it holds.
type entry struct {
	oid     hub.OID
	offset  int64
	size    int64
	crc     uint32 // of the whole entry, header included
	kind    object.Kind
	pointer *lfspointer.Pointer // nil for other objects
}

// Builder collects objects for a new stored pack. Each object is held once; objects are not deltified.
// Not for concurrent use.
type Builder struct {
	// Known tells which objects need not be held because the repository has them; nil: none.
	Known func(hub.OID) bool

	spool   spool
	entries []entry
	byOID   map[hub.OID]int
	sums    *sums  // of a pack that was received; nil: none
	scratch []byte // for objects that are read whole before they are hashed
	packed  packed // for entries that are written at once

	// line, if any, writes the entries from number behind on; the spool is its own until settle.
	line   *pipeline
	behind int
	broken error // of a pipeline: entries are missing, nothing works any more
}

// streamAbove is the size in bytes above which a blob is compressed while it arrives.
const streamAbove = 1 << 20

// NewBuilder returns a builder that keeps up to memory bytes in memory, and more in a file in dir ("": the
// system's folder for such). Close it.
func NewBuilder(dir string, memory int64) *Builder {
	b := &Builder{byOID: map[hub.OID]int{}, spool: spool{dir: dir, limit: max(memory, headerSize)}}
	// The true header is known at the end; its place is kept so that offsets are final.
	b.spool.mem = append(make([]byte, 0, 4<<10), make([]byte, headerSize)...)
	b.spool.size = headerSize
	return b
}

// expect makes room for n objects, or some of them: they are only announced.
func (b *Builder) expect(n int) {
	n = min(n, 1<<13)
	b.entries, b.byOID = slices.Grow(b.entries, n), make(map[hub.OID]int, n)
}

// Close frees what the builder holds.
func (b *Builder) Close() error {
	b.settle() // the error is that of bytes nobody wants
	b.packed.free()
	return b.spool.close()
}

// Len returns the number of objects held.
func (b *Builder) Len() int { return len(b.entries) }

// Has tells whether an object is held, and of which kind.
func (b *Builder) Has(oid hub.OID) (object.Kind, bool) {
	i, ok := b.byOID[oid]
	if !ok {
		return 0, false
	}
	return b.entries[i].kind, true
}

// Pointers returns the large files that held pointers name, in the order in which they were added.
func (b *Builder) Pointers() []lfspointer.Pointer {
	var ps []lfspointer.Pointer
	for i := range b.entries {
		if p := b.entries[i].pointer; p != nil {
			ps = append(ps, *p)
		}
	}
	return ps
}

// PointerFiles returns, by their ids, the pointers among the blobs and what they point to.
func (b *Builder) PointerFiles() map[hub.OID]hub.Digest {
	found := map[hub.OID]hub.Digest{}
	for i := range b.entries {
		if p := b.entries[i].pointer; p != nil {
			found[b.entries[i].oid] = p.Digest
		}
	}
	return found
}

// Add holds an object unless it is held or known already. Unprocessable for bytes of a collision attack.
func (b *Builder) Add(kind object.Kind, data []byte) (hub.OID, error) {
	oid, err := object.Hash(kind, data)
	if err != nil {
		return hub.ZeroOID, hashError(err)
	}
	if b.skip(oid) {
		return oid, nil
	}
	e := entry{oid: oid, size: int64(len(data)), kind: kind}
	if kind == object.KindBlob {
		if p, ok := lfspointer.Parse(data); ok {
			e.pointer = &p
		}
	}
	return oid, b.write(e, data)
}

// write encodes and holds an object, small ones of many in the background.
func (b *Builder) write(e entry, data []byte) error {
	if len(b.entries) >= pipelineFrom && len(data) <= pipelineMax {
		if b.line == nil && b.broken == nil {
			b.line, b.behind = startPipeline(&b.spool, &b.packed), len(b.entries)
		}
		if b.broken != nil || b.line.failed.Load() {
			return b.settle()
		}
		b.line.add(e.kind, data)
		b.hold(e)
		return nil
	}
	if err := b.settle(); err != nil {
		return err
	}
	var err error
	e.offset = b.spool.size
	if e.crc, err = b.packed.write(&b.spool, e.kind, data); err != nil {
		return errors.Join(err, b.spool.truncate(e.offset))
	}
	b.hold(e)
	return nil
}

// settle waits until all entries are in the spool. Whoever touches the spool calls it first.
func (b *Builder) settle() error {
	if b.line == nil {
		return b.broken
	}
	done, err := b.line.drain()
	for i, w := range done {
		b.entries[b.behind+i].offset, b.entries[b.behind+i].crc = w.offset, w.crc
	}
	b.line, b.broken = nil, err
	return err
}

func (b *Builder) skip(oid hub.OID) bool {
	if _, ok := b.byOID[oid]; ok {
		return true
	}
	return b.Known != nil && b.Known(oid)
}

func (b *Builder) hold(e entry) {
	b.byOID[e.oid] = len(b.entries)
	b.entries = append(b.entries, e)
}

// AddBlob holds a blob of exactly size bytes from r; Unprocessable when r has fewer or more. It is never whole in
// memory unless it is small.
func (b *Builder) AddBlob(size int64, r io.Reader) (hub.OID, error) {
	if size < 0 {
		return hub.ZeroOID, hub.Errorf(hub.Unprocessable, "The size of a file is negative.")
	}
	if size > streamAbove {
		return b.addStream(size, r)
	}
	if int64(cap(b.scratch)) < size {
		b.scratch = make([]byte, size+size/2)
	}
	data := b.scratch[:size]
	if _, err := io.ReadFull(r, data); err != nil {
		return hub.ZeroOID, sizeError(err, size)
	}
	if err := expectEnd(r, size); err != nil {
		return hub.ZeroOID, err
	}
	return b.Add(object.KindBlob, data)
}

// addStream compresses into the spool while it hashes; what turns out to be held, known or broken is taken back.
func (b *Builder) addStream(size int64, r io.Reader) (hub.OID, error) {
	if err := b.settle(); err != nil {
		return hub.ZeroOID, err
	}
	start := b.spool.size
	oid, crc, err := b.compress(size, r)
	if err != nil || b.skip(oid) {
		return oid, errors.Join(err, b.spool.truncate(start))
	}
	b.hold(entry{oid: oid, offset: start, size: size, crc: crc, kind: object.KindBlob})
	return oid, nil
}

func (b *Builder) compress(size int64, r io.Reader) (hub.OID, uint32, error) {
	crc := crc32.NewIEEE()
	out := io.MultiWriter(&b.spool, crc)
	if _, err := out.Write(appendEntryHeader(nil, object.KindBlob, size)); err != nil {
		return hub.ZeroOID, 0, err
	}
	h := object.NewHasher(object.KindBlob, size)
	if err := deflateStream(out, io.TeeReader(io.LimitReader(r, size), h), size); err != nil {
		h.Sum()
		return hub.ZeroOID, 0, sizeError(err, size)
	}
	oid, err := h.Sum()
	if err != nil {
		return hub.ZeroOID, 0, hashError(err)
	}
	return oid, crc.Sum32(), expectEnd(r, size)
}

func sizeError(err error, size int64) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return hub.Wrap(err, hub.Unprocessable, "The file ended before its announced %d bytes.", size)
	}
	return err
}

// expectEnd fails with Unprocessable if r has more bytes.
func expectEnd(r io.Reader, size int64) error {
	var one [1]byte
	for range 100 { // a reader may return nothing a few times
		n, err := r.Read(one[:])
		switch {
		case n > 0:
			return hub.Errorf(hub.Unprocessable, "The file has more than its announced %d bytes.", size)
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}

func hashError(err error) error {
	if errors.Is(err, object.ErrCollision) {
		return hub.Wrap(err, hub.Unprocessable, "This content is part of a SHA-1 collision attack and is refused.")
	}
	return err
}

// Read returns a held object whole; ok is false if it is not held.
func (b *Builder) Read(oid hub.OID) (data []byte, ok bool, err error) {
	i, ok := b.byOID[oid]
	if !ok {
		return nil, false, nil
	}
	if err := b.settle(); err != nil {
		return nil, true, err
	}
	e := b.entries[i]
	if e.size > MaxWhole {
		return nil, true, hub.Errorf(hub.TooLarge, "A git object of %d bytes is too large to be read at once.", e.size)
	}
	end := b.spool.size
	if i+1 < len(b.entries) {
		end = b.entries[i+1].offset
	}
	raw := make([]byte, end-e.offset)
	if _, err := b.spool.ReadAt(raw, e.offset); err != nil && err != io.EOF {
		return nil, true, err
	}
	h, err := parseEntryHeader(raw)
	if err != nil {
		return nil, true, err
	}
	data, err = inflateEntry(Memory(raw), int64(h.length), int64(len(raw)-h.length), e.size, nil)
	return data, true, err
}

// Mark is a point to which a builder can go back.
type Mark struct {
	entries int
	size    int64
}

// Mark returns the present state.
func (b *Builder) Mark() (Mark, error) {
	err := b.settle()
	return Mark{entries: len(b.entries), size: b.spool.size}, err
}

// Rollback forgets all objects added since m.
func (b *Builder) Rollback(m Mark) error {
	if err := b.settle(); err != nil {
		return err
	}
	for _, e := range b.entries[m.entries:] {
		delete(b.byOID, e.oid)
	}
	clear(b.entries[m.entries:])
	b.entries = b.entries[:m.entries]
	return b.spool.truncate(m.size)
}
