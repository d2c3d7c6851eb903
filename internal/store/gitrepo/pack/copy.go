package pack

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// maxCopiedDepth bounds the chains of deltas that copying may build up when one pack's delta is based on an object
// that another pack holds as a delta; beyond it an object is written whole. Git itself makes chains of up to 50.
const maxCopiedDepth = 64

// Copier copies the objects of packs into a builder, entry by entry, without inflating them. Deltas stay deltas
// on the same base. Not for concurrent use.
type Copier struct {
	b     *Builder
	depth map[int]int // entry of b to its number of deltas, whole objects absent
}

// NewCopier returns a copier into b.
func NewCopier(b *Builder) *Copier { return &Copier{b: b, depth: map[int]int{}} }

// Copy adds the object at a position of p, and first the bases of its delta, unless they are held. Bytes are
// compared with the sum in the idx; ErrCorrupt if they differ.
func (c *Copier) Copy(p *Pack, pos int) error {
	if err := c.b.settle(); err != nil { // only what addWhole added
		return err
	}
	// The chain is walked down to what is held or whole, then written upwards: a base precedes its deltas.
	var chain []int
	for {
		if _, held := c.b.byOID[p.OID(pos)]; held {
			break
		}
		chain = append(chain, pos)
		if len(chain) > MaxDeltaDepth+1 {
			return ErrCorrupt
		}
		h, err := p.header(p.idx.offset(pos))
		if err != nil {
			return err
		}
		if !h.isDelta() {
			break
		}
		if pos, err = p.basePos(pos, h); err != nil {
			return err
		}
	}
	for i := len(chain) - 1; i >= 0; i-- {
		if err := c.copyOne(p, chain[i]); err != nil {
			return fmt.Errorf("pack: object %s: %w", p.OID(chain[i]), err)
		}
	}
	return nil
}

// copyOne adds one object whose base, if it is a delta, is held.
func (c *Copier) copyOne(p *Pack, pos int) error {
	start, end := p.extent(pos)
	h, err := p.header(start)
	if err != nil {
		return err
	}
	e := entry{oid: p.OID(pos), offset: c.b.spool.size, size: p.Size(pos), kind: p.Kind(pos)}
	if ptr, ok := p.Pointer(pos); ok {
		e.pointer = &ptr
	}
	head := appendEntryHeader(nil, h.kind, h.size)
	if h.isDelta() {
		basePos, err := p.basePos(pos, h)
		if err != nil {
			return err
		}
		base := c.b.byOID[p.OID(basePos)]
		depth := c.depth[base] + 1
		if depth > maxCopiedDepth {
			return c.addWhole(p, pos)
		}
		c.depth[len(c.b.entries)] = depth
		head = appendEntryHeader(nil, object.OfsDelta, h.size)
		head = appendBack(head, e.offset-c.b.entries[base].offset)
	}
	if e.crc, err = c.copyBytes(p, pos, head, start, int64(h.length), end); err != nil {
		return errors.Join(err, c.b.spool.truncate(e.offset))
	}
	c.b.hold(e)
	return nil
}

func (c *Copier) addWhole(p *Pack, pos int) error {
	data, err := p.Read(pos)
	if err != nil {
		return err
	}
	oid, err := c.b.Add(p.Kind(pos), data)
	if err == nil && oid != p.OID(pos) {
		err = ErrCorrupt
	}
	return err
}

// copyBytes writes the new header and the compressed bytes, and returns the sum of both. The old bytes are
// checked against the idx.
func (c *Copier) copyBytes(p *Pack, pos int, head []byte, start, headLen, end int64) (uint32, error) {
	was, now := crc32.NewIEEE(), crc32.NewIEEE()
	if _, err := io.CopyN(was, p.src.Reader(start, headLen), headLen); err != nil {
		return 0, err
	}
	now.Write(head)
	if _, err := c.b.spool.Write(head); err != nil {
		return 0, err
	}
	n := end - start - headLen
	// Without WriterTo, which would hand a mapped object over in one piece.
	src := struct{ io.Reader }{p.src.Reader(start+headLen, n)}
	if _, err := io.CopyN(io.MultiWriter(&c.b.spool, was, now), src, n); err != nil {
		return 0, err
	}
	if was.Sum32() != p.idx.crc(pos) {
		return 0, ErrCorrupt
	}
	return now.Sum32(), nil
}

// basePos returns the position of the base of the delta at pos.
func (p *Pack) basePos(pos int, h entryHeader) (int, error) {
	off, err := p.baseOf(p.idx.offset(pos), h)
	if err != nil {
		return 0, err
	}
	return p.posAt(off)
}
