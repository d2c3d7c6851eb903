package gitrepo

import (
	"errors"
	"fmt"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// maxTreeDepth bounds how deep walks follow trees; see MaxSegments, which pushes are held to as well.
const maxTreeDepth = 4 * MaxSegments

// closure collects all objects that commits, trees and tags lead to.
type closure struct {
	g      *graph
	filter Filter
	set    bitset
	asked  []int       // slots of what was asked for by id, or by tags
	depths map[int]int // depth by slot at which a tree was last walked, if the filter goes by depth
	moved  *moved      // nil: what stands in another place than before counts as new
}

func newClosure(g *graph, f Filter) *closure {
	c := &closure{g: g, filter: f, set: newBitset(g.total())}
	if f.byDepth() {
		c.depths = map[int]int{}
	}
	return c
}

// commits adds commits and what is new in them. Each must come behind those of its parents that are in the list; the
// others are known to the receiver, whole. A commit without parents is compared with the trees in near instead, of
// which the receiver has all.
//
// Comparing with the parents makes the cost of a commit that of its change. It is right because, in this order, all
// that a parent leads to is in the set or known before its children are looked at.
func (c *closure) commits(list []int32, near []hub.OID) error {
	if len(near) > 0 && !c.filter.byDepth() {
		c.moved = newMoved() // worth looking for when there is a receiver that has something
	}
	for _, i := range list {
		n := &c.g.nodes[i]
		if !c.set.add(n.slot) {
			continue
		}
		ps, err := c.g.parents(i)
		if err != nil {
			return err
		}
		bases := near
		if len(ps) > 0 {
			bases = make([]hub.OID, len(ps))
			for k, p := range ps {
				bases[k] = c.g.nodes[p].tree
			}
		}
		if c.moved != nil && c.moved.gone[n.tree] {
			continue
		}
		if err := c.tree(n.tree, bases, 0); err != nil {
			return err
		}
		if c.moved == nil {
			continue
		}
		if len(bases) == 1 && bases[0] != n.tree {
			c.moved.note(bases[0], false)
		}
		if err := c.settle(); err != nil {
			return err
		}
	}
	return nil
}

// tree adds a tree and all below it, except what stands at the same place of one of the bases.
func (c *closure) tree(oid hub.OID, bases []hub.OID, depth int) error {
	if !c.filter.takesTree(depth) {
		return nil
	}
	for _, b := range bases {
		if b == oid {
			return nil
		}
	}
	slot, number, pos, ok := c.g.find(oid)
	if !ok {
		if oid == object.EmptyTree {
			return nil // git knows it without having it
		}
		return fmt.Errorf("%w: tree %s of repository %s", errMissing, oid, c.g.v.repo)
	}
	if !c.enter(slot, depth) {
		return nil
	}
	if depth > maxTreeDepth {
		return hub.Errorf(hub.Unprocessable, "Directories are nested too deep.")
	}
	if err := c.g.ctx.Err(); err != nil {
		return err
	}
	c.g.pace.Step()
	p := c.g.v.packs[number]
	if p.Kind(pos) != object.KindTree {
		return fmt.Errorf("%w: tree %s of repository %s", errMissing, oid, c.g.v.repo)
	}
	data, err := c.g.read.object(p.Pack, number, pos)
	if err != nil {
		return err
	}
	others := make([]object.Cursor, 0, len(bases))
	for _, b := range bases {
		if b.IsZero() {
			continue
		}
		data, err := c.readTree(b)
		if errors.Is(err, errMissing) {
			continue // a receiver has what is not whole here: there is nothing to compare with
		}
		if err != nil {
			return err
		}
		others = append(others, object.NewCursor(data))
	}
	m := newMerge(others)
	if c.moved != nil && len(others) == 1 {
		m.gone = c.moved.note
	}
	return c.entries(object.NewCursor(data), m, depth+1)
}

// enter tells whether a tree has to be walked.
func (c *closure) enter(slot, depth int) bool {
	isNew := c.set.add(slot)
	if c.depths == nil {
		return isNew
	}
	// Less deep than before, more of what is below it is wanted.
	if before, ok := c.depths[slot]; ok && before <= depth {
		return false
	}
	c.depths[slot] = depth
	return true
}

func (c *closure) readTree(oid hub.OID) ([]byte, error) {
	_, number, pos, ok := c.g.find(oid)
	if !ok && oid == object.EmptyTree {
		return nil, nil
	}
	if !ok || c.g.v.packs[number].Kind(pos) != object.KindTree {
		return nil, fmt.Errorf("%w: tree %s of repository %s", errMissing, oid, c.g.v.repo)
	}
	return c.g.read.object(c.g.v.packs[number].Pack, number, pos)
}

// entries adds what a tree names.
func (c *closure) entries(cur object.Cursor, others *merge, depth int) error {
	for {
		if len(others.trees) == 1 {
			others.trees[0].skip(&cur)
		}
		e, ok, err := cur.Next()
		if err != nil {
			return err
		}
		if !ok {
			return others.rest()
		}
		same, below, err := others.at(e)
		if err != nil {
			return err
		}
		switch {
		case same, e.Mode == ModeSubmodule:
		case c.moved != nil && (len(below) == 0 || c.moved.gone[e.OID()]):
			c.moved.later = append(c.moved.later, arrival{e.OID(), e.IsDir(), depth})
		case e.IsDir():
			if err := c.tree(e.OID(), below, depth); err != nil {
				return err
			}
		default:
			if err := c.blob(e.OID(), depth); err != nil {
				return err
			}
		}
	}
}

func (c *closure) blob(oid hub.OID, depth int) error {
	slot, number, pos, ok := c.g.find(oid)
	if !ok {
		return fmt.Errorf("%w: blob %s of repository %s", errMissing, oid, c.g.v.repo)
	}
	if !c.set.has(slot) && c.filter.takesBlob(c.g.v.packs[number].Size(pos), depth) {
		c.set.set(slot)
	}
	return nil
}

// want notes an object that comes whatever the filter says. It must be there. Tags are added here, others later.
func (c *closure) want(oid hub.OID) {
	slot, number, pos, ok := c.g.find(oid)
	if !ok {
		return // the empty tree
	}
	c.asked = append(c.asked, slot)
	if c.g.v.packs[number].Kind(pos) == object.KindTag {
		c.set.set(slot)
	}
}

// drop takes out again what only had to be walked through.
func (c *closure) drop() {
	if c.filter.omit == 0 {
		return
	}
	kept := newBitset(c.g.total())
	for _, slot := range c.asked {
		if c.set.has(slot) {
			kept.set(slot)
		}
	}
	for i, p := range c.g.v.packs {
		for pos := range p.Len() {
			if slot := c.g.base[i] + pos; c.filter.omit.has(p.Kind(pos)) && !kept.has(slot) {
				c.set.clear(slot)
			}
		}
	}
}

// object adds an object that was asked for by its id, and what it leads to. Commits are only added themselves. A tree that is
// asked for counts for no level: what is in it stands at depth 0, as git has it.
func (c *closure) object(oid hub.OID) error {
	slot, number, pos, ok := c.g.find(oid)
	if !ok {
		return fmt.Errorf("%w: %s of repository %s", errMissing, oid, c.g.v.repo)
	}
	if c.g.v.packs[number].Kind(pos) == object.KindTree {
		if err := c.tree(oid, nil, -1); err != nil {
			return err
		}
	}
	c.set.set(slot)
	return nil
}

// merge goes through several trees in step with another one.
type merge struct {
	trees []mergeTree
	gone  func(oid hub.OID, whole bool) // told of what the other one does not have; whole: nor a directory in its place; nil
}

// mergeTree stands at its entry e, or at its end; from is before it and cur behind.
type mergeTree struct {
	from, cur object.Cursor
	e         object.RawEntry
	ok        bool
}

func (t *mergeTree) next() (err error) {
	t.from = t.cur
	t.e, t.ok, err = t.cur.Next()
	return err
}

// skip goes on, together with another tree, past entries that both have.
func (t *mergeTree) skip(cur *object.Cursor) {
	if t.ok {
		t.cur = t.from
		object.SkipCommon(cur, &t.cur)
		t.next() // what could be wrong with its bytes was found when they were stored
	}
}

func newMerge(cs []object.Cursor) *merge {
	m := &merge{}
	for _, c := range cs {
		t := mergeTree{cur: c}
		t.next() // as in skip
		m.trees = append(m.trees, t)
	}
	return m
}

// at tells whether one of the trees has the very entry e, and otherwise which directories they have in its place. Entries
// must be asked for in the order of a tree.
func (m *merge) at(e object.RawEntry) (same bool, below []hub.OID, err error) {
	for i := range m.trees {
		t := &m.trees[i]
		for t.ok && t.e.Compare(e) < 0 {
			if err := m.pass(t); err != nil {
				return false, nil, err
			}
		}
		if !t.ok || string(t.e.Name) != string(e.Name) {
			continue
		}
		if string(t.e.Bytes) == string(e.Bytes) {
			return true, nil, nil
		}
		if e.IsDir() && t.e.IsDir() {
			below = append(below, t.e.OID())
		}
		if m.gone != nil && t.e.Mode != ModeSubmodule {
			m.gone(t.e.OID(), false)
		}
	}
	return false, below, nil
}

// pass goes on past an entry that the other tree does not have.
func (m *merge) pass(t *mergeTree) error {
	if m.gone != nil && t.e.Mode != ModeSubmodule {
		m.gone(t.e.OID(), t.e.IsDir())
	}
	return t.next()
}

// rest goes through what the trees have behind the end of the other one, if somebody is to be told.
func (m *merge) rest() error {
	for i := range m.trees {
		for t := &m.trees[i]; m.gone != nil && t.ok; {
			if err := m.pass(t); err != nil {
				return err
			}
		}
	}
	return nil
}
