package pack

import (
	"os"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// OpenGit opens a pack and its index, version 2, as git wrote them. What it says of objects is what the index says:
// nothing was hashed. It keeps idx and maps f, which it closes in any case. The error is ErrCorrupt or one of
// reading.
func OpenGit(f *os.File, idx []byte) (*Pack, error) {
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	src, err := Map(f, info.Size(), f)
	if err != nil {
		return nil, err
	}
	p := &Pack{src: src, t: trailer{packLen: info.Size(), idxLen: int64(len(idx))}}
	if err := p.openGit(idx); err != nil {
		src.Close()
		return nil, err
	}
	return p, nil
}

func (p *Pack) openGit(idx []byte) (err error) {
	if p.t.packLen < headerSize+sumSize {
		return ErrCorrupt
	}
	if p.idx, err = parseIndex(idx, p.t.packLen); err != nil {
		return err
	}
	entries := make([]entry, p.idx.n)
	bases := NewBases(foreignBases)
	for _, pos := range p.byOffset() {
		if entries[pos], err = p.examine(int(pos), bases); err != nil {
			return err
		}
	}
	p.aux, err = parseAux(buildAux(entries), p.idx.n)
	return err
}

// foreignBases is the memory for bases while a foreign pack is looked through.
const foreignBases = 32 << 20

// examine finds out what the aux section would say of an object. Only what may be a pointer is made whole.
func (p *Pack) examine(pos int, bases *Bases) (entry, error) {
	off := p.idx.offset(pos)
	h, err := p.header(off)
	if err != nil {
		return entry{}, err
	}
	e := entry{oid: p.OID(pos), offset: off, size: h.size, kind: h.kind}
	if h.isDelta() {
		if e.size, err = p.deltaResult(off, h); err != nil {
			return entry{}, err
		}
	}
	for depth := 0; h.isDelta(); depth++ {
		if off, err = p.baseOf(off, h); err == nil {
			h, err = p.header(off)
		}
		if err != nil || depth > MaxDeltaDepth {
			return entry{}, ErrCorrupt
		}
		e.kind = h.kind
	}
	if e.kind != object.KindBlob || e.size >= lfspointer.MaxPointerSize {
		return e, nil
	}
	data, err := p.readWith(e.offset, 0, bases)
	if err != nil {
		return entry{}, err
	}
	if ptr, ok := lfspointer.Parse(data); ok {
		e.pointer = &ptr
	}
	return e, nil
}

// deltaResult returns the size that a delta announces of its result.
func (p *Pack) deltaResult(off int64, h entryHeader) (int64, error) {
	off += int64(h.length)
	z, err := inflater(p.src.Reader(off, p.t.packLen-sumSize-off))
	if err != nil {
		return 0, err
	}
	defer release(z)
	var head [20]byte
	n := 0
	for n < len(head) {
		k, err := z.Read(head[n:])
		n += k
		if err != nil {
			break // a short delta; DeltaSizes judges what there is
		}
	}
	_, size, err := object.DeltaSizes(head[:n])
	if err != nil || size < 0 || size >= 1<<56 {
		return 0, ErrCorrupt
	}
	return size, nil
}
