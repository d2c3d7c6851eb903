package pack

import (
	"fmt"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// Bases keeps objects that were read lately, up to a number of bytes, because deltas of neighbours are mostly based on
// each other: a walk through trees would otherwise inflate each chain from its start. Not for concurrent use.
type Bases struct {
	limit, size int64
	held        map[baseKey]int // index in ring
	ring        []base
	free        []int // places in ring that hold nothing
	hand        int
}

type baseKey struct {
	pack int
	off  int64
}

type base struct {
	key  baseKey
	data []byte
	used bool
}

// NewBases returns an empty store of at most limit bytes.
func NewBases(limit int64) *Bases { return &Bases{limit: limit, held: map[baseKey]int{}} }

func (b *Bases) get(k baseKey) ([]byte, bool) {
	i, ok := b.held[k]
	if !ok {
		return nil, false
	}
	b.ring[i].used = true
	return b.ring[i].data, true
}

// put keeps an object. Those that were not used since the hand last passed go first.
func (b *Bases) put(k baseKey, data []byte) {
	n := int64(len(data)) + 64
	if n > b.limit/4 {
		return
	}
	if _, ok := b.held[k]; ok {
		return
	}
	for b.size+n > b.limit {
		e := &b.ring[b.hand]
		if e.data != nil && !e.used {
			b.size -= int64(len(e.data)) + 64
			delete(b.held, e.key)
			e.data = nil
			b.free = append(b.free, b.hand)
		}
		e.used = false
		b.hand = (b.hand + 1) % len(b.ring)
	}
	if len(b.free) == 0 {
		b.free = append(b.free, len(b.ring))
		b.ring = append(b.ring, base{})
	}
	slot := b.free[len(b.free)-1]
	b.free = b.free[:len(b.free)-1]
	b.ring[slot] = base{key: k, data: data}
	b.held[k] = slot
	b.size += n
}

// ReadWith is Read with bases at hand. number tells the pack from others that share them. The bytes must not be
// changed.
func (p *Pack) ReadWith(pos, number int, b *Bases) ([]byte, error) {
	if p.Size(pos) > MaxWhole {
		return nil, hub.Errorf(hub.TooLarge, "A git object of %d bytes is too large to be read at once.", p.Size(pos))
	}
	data, err := p.readWith(p.idx.offset(pos), number, b)
	if err == nil && int64(len(data)) != p.Size(pos) {
		err = ErrCorrupt
	}
	if err != nil {
		return nil, fmt.Errorf("pack: object %s: %w", p.OID(pos), err)
	}
	return data, nil
}

func (p *Pack) readWith(off int64, number int, b *Bases) ([]byte, error) {
	type link struct {
		off int64
		h   entryHeader
	}
	var chain []link
	var data []byte
	for data == nil {
		if held, ok := b.get(baseKey{number, off}); ok {
			data = held
			break
		}
		h, err := p.header(off)
		if err != nil {
			return nil, err
		}
		if !h.isDelta() {
			if data, err = p.inflateAt(off, h); err != nil {
				return nil, err
			}
			b.put(baseKey{number, off}, data)
			break
		}
		if len(chain) >= MaxDeltaDepth {
			return nil, ErrCorrupt
		}
		chain = append(chain, link{off, h})
		if off, err = p.baseOf(off, h); err != nil {
			return nil, err
		}
	}
	for i := len(chain) - 1; i >= 0; i-- {
		delta, err := p.inflateAt(chain[i].off, chain[i].h)
		if err != nil {
			return nil, err
		}
		if data, err = object.ApplyDelta(data, delta, MaxWhole); err != nil {
			return nil, err
		}
		b.put(baseKey{number, chain[i].off}, data)
	}
	return data, nil
}
