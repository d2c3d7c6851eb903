package gitrepo

import (
	"context"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// PointerAt is a large file and one place in the history where it lies.
type PointerAt struct {
	LFS
	Path string
	Tip  int // index of the tip whose history has it
}

// Pointers calls f with each large file that the histories of tips name, once each: those of the tips themselves first, in
// the order of tips and of their trees, then those of older commits, newest first. Every tree is read once. A tip that is
// no commit and no tag of one is passed over.
func (s *Snapshot) Pointers(ctx context.Context, tips []hub.OID, f func(PointerAt) error) error {
	v, done, err := s.use()
	if err != nil {
		return err
	}
	defer done()
	p := pointers{ctx: ctx, s: s.store, v: v, f: f, trees: map[hub.OID]bool{}, found: map[hub.Digest]bool{}}
	commits := make([]*Commit, len(tips))
	for i, tip := range tips {
		oid, err := s.peel(ctx, v, tip, tip.String())
		if hub.Is(err, hub.RevisionNotFound) {
			continue
		}
		if err == nil {
			commits[i], err = s.store.commit(v, oid)
		}
		if err == nil {
			err = p.tree(commits[i].Tree, "", i)
		}
		if err != nil {
			return err
		}
	}
	seen := map[hub.OID]bool{}
	for i, c := range commits {
		if c == nil {
			continue
		}
		var failed error
		err := s.store.history(ctx, v, c, func(c *Commit) bool {
			if seen[c.OID] {
				return true
			}
			seen[c.OID] = true
			failed = p.tree(c.Tree, "", i)
			return failed == nil
		})
		if failed != nil || err != nil {
			return firstOf(failed, err)
		}
	}
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// pointers walks trees that it has not seen.
type pointers struct {
	ctx   context.Context
	s     *Store
	v     *view
	f     func(PointerAt) error
	trees map[hub.OID]bool
	found map[hub.Digest]bool
}

func (p *pointers) tree(oid hub.OID, dir string, tip int) error {
	if p.trees[oid] {
		return nil
	}
	p.trees[oid] = true
	if err := p.ctx.Err(); err != nil {
		return err
	}
	t, err := p.s.tree(p.v, oid)
	if err != nil {
		return err
	}
	for i := range t.Len() {
		e := t.Entry(i)
		path := strings.TrimPrefix(dir+"/"+e.Name, "/")
		switch e.Mode {
		case ModeDirectory:
			if err := p.tree(e.OID, path, tip); err != nil {
				return err
			}
		case ModeFile, ModeExecutable:
			ptr, size, ok := p.v.pointer(e.OID)
			if !ok || p.found[ptr.Digest] {
				continue
			}
			p.found[ptr.Digest] = true
			if err := p.f(PointerAt{LFS{Digest: ptr.Digest, Size: ptr.Size, PointerSize: size}, path, tip}); err != nil {
				return err
			}
		}
	}
	return nil
}

// pointer tells whether a blob is a pointer, and its size in bytes.
func (v *view) pointer(blob hub.OID) (ptr lfsPointer, size int64, ok bool) {
	pack, pos, ok := v.find(blob)
	if !ok || pack.Kind(pos) != object.KindBlob {
		return ptr, 0, false
	}
	ptr, ok = pack.Pointer(pos)
	return ptr, pack.Size(pos), ok
}
