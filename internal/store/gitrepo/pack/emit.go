package pack

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"hash"
	"io"
	"math"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// Emitter writes some objects of some packs as one git pack, copying compressed bytes and deltas where the base is
// written too. Packs are numbered by the caller from 0; objects are added pack by pack in rising order of their
// numbers, within a pack in the order of Order. Not for concurrent use.
type Emitter struct {
	Offsets bool // the receiver understands deltas whose base is named by its distance
	// Place returns where the copy of an object lies that is written, if it is one of those to be written.
	Place func(hub.OID) (pack, pos int, ok bool)
	// Thin, if any, lets deltas be based on objects that the receiver has.
	Thin Thin

	w     io.Writer
	sum   hash.Hash
	n     int64
	left  int
	at    []offsets // where objects were written, by number of pack
	head  []byte
	plain packed
}

// Thin knows what the receiver of a pack has besides it.
type Thin interface {
	// Has tells whether the receiver has an object for certain.
	Has(hub.OID) bool
	// Delta returns an object that the receiver has, and a delta that makes of it the one at a position of a pack; nil when
	// there is none that makes sense.
	Delta(p *Pack, number, pos int) (base hub.OID, delta []byte, err error)
}

// NewEmitter starts a pack of n objects. End it with Close.
func NewEmitter(w io.Writer, n int) (*Emitter, error) {
	e := &Emitter{w: w, sum: sha1.New(), left: n}
	return e, e.write(appendHeader(nil, n))
}

func (e *Emitter) write(b []byte) error {
	e.sum.Write(b)
	e.n += int64(len(b))
	_, err := e.w.Write(b)
	return err
}

// errCount says that not as many objects were written as announced.
var errCount = errors.New("pack: the number of objects written is not the number announced")

// Close writes the sum that ends the pack.
func (e *Emitter) Close() error {
	e.plain.free()
	if e.left != 0 {
		return errCount
	}
	_, err := e.w.Write(e.sum.Sum(nil))
	return err
}

// copyStep is how many bytes of a pack are handed on at once.
const copyStep = 1 << 20

// AddAll writes all objects of a pack as they lie there. No delta of it may have a base by distance while the
// receiver does not understand such.
func (e *Emitter) AddAll(p *Pack, number int) error {
	end := p.t.packLen - sumSize
	e.offsets(number, p).shift = e.n - headerSize
	e.left -= p.Len()
	for off := int64(headerSize); off < end; off += copyStep {
		if err := e.copy(p, off, min(copyStep, end-off)); err != nil {
			return err
		}
	}
	return nil
}

// copy writes n bytes of a pack section.
func (e *Emitter) copy(p *Pack, off, n int64) error {
	for n > 0 {
		step := min(n, copyStep)
		b, err := p.src.Bytes(off, step)
		if err != nil {
			return err
		}
		if err := e.write(b); err != nil {
			return err
		}
		off, n = off+step, n-step
	}
	return nil
}

// Add writes one object.
func (e *Emitter) Add(p *Pack, number, pos int) error {
	start, end := p.extent(pos)
	return e.add(p, number, pos, start, end)
}

// AddWhere writes those objects of a pack for which pick says so.
func (e *Emitter) AddWhere(p *Pack, number int, pick func(pos int) bool) error {
	order := p.byOffset()
	for i, pos := range order {
		if !pick(int(pos)) {
			continue
		}
		end := p.t.packLen - sumSize
		if i+1 < len(order) {
			end = p.idx.offset(int(order[i+1]))
		}
		if err := e.add(p, number, int(pos), p.idx.offset(int(pos)), end); err != nil {
			return err
		}
	}
	return nil
}

func (e *Emitter) add(p *Pack, number, pos int, start, end int64) error {
	h, err := p.header(start)
	if err != nil {
		return err
	}
	if start+int64(h.length) > end {
		return ErrCorrupt
	}
	at := e.n
	e.left--
	if !h.isDelta() {
		e.offsets(number, p).set(pos, at)
		if thin, err := e.addThin(p, number, pos); thin || err != nil {
			return err
		}
		return e.copy(p, start, end-start)
	}
	base, err := p.basePos(pos, h)
	if err != nil {
		return err
	}
	back, written := e.written(p, number, base)
	switch {
	case !written && e.Thin != nil && e.Thin.Has(p.OID(base)):
		if err = e.refDelta(p.OID(base), h.size); err == nil {
			err = e.copy(p, start+int64(h.length), end-start-int64(h.length))
		}
	case !written:
		var thin bool
		if thin, err = e.addThin(p, number, pos); !thin && err == nil {
			err = e.addWhole(p, pos)
		}
	case e.Offsets:
		e.head = appendEntryHeader(e.head[:0], object.OfsDelta, h.size)
		e.head = appendBack(e.head, at-back)
		err = e.write(e.head)
	default:
		err = e.refDelta(p.OID(base), h.size)
	}
	if err == nil && written {
		err = e.copy(p, start+int64(h.length), end-start-int64(h.length))
	}
	e.offsets(number, p).set(pos, at)
	return err
}

// refDelta begins a delta whose base is named by its id.
func (e *Emitter) refDelta(base hub.OID, size int64) error {
	e.head = append(appendEntryHeader(e.head[:0], object.RefDelta, size), base[:]...)
	return e.write(e.head)
}

// addThin writes an object as a delta on one that the receiver has, if there is a good one.
func (e *Emitter) addThin(p *Pack, number, pos int) (bool, error) {
	if e.Thin == nil {
		return false, nil
	}
	base, delta, err := e.Thin.Delta(p, number, pos)
	if err != nil || delta == nil {
		return false, err
	}
	if err := e.refDelta(base, int64(len(delta))); err != nil {
		return false, err
	}
	var z bytes.Buffer
	if err := deflateTo(&z, fast, delta); err != nil {
		return false, err
	}
	return true, e.write(z.Bytes())
}

// written tells whether, and where, the base of a delta was written: from this pack, or from another one that has
// it too.
func (e *Emitter) written(p *Pack, number, base int) (int64, bool) {
	if at, ok := e.offsets(number, p).get(p, base); ok {
		return at, true
	}
	if e.Place == nil {
		return 0, false
	}
	other, pos, ok := e.Place(p.OID(base))
	if !ok || other >= len(e.at) || e.at[other].p == nil {
		return 0, false
	}
	return e.at[other].get(e.at[other].p, pos)
}

// addWhole writes an object whose delta is of no use to the receiver.
func (e *Emitter) addWhole(p *Pack, pos int) error {
	data, err := p.Read(pos)
	if err != nil {
		return err
	}
	raw, err := e.plain.encode(p.Kind(pos), data)
	if err != nil {
		return err
	}
	return e.write(raw)
}

// offsets are where the objects of one pack were written.
type offsets struct {
	p     *Pack
	shift int64    // of all objects, if not negative; then at is nil
	at    []uint32 // by position: 0 for not written
	high  map[int]int64
}

func (e *Emitter) offsets(number int, p *Pack) *offsets {
	for len(e.at) <= number {
		e.at = append(e.at, offsets{shift: -1})
	}
	o := &e.at[number]
	o.p = p
	return o
}

func (o *offsets) set(pos int, at int64) {
	if o.at == nil {
		o.at = make([]uint32, o.p.Len())
	}
	if at < math.MaxUint32 {
		o.at[pos] = uint32(at)
		return
	}
	// Most packs are smaller than 4 GiB, and those that are not should not cost twice the memory.
	if o.high == nil {
		o.high = map[int]int64{}
	}
	o.at[pos], o.high[pos] = math.MaxUint32, at
}

func (o *offsets) get(p *Pack, pos int) (int64, bool) {
	switch {
	case o.shift >= 0:
		return p.idx.offset(pos) + o.shift, true
	case o.at == nil || o.at[pos] == 0:
		return 0, false
	case o.at[pos] == math.MaxUint32:
		return o.high[pos], true
	}
	return int64(o.at[pos]), true
}
