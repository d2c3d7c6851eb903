package pack

import (
	"io"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pace"
)

// worker resolves one tree of deltas at a time.
type worker struct {
	*resolver
	path  []level
	held  int64 // bytes of data in path
	delta []byte
	spare [][]byte // of objects that are done with
	pace  pace.Pacer
}

// level is an object on the way from a base to the delta that is being resolved.
type level struct {
	entry int
	delta int    // index in deltas; noDelta for the base
	data  []byte // nil until it is needed, and when it was dropped
	next  int32  // delta on it that is due
}

// What a worker keeps to write further objects into: so many slices of at most so many bytes.
const (
	maxSpare     = 16
	maxSpareSize = 256 << 10
)

// tree resolves all that is based on an entry, depth first.
func (w *worker) tree(root int) error {
	w.path, w.held = w.path[:0], 0
	w.push(level{entry: root, delta: noDelta, next: w.first[root]})
	for len(w.path) > 0 {
		if err := w.x.ctx.Err(); err != nil {
			return err
		}
		w.pace.Step()
		top := len(w.path) - 1
		l := &w.path[top]
		if l.next == noDelta {
			w.held -= int64(len(l.data))
			w.reuse(l.data)
			w.path = w.path[:top]
			continue
		}
		child := int(l.next)
		l.next = w.x.deltas[child].next
		if len(w.path) > MaxDeltaDepth {
			return malformed("a chain of deltas is too long")
		}
		data, err := w.apply(top, child)
		if err != nil {
			return err
		}
		entry, err := w.known(child, data)
		if err != nil {
			return err
		}
		if w.link(entry); w.first[entry] != noDelta {
			w.push(level{entry: entry, delta: child, data: data, next: w.first[entry]})
		} else {
			w.reuse(data)
		}
	}
	return nil
}

// reuse keeps the memory of an object that nobody needs any more.
func (w *worker) reuse(b []byte) {
	if cap(b) > 0 && cap(b) <= maxSpareSize && len(w.spare) < maxSpare {
		w.spare = append(w.spare, b[:0])
	}
}

// room returns memory to write an object into, nil if there is none.
func (w *worker) room() (b []byte) {
	if n := len(w.spare); n > 0 {
		w.spare, b = w.spare[:n-1], w.spare[n-1]
	}
	return b
}

// push goes one level deeper and drops what is too much, the furthest first.
func (w *worker) push(l level) {
	w.path = append(w.path, l)
	w.held += int64(len(l.data))
	for i := 0; w.held > heldBytes && i < len(w.path)-1; i++ {
		w.held -= int64(len(w.path[i].data))
		w.path[i].data = nil
	}
}

// data returns the object at a level, made again from the nearest level that still has its own.
func (w *worker) data(at int) ([]byte, error) {
	from := at
	for from > 0 && w.path[from].data == nil {
		from--
	}
	data := w.path[from].data
	if data == nil {
		var err error
		e := w.x.b.entries[w.path[from].entry]
		if data, err = w.inflate(e.offset, w.room()); err != nil {
			return nil, err
		}
	}
	for i := from + 1; i <= at; i++ {
		var err error
		if data, err = w.patch(data, w.path[i].delta); err != nil {
			return nil, err
		}
	}
	if w.path[at].data == nil {
		w.path[at].data = data
		w.held += int64(len(data))
	}
	return data, nil
}

// apply makes the object of a delta based on a level.
func (w *worker) apply(at, child int) ([]byte, error) {
	base, err := w.data(at)
	if err != nil {
		return nil, err
	}
	return w.patch(base, child)
}

func (w *worker) patch(base []byte, child int) ([]byte, error) {
	delta := w.x.deltas[child].data
	if delta == nil {
		var err error
		if w.delta, err = w.inflate(w.x.b.entries[w.x.deltas[child].entry].offset, w.delta[:0]); err != nil {
			return nil, err
		}
		delta = w.delta
	}
	if _, size, err := object.DeltaSizes(delta); err == nil {
		if size > MaxWhole {
			return nil, hub.Errorf(hub.TooLarge, "A git object of %d bytes that is sent as a delta is larger than %d bytes.", size, MaxWhole)
		}
		if err := w.count(size); err != nil {
			return nil, err
		}
	}
	data, err := object.AppendDelta(w.room(), base, delta, MaxWhole)
	if err != nil {
		return nil, malformed("a delta does not fit its base")
	}
	return data, nil
}

func (w *worker) count(size int64) error {
	if w.inflated.Add(size) > w.x.in.Limits.Inflated {
		return w.x.bomb()
	}
	return nil
}

// inflate appends to buf the inflated bytes of the entry at an offset. They are as many as announced: they were read to their end
// when they arrived.
func (w *worker) inflate(off int64, buf []byte) ([]byte, error) {
	src := w.x.src
	var raw [maxEntryHeader]byte
	n, err := src.ReadAt(raw[:min(int64(len(raw)), src.Size()-off)], off)
	if err != nil && err != io.EOF {
		return nil, err
	}
	h, err := parseEntryHeader(raw[:n])
	if err != nil {
		return nil, err
	}
	if h.size > MaxWhole {
		return nil, hub.Errorf(hub.TooLarge, "A git object of %d bytes that deltas are based on is larger than %d bytes.", h.size, MaxWhole)
	}
	off += int64(h.length)
	return inflateEntry(src, off, src.Size()-off, h.size, buf)
}

// known records what a delta has made.
func (w *worker) known(child int, data []byte) (entry int, err error) {
	x := w.x
	i := int(x.deltas[child].entry)
	e := x.b.entries[i]
	e.kind, e.size = x.b.entries[w.path[0].entry].kind, int64(len(data))
	if e.oid, err = object.Hash(e.kind, data); err != nil {
		return 0, hashError(err)
	}
	if err := x.look(&e, data); err != nil {
		return 0, err
	}
	x.show(&e, data)
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, twice := x.b.byOID[e.oid]; twice {
		return 0, malformed("the object " + e.oid.String() + " stands in it twice")
	}
	x.b.entries[i] = e
	x.b.byOID[e.oid] = i
	w.done++
	return i, nil
}
