package gitrepo

import (
	"cmp"
	"context"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

const (
	// maxBaseDepth is how long chains of deltas may become; git's own default.
	maxBaseDepth = 50
	// maxDeltified is the size in bytes of the largest object for which a delta is looked for.
	maxDeltified = 16 << 20
)

// packWriter copies objects of a view into a new pack. Deltas are kept where their base comes along, and new ones are
// made for versions of what is there already.
type packWriter struct {
	g        *graph
	h        *hints // nil: no new deltas
	b        *pack.Builder
	c        *pack.Copier
	pick     func(number, pos int) bool // whether an object comes along, by pack and position
	progress func(objects int64)
}

func (k *Keeper) newPackWriter(g *graph, h *hints) (*packWriter, error) {
	dir, err := k.s.tempDir()
	if err != nil {
		return nil, err
	}
	b := pack.NewBuilder(dir, k.s.cfg.SpoolMemory)
	return &packWriter{g: g, h: h, b: b, c: pack.NewCopier(b), progress: func(int64) {}}, nil
}

func (w *packWriter) close() { w.b.Close() } // a temporary file: nothing that could be lost

// oldestFirst returns the numbers of the packs of a view, in the order in which they were born.
func (v *view) oldestFirst() []int {
	numbers := make([]int, len(v.packs))
	for i := range numbers {
		numbers[i] = i
	}
	slices.SortStableFunc(numbers, func(a, b int) int { return cmp.Compare(v.packs[a].row.BornGen, v.packs[b].row.BornGen) })
	return numbers
}

// all adds what is picked from packs, each object once.
func (w *packWriter) all(ctx context.Context, numbers []int) error {
	for _, number := range numbers {
		p := w.g.v.packs[number]
		err := p.Order(func(pos int) error {
			if w.b.Len()&255 == 0 {
				if err := ctx.Err(); err != nil {
					return err
				}
				w.progress(int64(w.b.Len()))
			}
			if !w.pick(number, pos) {
				return nil
			}
			return w.chain(p.Pack, number, pos)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// chain adds an object and before it the bases of its delta that come along too.
func (w *packWriter) chain(p *pack.Pack, number, pos int) error {
	var todo []int
	for len(todo) <= pack.MaxDeltaDepth {
		if _, held := w.c.Held(p.OID(pos)); held {
			break
		}
		todo = append(todo, pos)
		base, isDelta, err := p.IsDelta(pos)
		if err != nil {
			return err
		}
		at, ok := p.Find(base)
		if !isDelta || !ok || !w.pick(number, at) {
			break
		}
		pos = at
	}
	for _, pos := range slices.Backward(todo) {
		if err := w.put(p, number, pos); err != nil {
			return err
		}
	}
	return nil
}

// put adds one object: as the delta that it is, as a new delta, or whole.
func (w *packWriter) put(p *pack.Pack, number, pos int) error {
	w.g.pace.Step()
	_, isDelta, err := p.IsDelta(pos)
	if err != nil {
		return err
	}
	if isDelta {
		if ok, err := w.c.CopyHeld(p, pos, maxBaseDepth); ok || err != nil {
			return err
		}
	}
	if ok, err := w.deltify(p, number, pos); ok || err != nil {
		return err
	}
	return w.c.AddWhole(p, pos)
}

// deltify adds an object as a delta on its earlier version, if that is there and it makes sense.
func (w *packWriter) deltify(p *pack.Pack, number, pos int) (bool, error) {
	if w.h == nil || p.Size(pos) > maxDeltified || p.Size(pos) < 32 {
		return false, nil
	}
	oid := p.OID(pos)
	base, ok := w.h.base(oid)
	if !ok {
		return false, nil
	}
	if depth, held := w.c.Held(base); !held || depth >= maxBaseDepth {
		if base = w.h.earlier[oid]; !w.usable(base) {
			return false, nil
		}
	}
	from, ok, err := w.read(base, p.Kind(pos))
	if err != nil || !ok {
		return false, err
	}
	target, err := w.g.read.object(p, number, pos)
	if err != nil {
		return false, err
	}
	delta := object.MakeDelta(from, target, len(target)/2)
	if delta == nil {
		return false, nil
	}
	return w.c.AddDelta(p, pos, base, delta)
}

func (w *packWriter) usable(base hub.OID) bool {
	depth, held := w.c.Held(base)
	return held && depth < maxBaseDepth
}

func (w *packWriter) read(oid hub.OID, kind object.Kind) ([]byte, bool, error) {
	_, number, pos, ok := w.g.find(oid)
	if !ok || w.g.v.packs[number].Kind(pos) != kind || w.g.v.packs[number].Size(pos) > maxDeltified {
		return nil, false, nil
	}
	data, err := w.g.read.object(w.g.v.packs[number].Pack, number, pos)
	return data, err == nil, err
}
