package gitrepo

import (
	"container/heap"
	"context"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// LastCommits visits at most MaxLastCommits commits and reads at most maxLastBytes of trees, some seconds of work: in
// a directory of a hundred thousand files every commit has a tree of megabytes.
const (
	MaxLastCommits = 50_000
	maxLastBytes   = 512 << 20
)

// sought is the part of a tree in which changes are looked for.
type sought struct {
	path     string // asked for itself, if asked
	asked    bool
	children map[string]*sought
}

func (w *sought) empty() bool { return !w.asked && len(w.children) == 0 }

func (w *sought) child(name string) *sought {
	if w.children == nil {
		w.children = map[string]*sought{}
	}
	c := w.children[name]
	if c == nil {
		c = &sought{}
		w.children[name] = c
	}
	return c
}

// paths calls f with every path that was asked for in w.
func (w *sought) paths(f func(string)) {
	if w.asked {
		f(w.path)
	}
	for _, c := range w.children {
		c.paths(f)
	}
}

// join adds what another one seeks.
func (w *sought) join(o *sought) {
	if o.asked {
		w.asked, w.path = true, o.path
	}
	for name, c := range o.children {
		if mine := w.children[name]; mine != nil {
			mine.join(c)
			continue
		}
		if w.children == nil {
			w.children = map[string]*sought{}
		}
		w.children[name] = c
	}
}

// LastCommits returns, for every path that exists at the commit, the newest commit of its history that changed
// it; for a directory that is a change of anything below it. As in git log with a path, a merge that took a path
// unchanged from one of its parents has not changed it. The walk is bounded (MaxLastCommits, and the bytes read):
// paths whose last change lies further back are absent.
func (s *Snapshot) LastCommits(ctx context.Context, commit hub.OID, paths []string) (map[string]Commit, error) {
	v, c, done, err := s.begin(commit)
	defer done()
	if err != nil {
		return nil, err
	}
	root := &sought{}
	for _, path := range paths {
		_, ok, err := s.store.walk(v, c.Tree, strings.Trim(path, "/"))
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		at := root
		for name := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
			if name != "" {
				at = at.child(name)
			}
		}
		at.asked, at.path = true, path
	}
	w := lastWalk{store: s.store, v: v, due: map[hub.OID]*sought{}, found: make(map[string]Commit, len(paths))}
	if !root.empty() {
		w.seek(c, root)
	}
	return w.found, w.run(ctx)
}

// lastWalk visits commits from new to old. Each path is sought at one commit at a time: it moves on to a parent
// that has it unchanged, and is found where no parent has.
type lastWalk struct {
	store *Store
	v     *view
	queue dated
	due   map[hub.OID]*sought // what is sought at the commits of queue
	found map[string]Commit
	bytes int64 // of trees read
}

func (w *lastWalk) seek(c *Commit, what *sought) {
	if have := w.due[c.OID]; have != nil {
		have.join(what)
		return
	}
	w.due[c.OID] = what
	heap.Push(&w.queue, c)
}

func (w *lastWalk) run(ctx context.Context) error {
	for visited := 0; w.queue.Len() > 0 && visited < MaxLastCommits && w.bytes < maxLastBytes; visited++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := heap.Pop(&w.queue).(*Commit)
		what := w.due[c.OID]
		delete(w.due, c.OID)
		for _, oid := range c.Parents {
			if what.empty() {
				break
			}
			parent, err := w.store.commit(w.v, oid)
			if err != nil {
				return err
			}
			same, changed, err := w.split(what, c.Tree, parent.Tree)
			if err != nil {
				return err
			}
			if !same.empty() {
				w.seek(parent, same)
			}
			what = changed
		}
		what.paths(func(path string) { w.found[path] = *c })
	}
	return nil
}

// split divides what is sought into that which is the same in two directories and that which differs. It takes
// what apart: the bigger part is likely to be the same, so only what differs is moved.
func (w *lastWalk) split(what *sought, ours, theirs hub.OID) (same, changed *sought, err error) {
	changed = &sought{}
	if ours == theirs {
		return what, changed, nil
	}
	if what.asked {
		changed.asked, changed.path, what.asked = true, what.path, false
	}
	if len(what.children) == 0 {
		return what, changed, nil
	}
	a, err := w.store.tree(w.v, ours)
	if err != nil {
		return nil, nil, err
	}
	b, err := w.store.tree(w.v, theirs)
	if err != nil {
		return nil, nil, err
	}
	w.bytes += b.Weight() // a has been counted as the b of the commit before
	names := map[string]bool{}
	object.Diff(a, b, func(name string) {
		if what.children[name] != nil {
			names[name] = true
		}
	})
	for name := range names {
		c := what.children[name]
		delete(what.children, name)
		i, inA := a.Find(name)
		j, inB := b.Find(name)
		if !inA || !inB {
			changed.child(name).join(c)
			continue
		}
		x, y := a.Entry(i), b.Entry(j)
		if !x.IsDir() || !y.IsDir() {
			changed.child(name).join(c)
			continue
		}
		same, diff, err := w.split(c, x.OID, y.OID)
		if err != nil {
			return nil, nil, err
		}
		if !same.empty() {
			what.child(name).join(same)
		}
		if !diff.empty() {
			changed.child(name).join(diff)
		}
	}
	return what, changed, nil
}
