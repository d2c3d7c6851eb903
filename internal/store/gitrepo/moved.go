package gitrepo

import (
	"errors"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// maxGone bounds the objects that one selection remembers as gone from their places.
const maxGone = 1 << 16

// moved finds what a commit has in another place than its parent had it, so that a file which was only renamed is not sent
// again. What a parent leads to is known to the receiver or will be sent; so what was seen to go from one place need not
// be sent when it comes to another, in the same commit or in a later one. It costs as much as the change does: of
// a directory that is gone whole, the contents are looked at only when something came that nobody has seen yet.
type moved struct {
	gone  map[hub.OID]bool
	trees []hub.OID // gone, but not yet their contents
	later []arrival // in the commit that is being walked
	room  int       // how many more objects may be remembered
}

// arrival is something that has no forerunner in its place.
type arrival struct {
	oid   hub.OID
	isDir bool
	depth int
}

func newMoved() *moved { return &moved{gone: map[hub.OID]bool{}, room: maxGone} }

// note remembers an object that is gone from its place; tree: it is a directory that is gone with all that was in it.
func (m *moved) note(oid hub.OID, tree bool) {
	if m.room <= 0 || m.gone[oid] {
		return
	}
	m.room--
	m.gone[oid] = true
	if tree {
		m.trees = append(m.trees, oid)
	}
}

// settle adds what came with the commit that was walked last, unless it was somewhere else before.
func (c *closure) settle() error {
	m := c.moved
	for len(m.later) > 0 {
		a := m.later[len(m.later)-1]
		m.later = m.later[:len(m.later)-1]
		was, err := c.wasSomewhere(a.oid)
		switch {
		case err != nil:
			return err
		case was:
		case a.isDir:
			err = c.tree(a.oid, nil, a.depth)
		default:
			err = c.blob(a.oid, a.depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wasSomewhere tells whether an object is gone from some place.
func (c *closure) wasSomewhere(oid hub.OID) (bool, error) {
	m := c.moved
	for !m.gone[oid] {
		if len(m.trees) == 0 || m.room <= 0 {
			return false, nil
		}
		tree := m.trees[0]
		m.trees = m.trees[1:]
		data, err := c.readTree(tree)
		if errors.Is(err, errMissing) {
			continue // see closure.tree
		}
		if err != nil {
			return false, err
		}
		for cur := object.NewCursor(data); ; {
			e, ok, err := cur.Next()
			if err != nil {
				return false, err
			}
			if !ok {
				break
			}
			if e.Mode != ModeSubmodule {
				m.note(e.OID(), e.IsDir())
			}
		}
	}
	return true, nil
}
