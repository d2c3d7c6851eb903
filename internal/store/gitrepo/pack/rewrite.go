package pack

import (
	"bytes"
	"fmt"
	"hash/crc32"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// Held tells whether the copier's builder holds an object, and how many deltas it is away from a whole one.
func (c *Copier) Held(oid hub.OID) (depth int, ok bool) {
	i, ok := c.b.byOID[oid]
	return c.depth[i], ok
}

// IsDelta tells whether an object lies as a delta, and on which base.
func (p *Pack) IsDelta(pos int) (base hub.OID, ok bool, err error) {
	h, err := p.header(p.idx.offset(pos))
	if err != nil || !h.isDelta() {
		return hub.ZeroOID, false, err
	}
	at, err := p.basePos(pos, h)
	if err != nil {
		return hub.ZeroOID, false, err
	}
	return p.OID(at), true, nil
}

// CopyHeld adds the object at a position of p as it lies there. A delta must have its base held and be no deeper than
// depth; otherwise ok is false and nothing is added.
func (c *Copier) CopyHeld(p *Pack, pos, depth int) (ok bool, err error) {
	base, isDelta, err := p.IsDelta(pos)
	if err != nil {
		return false, err
	}
	if isDelta {
		if at, held := c.Held(base); !held || at+1 > depth {
			return false, nil
		}
	}
	if err := c.b.settle(); err != nil {
		return false, err
	}
	if err := c.copyOne(p, pos); err != nil {
		return false, fmt.Errorf("pack: object %s: %w", p.OID(pos), err)
	}
	return true, nil
}

// AddWhole adds the object at a position of p without a delta.
func (c *Copier) AddWhole(p *Pack, pos int) error {
	if _, isDelta, err := p.IsDelta(pos); err != nil || isDelta {
		if err != nil {
			return err
		}
		return c.addWhole(p, pos)
	}
	_, err := c.CopyHeld(p, pos, 0)
	return err
}

// AddDelta adds the object at a position of p as a delta on a held object, if that makes it smaller; ok is false, and
// nothing is added, otherwise.
func (c *Copier) AddDelta(p *Pack, pos int, base hub.OID, delta []byte) (ok bool, err error) {
	if err := c.b.settle(); err != nil {
		return false, err
	}
	baseAt, held := c.b.byOID[base]
	if !held {
		return false, nil
	}
	start, end := p.extent(pos)
	if _, isDelta, err := p.IsDelta(pos); err != nil || !isDelta && int64(len(delta)) > end-start {
		return false, err // even compressed it is hardly smaller
	}
	e := entry{oid: p.OID(pos), offset: c.b.spool.size, size: p.Size(pos), kind: p.Kind(pos)}
	if ptr, ok := p.Pointer(pos); ok {
		e.pointer = &ptr
	}
	var raw bytes.Buffer
	raw.Write(appendBack(appendEntryHeader(nil, object.OfsDelta, int64(len(delta))), e.offset-c.b.entries[baseAt].offset))
	if err := deflateTo(&raw, fast, delta); err != nil {
		return false, err
	}
	if _, err := c.b.spool.Write(raw.Bytes()); err != nil {
		return false, err
	}
	e.crc = crc32.ChecksumIEEE(raw.Bytes())
	c.depth[len(c.b.entries)] = c.depth[baseAt] + 1
	c.b.hold(e)
	return true, nil
}
