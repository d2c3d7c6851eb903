package pack

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"hash"
	"io"

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
	// Sum is the SHA-1 that ends the pack, if it is known from the last time that the very same was written: adding up
	// takes longer than all the rest. After Close it is the one that was written.
	Sum hub.OID

	w     io.Writer
	sum   hash.Hash
	n     int64 // bytes of the pack so far, those that wait included
	left  int
	runs  []runs // what was written, by number of pack
	wait  stretch
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

// out sends bytes.
func (e *Emitter) out(b []byte) error {
	if e.Sum.IsZero() {
		e.sum.Write(b)
	}
	_, err := e.w.Write(b)
	return err
}

// write sends bytes that stand in no pack.
func (e *Emitter) write(b []byte) error {
	if err := e.settle(); err != nil {
		return err
	}
	e.n += int64(len(b))
	return e.out(b)
}

// errCount says that not as many objects were written as announced.
var errCount = errors.New("pack: the number of objects written is not the number announced")

// Close writes the sum that ends the pack.
func (e *Emitter) Close() error {
	e.plain.free()
	if e.left != 0 {
		return errCount
	}
	if err := e.settle(); err != nil {
		return err
	}
	if e.Sum.IsZero() {
		e.Sum = hub.OID(e.sum.Sum(nil))
	}
	_, err := e.w.Write(e.Sum[:])
	return err
}

// AddAll writes all objects of a pack as they lie there. No delta of it may have a base by distance while the
// receiver does not understand such.
func (e *Emitter) AddAll(p *Pack, number int) error {
	e.left -= p.Len()
	return e.as(p, number, headerSize, p.t.packLen-sumSize)
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
		if thin, err := e.addThin(p, number, pos); thin || err != nil {
			e.note(p, number, run{start, end, at - start})
			return err
		}
		return e.as(p, number, start, end)
	}
	body := start + int64(h.length)
	if h.kind == object.OfsDelta && e.Offsets {
		if base, ok := e.at(number).find(start - h.back); ok {
			if at-base == h.back {
				return e.as(p, number, start, end) // all between them is written too
			}
			err := e.offsetDelta(p, at-base, h.size, body, end)
			e.note(p, number, run{start, end, at - start})
			return err
		}
	}
	base, err := p.basePos(pos, h)
	if err != nil {
		return err
	}
	back, written := e.written(p, number, base)
	switch {
	case !written && e.Thin != nil && e.Thin.Has(p.OID(base)):
		err = e.refDelta(p, p.OID(base), h.size, body, end)
	case !written:
		var thin bool
		if thin, err = e.addThin(p, number, pos); !thin && err == nil {
			err = e.addWhole(p, pos)
		}
	case e.Offsets:
		err = e.offsetDelta(p, at-back, h.size, body, end)
	default:
		err = e.refDelta(p, p.OID(base), h.size, body, end)
	}
	e.note(p, number, run{start, end, at - start})
	return err
}

// offsetDelta writes a delta whose base is so many bytes back, and whose compressed bytes stand in a pack.
func (e *Emitter) offsetDelta(p *Pack, back, size, from, to int64) error {
	e.head = appendEntryHeader(e.head[:0], object.OfsDelta, size)
	e.head = appendBack(e.head, back)
	if err := e.write(e.head); err != nil {
		return err
	}
	return e.copy(p, from, to)
}

// refDelta writes a delta whose base is named by its id, and whose compressed bytes stand in a pack.
func (e *Emitter) refDelta(p *Pack, base hub.OID, size, from, to int64) error {
	if err := e.refHeader(base, size); err != nil {
		return err
	}
	return e.copy(p, from, to)
}

func (e *Emitter) refHeader(base hub.OID, size int64) error {
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
	if err := e.refHeader(base, int64(len(delta))); err != nil {
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
	if at, ok := e.at(number).find(p.idx.offset(base)); ok {
		return at, true
	}
	if e.Place == nil {
		return 0, false
	}
	other, pos, ok := e.Place(p.OID(base))
	if !ok || other >= len(e.runs) || e.runs[other].p == nil {
		return 0, false
	}
	return e.runs[other].find(e.runs[other].p.idx.offset(pos))
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
