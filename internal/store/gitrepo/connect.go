package gitrepo

import (
	"context"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// Connection checks that what new tips lead to is there: in the pack that was pushed, or reachable from refs that the
// repository has. That an object merely lies in the repository is not enough: it may be the garbage of a history
// that was taken back, about to be removed and not to be seen again.
//
// Only new commits are looked at, and of their trees only what differs from their parents'. What they refer to besides is
// collected, and is nearly always found among what stood in its place before; else all that the refs lead to is
// worked out once.
type Connection struct {
	in    *Incoming
	g     *graph
	tips  []hub.OID // of existing refs
	isTip map[hub.OID]bool
	seen  bitset           // objects of the pack that have been followed
	due   map[hub.OID]bool // objects of the repository that have to be proven reachable
	stood map[hub.OID]bool // objects that stood in trees of commits that have to be proven reachable
	bases map[hub.OID]bool // due as bases of deltas
	seer  func(NewFile) error
	// ends are the tips that were followed. As long as inside holds they lead to what is in seen, and to nothing else.
	ends   []hub.OID
	inside bool
}

// NewFile is a file that a push brings.
type NewFile struct {
	Path func() string
	Mode uint32
	OID  hub.OID
	Size int64 // in bytes
}

// Connect starts to check a push against the refs that the repository had.
func (in *Incoming) Connect(ctx context.Context) *Connection {
	c := &Connection{
		in: in, g: newGraph(ctx, in.all, nil), isTip: map[hub.OID]bool{},
		due: map[hub.OID]bool{}, stood: map[hub.OID]bool{}, bases: map[hub.OID]bool{}, inside: true,
	}
	in.connection = c
	c.seen = newBitset(c.g.total())
	for _, r := range in.refs {
		if !c.isTip[r.Target] {
			c.isTip[r.Target] = true
			c.tips = append(c.tips, r.Target)
		}
	}
	for _, oid := range in.bases {
		c.bases[oid] = true
	}
	return c
}

// Tip checks one new tip, and calls seer for each file that it brings and that no earlier tip brought. Unprocessable,
// "missing necessary objects", when something is missing; then the connection is of no use any more.
func (c *Connection) Tip(oid hub.OID, seer func(NewFile) error) error {
	if c.isTip[oid] {
		c.inside = false
		return nil
	}
	c.ends = append(c.ends, oid)
	c.seer = seer
	return missing(c.follow(oid))
}

// refer notes that new objects refer to one of the repository.
func (c *Connection) refer(oid hub.OID) {
	c.due[oid] = true
	c.inside = false
}

func (c *Connection) follow(oid hub.OID) error {
	for range maxTagDepth {
		slot, number, pos, ok := c.g.find(oid)
		if !ok {
			return absent(oid)
		}
		if number != 0 {
			c.refer(oid)
			return nil
		}
		switch c.in.open.Kind(pos) {
		case object.KindCommit:
			return c.commits(oid)
		case object.KindTree:
			return c.tree(oid, nil, nil)
		case object.KindBlob:
			return c.blob(slot, pos, object.ModeFile, nil)
		}
		data, err := c.in.open.Read(pos)
		if err != nil {
			return err
		}
		tag, err := object.ParseTag(data)
		if err != nil {
			return err
		}
		c.seen.set(slot)
		if k, ok := c.g.v.kind(tag.Target); ok && k != tag.Kind {
			return hub.Errorf(hub.Unprocessable, "The tag %s calls a %s a %s.", oid, k, tag.Kind)
		}
		oid = tag.Target
	}
	return hub.Errorf(hub.Unprocessable, "The tag %s is a tag of a tag too many times over.", oid)
}

// commits goes through the new commits that lead to one, each after its parents.
func (c *Connection) commits(from hub.OID) error {
	first, err := c.g.commit(from)
	if err != nil {
		return err
	}
	type frame struct {
		node int32
		next int
	}
	stack := []frame{{node: first}}
	if !c.seen.add(c.g.nodes[first].slot) {
		return nil
	}
	for len(stack) > 0 {
		f := &stack[len(stack)-1]
		ps, err := c.g.parents(f.node)
		if err != nil {
			return err
		}
		if f.next == len(ps) {
			if err := c.files(f.node, ps); err != nil {
				return err
			}
			stack = stack[:len(stack)-1]
			continue
		}
		p := ps[f.next]
		f.next++
		n := &c.g.nodes[p]
		switch {
		case !c.isNew(p):
			c.inside = false
			if !c.isTip[n.oid] {
				c.due[n.oid] = true
			}
		case c.seen.add(n.slot):
			stack = append(stack, frame{node: p})
		}
	}
	return nil
}

// isNew tells whether a commit came with the pack, whose objects have the first numbers.
func (c *Connection) isNew(i int32) bool { return c.g.nodes[i].slot < c.in.open.Len() }

func (c *Connection) files(i int32, parents []int32) error {
	bases := make([]side, len(parents))
	for k, p := range parents {
		bases[k] = side{c.g.nodes[p].tree, !c.isNew(p)}
	}
	return c.tree(c.g.nodes[i].tree, bases, nil)
}

// side is a tree that a new one is compared with. old says that it is one of a commit of the repository, which must be
// proven reachable itself.
type side struct {
	oid hub.OID
	old bool
}

// place is the path of a tree, from its end to the root.
type place struct {
	up   *place
	name string
	deep int
}

func (p *place) path(name string) string {
	parts := []string{name}
	for ; p != nil; p = p.up {
		parts = append(parts, p.name)
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteString(parts[i])
		if i > 0 {
			b.WriteByte('/')
		}
	}
	return b.String()
}

func (c *Connection) tree(oid hub.OID, bases []side, at *place) error {
	for _, b := range bases {
		if b.oid == oid {
			return nil
		}
	}
	slot, number, pos, ok := c.g.find(oid)
	switch {
	case !ok && oid == object.EmptyTree:
		return nil
	case !ok:
		return absent(oid)
	case c.g.v.packs[number].Kind(pos) != object.KindTree:
		return hub.Errorf(hub.Unprocessable, "The object %s is used as a directory, and is none.", oid)
	case at != nil && at.deep >= MaxSegments:
		return hub.Errorf(hub.Unprocessable, "Directories are nested deeper than %d.", MaxSegments)
	}
	for _, b := range bases {
		if b.old {
			c.stood[b.oid] = true
		}
	}
	if number != 0 {
		c.refer(oid)
		return nil
	}
	if !c.seen.add(slot) {
		return nil
	}
	if err := c.g.ctx.Err(); err != nil {
		return err
	}
	c.g.pace.Step()
	data, err := c.g.read.object(c.in.open, number, pos)
	if err != nil {
		return err
	}
	m, err := c.sides(bases)
	if err != nil {
		return err
	}
	return c.entries(object.NewCursor(data), m, at)
}

// sides opens the trees to compare with.
func (c *Connection) sides(bases []side) (*compared, error) {
	m := &compared{stood: c.stood}
	for _, b := range bases {
		_, number, pos, ok := c.g.find(b.oid)
		if !ok || c.g.v.packs[number].Kind(pos) != object.KindTree {
			continue // the empty tree
		}
		data, err := c.g.read.object(c.g.v.packs[number].Pack, number, pos)
		if err != nil {
			return nil, err
		}
		t := comparedTree{old: b.old}
		t.cur = object.NewCursor(data)
		if err := t.next(); err != nil {
			return nil, err
		}
		m.trees = append(m.trees, t)
	}
	return m, nil
}

func (c *Connection) entries(cur object.Cursor, m *compared, at *place) error {
	for {
		if len(m.trees) == 1 {
			m.trees[0].skip(&cur)
		}
		e, ok, err := cur.Next()
		if err != nil {
			return err
		}
		if !ok {
			return m.rest()
		}
		same, below, err := m.at(e)
		if err != nil {
			return err
		}
		if same || e.Mode == ModeSubmodule {
			continue
		}
		name := string(e.Name)
		if e.IsDir() {
			deep := 1
			if at != nil {
				deep += at.deep
			}
			if err := c.tree(e.OID(), below, &place{at, name, deep}); err != nil {
				return err
			}
			continue
		}
		oid := e.OID()
		slot, number, pos, ok := c.g.find(oid)
		switch {
		case !ok:
			return absent(oid)
		case c.g.v.packs[number].Kind(pos) != object.KindBlob:
			return hub.Errorf(hub.Unprocessable, "The object %s is used as a file, and is none.", oid)
		case number != 0:
			c.refer(oid)
		default:
			if err := c.blob(slot, pos, e.Mode, func() string { return at.path(name) }); err != nil {
				return err
			}
		}
	}
}

func (c *Connection) blob(slot, pos int, mode uint32, path func() string) error {
	if !c.seen.add(slot) {
		return nil
	}
	f := NewFile{Path: path, Mode: mode, OID: c.in.open.OID(pos), Size: c.in.open.Size(pos)}
	if path == nil {
		f.Path = func() string { return f.OID.String() }
	}
	return c.seer(f)
}
