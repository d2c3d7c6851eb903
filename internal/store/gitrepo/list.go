package gitrepo

import (
	"context"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// ListOptions selects a page of a listing.
type ListOptions struct {
	Recursive bool
	After     string // cursor from the previous page
	Limit     int    // entries in a page; 0 and anything above MaxListPage mean MaxListPage
}

// MaxListPage is the largest number of entries that one List returns.
const MaxListPage = 10_000

// maxDepth bounds how deep directories may be nested to be listed: a hostile tree of a few kilobytes can be
// nested without end.
const maxDepth = 1000

// List returns the entries below a directory ("" is the root) in git's tree order; a directory comes just
// before its contents. next is the cursor (ListOptions.After) of the following page, "" at the end: the path of
// the last entry, with a slash behind it if it is a directory.
// EntryNotFound if dir is not a directory at that commit; InvalidInput for a cursor of another directory.
func (s *Snapshot) List(ctx context.Context, commit hub.OID, dir string, opt ListOptions) (entries []Entry, next string, err error) {
	v, done, err := s.use()
	if err != nil {
		return nil, "", err
	}
	defer done()
	c, err := s.commitOf(v, commit)
	if err != nil {
		return nil, "", err
	}
	dir = strings.Trim(dir, "/")
	at, ok, err := s.store.walk(v, c.Tree, dir)
	if err != nil {
		return nil, "", err
	}
	if !ok || !at.IsDir() {
		return nil, "", noEntry()
	}
	l := lister{ctx: ctx, store: s.store, v: v, recursive: opt.Recursive}
	prefix := dir
	if dir != "" {
		prefix += "/"
	}
	after, ok := strings.CutPrefix(opt.After, prefix)
	if opt.After != "" && (!ok || after == "") {
		return nil, "", hub.Errorf(hub.InvalidInput, "The cursor does not belong to this listing.")
	}
	if err := l.start(at.OID, prefix, after); err != nil {
		return nil, "", err
	}
	limit := opt.Limit
	if limit <= 0 || limit > MaxListPage {
		limit = MaxListPage
	}
	return l.page(limit)
}

// lister walks a tree in order. Its stack holds the directories that are not finished, outermost first.
type lister struct {
	ctx       context.Context
	store     *Store
	v         *view
	recursive bool
	stack     []listFrame
}

type listFrame struct {
	tree   *object.Tree
	next   int    // entry that is due
	prefix string // path of the directory with its slash, "" for the root
}

func (l *lister) push(oid hub.OID, prefix string) error {
	if len(l.stack) >= maxDepth {
		return hub.Errorf(hub.Unprocessable, "Directories are nested more than %d deep.", maxDepth)
	}
	t, err := l.store.tree(l.v, oid)
	if err != nil {
		return err
	}
	l.stack = append(l.stack, listFrame{tree: t, prefix: prefix})
	return nil
}

// start positions the walk behind the cursor; "" is the beginning. A path that is gone marks its place still.
func (l *lister) start(root hub.OID, prefix, after string) error {
	if err := l.push(root, prefix); err != nil {
		return err
	}
	for after != "" {
		name, rest, isDir := strings.Cut(after, "/")
		f := &l.stack[len(l.stack)-1]
		f.next = f.tree.LowerBound(name, isDir)
		if f.next >= f.tree.Len() {
			return nil
		}
		te := f.tree.Entry(f.next)
		if te.Name != name || te.IsDir() != isDir {
			return nil
		}
		f.next++
		if !isDir || (rest == "" && !l.recursive) {
			return nil
		}
		if err := l.push(te.OID, f.prefix+name+"/"); err != nil {
			return err
		}
		after = rest
	}
	return nil
}

// page returns up to limit entries and the cursor behind them.
func (l *lister) page(limit int) ([]Entry, string, error) {
	entries := make([]Entry, 0, min(limit, 1000))
	cursor := ""
	for l.more() {
		if len(entries) == limit {
			return entries, cursor, nil
		}
		if err := l.ctx.Err(); err != nil {
			return nil, "", err
		}
		f := &l.stack[len(l.stack)-1]
		te := f.tree.Entry(f.next)
		f.next++
		e, err := l.v.entry(f.prefix+te.Name, te)
		if err != nil {
			return nil, "", err
		}
		entries = append(entries, e)
		cursor = e.Path
		if te.IsDir() {
			cursor += "/"
			if l.recursive {
				if err := l.push(te.OID, cursor); err != nil {
					return nil, "", err
				}
			}
		}
	}
	return entries, "", nil
}

// more leaves finished directories and tells whether an entry is due.
func (l *lister) more() bool {
	for len(l.stack) > 0 {
		f := &l.stack[len(l.stack)-1]
		if f.next < f.tree.Len() {
			return true
		}
		l.stack = l.stack[:len(l.stack)-1]
	}
	return false
}
