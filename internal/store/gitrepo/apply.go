package gitrepo

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// TreeChange is one step of a change of a tree. Steps take effect in their order.
type TreeChange struct {
	Path      string  // from the root
	Mode      uint32  // ModeFile, ModeExecutable or ModeSymlink; 0 deletes the file
	OID       hub.OID // blob, in this writer or in the repository
	Content   bool    // new content only: a ModeFile in the place of an executable file is executable as well
	DeleteDir bool    // deletes the directory and all below it; Mode and OID are zero
}

// Apply returns the tree that changes make of parentTree, writing the directories that differ; its cost grows with
// the directories touched, not with the repository. base is where parentTree lies; nil is the view of Begin. A
// zero parentTree is an empty one, and it may also be one that this writer made.
//
// Directories left empty vanish. A file takes the place of a directory and the other way round, except that one
// change may not add both.
//
// Unprocessable: a path or mode that is not allowed, or a file and a file below it in one change.
// EntryNotFound: a deleted path that does not exist. Then nothing is changed.
func (w *Writer) Apply(ctx context.Context, base *Snapshot, parentTree hub.OID, changes []TreeChange) (hub.OID, error) {
	if w.b == nil {
		return hub.ZeroOID, errEnded
	}
	if base == nil {
		base = w.base
	}
	v, done, err := base.use()
	if err != nil {
		return hub.ZeroOID, err
	}
	defer done()
	root := &overlay{}
	for i := range changes {
		if err := w.stage(root, v, &changes[i]); err != nil {
			return hub.ZeroOID, err
		}
	}
	m := merger{ctx: ctx, w: w, v: v}
	oid, err := m.directory(root, parentTree)
	if err != nil {
		return hub.ZeroOID, err
	}
	if oid.IsZero() {
		return w.add(object.KindTree, nil)
	}
	if _, held := w.b.Has(oid); !held {
		w.applied[oid] = true
	}
	return oid, nil
}

// overlay is what the steps so far say about one path and what lies below it.
type overlay struct {
	state    overlayState
	mode     uint32 // of a file
	content  bool   // as in TreeChange
	oid      hub.OID
	cleared  bool // what the parent tree has below this path is gone
	must     must
	path     string // for errors; set with must
	children map[string]*overlay
}

type overlayState uint8

const (
	untouched overlayState = iota // as in the parent tree, but for the children
	isFile
	isGone // also when children are added again: then they are all there is
)

// must is what the parent tree has to have at a path because a step deletes it.
type must uint8

const (
	mustNothing must = iota
	mustFile
	mustDir
)

// stage checks one step and puts it over those before.
func (w *Writer) stage(root *overlay, v *view, c *TreeChange) error {
	if err := CheckPath(c.Path); err != nil {
		return err
	}
	add := c.Mode != 0
	if add {
		if err := w.checkAdd(v, c); err != nil {
			return err
		}
	}
	at := root
	for segment := range strings.SplitSeq(c.Path, "/") {
		if at.state == isFile {
			if add {
				return hub.Errorf(hub.Unprocessable, "The change has %q both as a file and as a directory.", c.Path)
			}
			return noFile(c.DeleteDir)
		}
		at = at.child(segment)
	}
	switch {
	case add:
		if at.hasFiles() {
			return hub.Errorf(hub.Unprocessable, "The change has %q both as a file and as a directory.", c.Path)
		}
		at.state, at.mode, at.content, at.oid, at.children = isFile, c.Mode, c.Content, c.OID, nil
	case c.DeleteDir:
		if at.state == isFile {
			return noFile(true)
		}
		if at.state == untouched && !at.hasFiles() {
			at.must, at.path = mustDir, c.Path
		}
		at.state, at.cleared, at.children = isGone, true, nil
	default:
		if at.hasFiles() {
			return noFile(false)
		}
		if at.state == untouched {
			at.must, at.path = mustFile, c.Path
		}
		at.state, at.children = isGone, nil
	}
	return nil
}

func noFile(dir bool) error {
	if dir {
		return hub.Errorf(hub.EntryNotFound, "A folder with this name doesn't exist")
	}
	return hub.Errorf(hub.EntryNotFound, "A file with this name doesn't exist")
}

func (w *Writer) checkAdd(v *view, c *TreeChange) error {
	switch c.Mode {
	case ModeFile, ModeExecutable:
	case ModeSymlink:
		if err := checkSymlink(c.Path); err != nil {
			return err
		}
	default:
		return hub.Errorf(hub.Unprocessable, "%o is not a mode that a file may have.", c.Mode)
	}
	if k, ok := w.b.Has(c.OID); ok && k == object.KindBlob {
		return nil
	}
	if k, ok := v.kind(c.OID); ok && k == object.KindBlob {
		return nil
	}
	return w.expect(c.OID, object.KindBlob)
}

func (o *overlay) child(name string) *overlay {
	if o.children == nil {
		o.children = map[string]*overlay{}
	}
	c := o.children[name]
	if c == nil {
		c = &overlay{}
		o.children[name] = c
	}
	return c
}

// hasFiles tells whether steps added a file below o.
func (o *overlay) hasFiles() bool {
	for _, c := range o.children {
		if c.state == isFile || c.hasFiles() {
			return true
		}
	}
	return false
}

// merger makes trees from overlays, deepest first.
type merger struct {
	ctx context.Context
	w   *Writer
	v   *view
}

// directory returns the tree that o makes of the directory base (zero: none), zero if nothing is left of it.
func (m *merger) directory(o *overlay, base hub.OID) (hub.OID, error) {
	if err := m.ctx.Err(); err != nil {
		return hub.ZeroOID, err
	}
	old, err := m.w.tree(m.v, base)
	if err != nil {
		return hub.ZeroOID, err
	}
	var drop []int // entries of old that give way
	var add []object.TreeEntry
	for _, name := range slices.Sorted(maps.Keys(o.children)) {
		child := o.children[name]
		i, exists := old.Find(name)
		var was object.TreeEntry
		if exists {
			was = old.Entry(i)
		}
		now, err := m.entry(child, name, was)
		if err != nil {
			return hub.ZeroOID, err
		}
		if now == was {
			continue
		}
		if exists {
			drop = append(drop, i)
		}
		if now.Mode != 0 {
			add = append(add, now)
		}
	}
	if len(drop) == 0 && len(add) == 0 {
		return base, nil
	}
	if len(drop) == old.Len() && len(add) == 0 {
		return hub.ZeroOID, nil
	}
	return m.w.add(object.KindTree, splice(old, drop, add))
}

// entry returns what o makes of an entry; the zero entry stands for none, before and after.
func (m *merger) entry(o *overlay, name string, was object.TreeEntry) (object.TreeEntry, error) {
	exists, wasDir := was.Mode != 0, was.IsDir()
	if (o.must == mustFile && (!exists || wasDir)) || (o.must == mustDir && !wasDir) {
		return was, noFile(o.must == mustDir)
	}
	if o.state == isFile {
		if o.content && o.mode == ModeFile && was.Mode == ModeExecutable {
			return object.TreeEntry{Mode: ModeExecutable, Name: name, OID: o.oid}, nil
		}
		return object.TreeEntry{Mode: o.mode, Name: name, OID: o.oid}, nil
	}
	var base hub.OID
	if wasDir && !o.cleared {
		base = was.OID
	}
	if o.state == untouched && !o.hasFiles() && !wasDir {
		// Only deletions below something that is no directory.
		if err := m.refuseDeletes(o); err != nil {
			return was, err
		}
		return was, nil
	}
	tree, err := m.directory(o, base)
	switch {
	case err != nil:
		return was, err
	case tree.IsZero():
		return object.TreeEntry{}, nil
	}
	return object.TreeEntry{Mode: ModeDirectory, Name: name, OID: tree}, nil
}

// refuseDeletes fails if a step deletes something below o, where nothing is.
func (m *merger) refuseDeletes(o *overlay) error {
	if o.must != mustNothing {
		return noFile(o.must == mustDir)
	}
	for _, c := range o.children {
		if err := m.refuseDeletes(c); err != nil {
			return err
		}
	}
	return nil
}

// splice returns the bytes of a tree without the entries drop (rising) and with those of add.
func splice(old *object.Tree, drop []int, add []object.TreeEntry) []byte {
	slices.Sort(drop)
	slices.SortFunc(add, func(a, b object.TreeEntry) int {
		return cmp.Compare(object.CompareNames(a.Name, a.IsDir(), b.Name, b.IsDir()), 0)
	})
	size := len(old.Raw(0, old.Len()))
	for _, e := range add {
		size += len(e.Name) + 28
	}
	out := make([]byte, 0, size)
	from := 0
	upTo := func(end int) {
		for len(drop) > 0 && drop[0] < end {
			out = append(out, old.Raw(from, drop[0])...)
			from, drop = drop[0]+1, drop[1:]
		}
		out = append(out, old.Raw(from, end)...)
		from = max(from, end)
	}
	for _, e := range add {
		upTo(old.LowerBound(e.Name, e.IsDir()))
		out = object.AppendEntry(out, e.Mode, e.Name, e.OID)
	}
	upTo(old.Len())
	return out
}
