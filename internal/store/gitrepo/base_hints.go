package gitrepo

import (
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

const (
	// maxHints bounds the objects whose earlier version is remembered, and so the memory: some 150 bytes each.
	maxHints = 2 << 20
	// hintStep is the length of a run of versions that are each based on the one before. The first of a run is based
	// on the first of the run before, those on each other in runs again, and so on: chains of deltas grow with the
	// logarithm of the number of versions, and deltas stay small.
	hintStep = 12
)

// hints tell of objects which other one is their earlier version: what stood at the same path one commit before.
// Deltas on that are small, and finding it is cheaper than trying many.
type hints struct {
	earlier map[hub.OID]hub.OID
	number  map[hub.OID]int // of versions before; absent for the first
}

func newHints() *hints {
	return &hints{earlier: map[hub.OID]hub.OID{}, number: map[hub.OID]int{}}
}

// learn looks at commits, parents first.
func (h *hints) learn(g *graph, commits []int32) error {
	for _, i := range commits {
		ps, err := g.parents(i)
		if err != nil {
			return err
		}
		if len(ps) == 0 {
			continue
		}
		if err := h.trees(g, g.nodes[ps[0]].tree, g.nodes[i].tree, 0); err != nil {
			return err
		}
		if len(h.earlier) > maxHints {
			return nil
		}
	}
	return nil
}

// note remembers that b came after a, unless b is older than that.
func (h *hints) note(a, b hub.OID) {
	if _, seen := h.number[b]; seen {
		return
	}
	h.number[a] += 0 // a is seen now, so that nothing can come to be earlier than itself
	h.earlier[b], h.number[b] = a, h.number[a]+1
}

func (h *hints) trees(g *graph, a, b hub.OID, depth int) error {
	if a == b || a == object.EmptyTree || b == object.EmptyTree || depth > maxTreeDepth {
		return nil
	}
	if _, seen := h.earlier[b]; seen {
		return nil
	}
	h.note(a, b)
	was, err := g.tree(a)
	if err != nil {
		return err
	}
	is, err := g.tree(b)
	if err != nil {
		return err
	}
	m := newMerge([]object.Cursor{object.NewCursor(was)})
	for cur := object.NewCursor(is); ; {
		e, ok, err := cur.Next()
		if err != nil || !ok {
			return err
		}
		if _, _, err := m.at(e); err != nil {
			return err
		}
		old := m.trees[0]
		if !old.ok || string(old.e.Name) != string(e.Name) || old.e.IsDir() != e.IsDir() || old.e.OID() == e.OID() {
			continue
		}
		switch {
		case e.IsDir():
			if err := h.trees(g, old.e.OID(), e.OID(), depth+1); err != nil {
				return err
			}
		case e.Mode != ModeSubmodule && old.e.Mode != ModeSubmodule:
			h.note(old.e.OID(), e.OID())
		}
	}
}

// tree returns the bytes of a tree.
func (g *graph) tree(oid hub.OID) ([]byte, error) {
	c := closure{g: g}
	return c.readTree(oid)
}

// base returns the version that an object's delta is best based on.
func (h *hints) base(oid hub.OID) (hub.OID, bool) {
	n, steps := h.number[oid], 1
	if n == 0 {
		return hub.ZeroOID, false
	}
	for n%hintStep == 0 {
		n, steps = n/hintStep, steps*hintStep
	}
	at, ok := oid, false
	for range steps {
		e, there := h.earlier[at]
		if !there {
			break
		}
		at, ok = e, true
	}
	return at, ok
}
