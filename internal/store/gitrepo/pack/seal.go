package pack

import (
	"bytes"
	"hash/crc32"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// Seal makes a stored pack of a git pack and its index, version 2, as git wrote them; deltas stay. Every object is
// read once, but not hashed: see Verify. All of it happens in memory. The error is ErrCorrupt or one of reading.
func Seal(gitPack, gitIdx []byte) ([]byte, error) {
	stored := bytes.Clone(gitPack)
	idx, err := parseIndex(gitIdx, int64(len(gitPack)))
	if err != nil {
		return nil, err
	}
	p := &Pack{src: Memory(stored), idx: idx, t: trailer{packLen: int64(len(gitPack))}}
	entries := make([]entry, idx.n)
	for pos := range entries {
		if entries[pos], err = p.inspect(pos); err != nil {
			return nil, err
		}
	}
	facts := buildAux(entries)
	t := trailer{
		packLen: int64(len(gitPack)), idxLen: int64(len(gitIdx)), auxLen: int64(len(facts)),
		idxCRC: crc32.Checksum(gitIdx, castagnoli), auxCRC: crc32.Checksum(facts, castagnoli),
	}
	return append(append(append(stored, gitIdx...), facts...), t.format()...), nil
}

// inspect finds out what the aux section says about an object.
func (p *Pack) inspect(pos int) (entry, error) {
	off := p.idx.offset(pos)
	h, err := p.header(off)
	if err != nil {
		return entry{}, err
	}
	e := entry{oid: p.OID(pos), offset: off, size: h.size, kind: h.kind}
	if !h.isDelta() && (h.kind != object.KindBlob || h.size >= lfspointer.MaxPointerSize) {
		return e, nil
	}
	data, err := p.read(off)
	if err != nil {
		return entry{}, err
	}
	e.size = int64(len(data))
	for base, depth := off, 0; h.isDelta(); depth++ {
		if base, err = p.baseOf(base, h); err == nil {
			h, err = p.header(base)
		}
		if err != nil || depth > MaxDeltaDepth {
			return entry{}, ErrCorrupt
		}
		e.kind = h.kind
	}
	if ptr, ok := lfspointer.Parse(data); ok && e.kind == object.KindBlob {
		e.pointer = &ptr
	}
	return e, nil
}
