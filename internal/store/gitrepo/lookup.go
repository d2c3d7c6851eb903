package gitrepo

import (
	"errors"
	"fmt"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// errMissing says that an object which another one names is nowhere: the repository is damaged.
var errMissing = errors.New("gitrepo: missing object")

// find returns the pack and position of an object.
func (v *view) find(oid hub.OID) (*openPack, int, bool) {
	for _, p := range v.packs {
		if pos, ok := p.Find(oid); ok {
			return p, pos, true
		}
	}
	return nil, 0, false
}

// kind returns the kind of an object.
func (v *view) kind(oid hub.OID) (object.Kind, bool) {
	p, pos, ok := v.find(oid)
	if !ok {
		return 0, false
	}
	return p.Kind(pos), true
}

// read returns a whole object of the given kind; errMissing if there is none.
func (v *view) read(oid hub.OID, kind object.Kind) ([]byte, error) {
	p, pos, ok := v.find(oid)
	if !ok || p.Kind(pos) != kind {
		return nil, fmt.Errorf("%w: %s %s of repository %s", errMissing, kind, oid, v.repo)
	}
	return p.Read(pos)
}

var noEntries, _ = object.ParseTree(nil)

// tree returns a parsed tree. Zero stands for the empty tree.
func (s *Store) tree(v *view, oid hub.OID) (*object.Tree, error) {
	if oid == object.EmptyTree || oid.IsZero() {
		return noEntries, nil
	}
	key := cacheKey{v.era, oid}
	if t, ok := s.cache.get(key); ok {
		if t, ok := t.(*object.Tree); ok {
			return t, nil
		}
	}
	data, err := v.read(oid, object.KindTree)
	if err != nil {
		return nil, err
	}
	t, err := object.ParseTree(data)
	if err != nil {
		return nil, fmt.Errorf("tree %s: %w", oid, err)
	}
	s.cache.put(key, t, t.Weight())
	return t, nil
}

// commit returns a parsed commit; its slices must not be changed.
func (s *Store) commit(v *view, oid hub.OID) (*Commit, error) {
	key := cacheKey{v.era, oid}
	if c, ok := s.cache.get(key); ok {
		if c, ok := c.(*Commit); ok {
			return c, nil
		}
	}
	data, err := v.read(oid, object.KindCommit)
	if err != nil {
		return nil, err
	}
	c, err := object.ParseCommit(data)
	if err != nil {
		return nil, fmt.Errorf("commit %s: %w", oid, err)
	}
	c.OID = oid
	s.cache.put(key, &c, c.Weight())
	return &c, nil
}
