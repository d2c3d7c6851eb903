package gitrepo

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pace"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

// openPack is an open stored pack that any number of views share.
type openPack struct {
	*pack.Pack
	row  hub.Pack
	refs int // guarded by Store.mu
}

// view is what snapshots show: the packs of one generation of a repository, newest first.
type view struct {
	repo  hub.ID
	gen   int64
	packs []*openPack
	era   hub.ID // what parsed objects are kept under; see eraOf
	refs  int    // guarded by Store.mu
}

// Open returns a view of the repository as it is now; RepoNotFound if it does not exist.
// It costs one query when the repository has not changed since it was last opened.
// The caller must Close it. Any number may be open.
func (s *Store) Open(ctx context.Context, repoID hub.ID) (*Snapshot, error) {
	pace.Asked()
	v, err := s.openView(ctx, repoID)
	if err != nil {
		return nil, err
	}
	return &Snapshot{store: s, v: v}, nil
}

// OpenWithRefs is Open together with all refs of the very generation that the snapshot shows, in the order of their
// names: all that they lead to is there.
func (s *Store) OpenWithRefs(ctx context.Context, repoID hub.ID) (*Snapshot, []hub.Ref, error) {
	pace.Asked()
	v, refs, err := s.openState(ctx, repoID)
	if err != nil {
		return nil, nil, err
	}
	return &Snapshot{store: s, v: v}, refs, nil
}

// openState returns the newest view, retained for the caller, and the refs of the same generation.
func (s *Store) openState(ctx context.Context, repoID hub.ID) (v *view, refs []hub.Ref, err error) {
	v, err = s.newestView(ctx, repoID, func() (gen int64, rows []hub.Pack, err error) {
		gen, rows, refs, err = s.meta.LiveState(ctx, repoID)
		return gen, rows, err
	})
	return v, refs, err
}

// openView returns the newest view, retained for the caller.
func (s *Store) openView(ctx context.Context, repoID hub.ID) (*view, error) {
	return s.newestView(ctx, repoID, func() (int64, []hub.Pack, error) { return s.meta.LivePacks(ctx, repoID) })
}

// newestView opens the packs that state names.
func (s *Store) newestView(ctx context.Context, repoID hub.ID, state func() (int64, []hub.Pack, error)) (*view, error) {
	last := int64(-1)
	for {
		gen, rows, err := state()
		if err != nil {
			return nil, err
		}
		if v := s.cached(repoID, gen); v != nil {
			return v, nil
		}
		v, err := s.load(ctx, repoID, gen, rows)
		if err == nil {
			s.keep(v)
			return v, nil
		}
		// A pack that was merged into another one may be gone between the two reads; then gen has grown.
		if !hub.Is(err, hub.NotFound) {
			return nil, fmt.Errorf("open repository %s: %w", repoID, err)
		}
		if gen == last {
			// Without its code: a missing pack is our loss, not a question asked wrongly.
			return nil, fmt.Errorf("open repository %s at generation %d: %s", repoID, gen, err)
		}
		last = gen
	}
}

// cached returns the kept view if it shows gen.
func (s *Store) cached(repoID hub.ID, gen int64) *view {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.newest[repoID]
	if !ok || e.Value.(*view).gen != gen {
		return nil
	}
	s.recent.MoveToFront(e)
	v := e.Value.(*view)
	v.refs++
	return v
}

// load opens the packs of a generation. The view is retained for the caller.
func (s *Store) load(ctx context.Context, repoID hub.ID, gen int64, rows []hub.Pack) (*view, error) {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b hub.Pack) int {
		return cmp.Or(cmp.Compare(b.BornGen, a.BornGen), cmp.Compare(b.ID, a.ID))
	})
	v := &view{repo: repoID, gen: gen, refs: 1}
	for _, row := range rows {
		p, err := s.acquire(ctx, row)
		if err != nil {
			s.release(v)
			return nil, err
		}
		v.packs = append(v.packs, p)
	}
	v.era = eraOf(v.packs)
	return v, nil
}

// acquire returns the open pack of a row, retained for the caller.
func (s *Store) acquire(ctx context.Context, row hub.Pack) (*openPack, error) {
	if p := s.share(row.ID, nil); p != nil {
		return p, nil
	}
	p, err := s.openPack(ctx, row)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", row.ID, err)
	}
	return s.share(row.ID, &openPack{Pack: p, row: row}), nil
}

// share returns the open pack of that id, retained for the caller: mine if none is open yet, otherwise the open
// one, and mine is closed.
func (s *Store) share(id hub.ID, mine *openPack) *openPack {
	s.mu.Lock()
	p := s.packs[id]
	if p == nil && mine != nil {
		p, mine = mine, nil
		s.packs[id] = p
	}
	if p != nil {
		p.refs++
	}
	s.mu.Unlock()
	if mine != nil {
		mine.Close() // only its memory map: nothing that could be lost
	}
	return p
}

func (s *Store) openPack(ctx context.Context, row hub.Pack) (*pack.Pack, error) {
	src, err := s.source(ctx, row)
	if err != nil {
		return nil, err
	}
	if src.Size() != row.Bytes {
		return nil, errors.Join(pack.ErrCorrupt, src.Close())
	}
	return pack.Open(src)
}

// source opens a pack's bytes: from its row, from a mapped file, or by ranges of an object elsewhere.
func (s *Store) source(ctx context.Context, row hub.Pack) (pack.Source, error) {
	if row.BlobKey == "" {
		data, err := s.meta.PackInline(ctx, row.ID)
		if err != nil {
			return nil, err
		}
		if sum := sha256.Sum256(data); hub.Digest(hex.EncodeToString(sum[:])) != row.Sum {
			return nil, pack.ErrCorrupt
		}
		return pack.Memory(data), nil
	}
	obj, err := s.blobs.Open(ctx, row.BlobKey)
	if err != nil {
		return nil, err
	}
	if f := obj.File(); f != nil {
		return pack.Map(f, obj.Size(), obj)
	}
	return pack.Ranges(obj, obj.Size(), obj), nil
}

// keep makes v the cached view of its repository unless a newer one is, and drops what is over the limit.
func (s *Store) keep(v *view) {
	var drop []*view
	s.mu.Lock()
	old := s.newest[v.repo]
	if old == nil || old.Value.(*view).gen < v.gen {
		if old != nil {
			drop = append(drop, s.recent.Remove(old).(*view))
		}
		v.refs++
		s.newest[v.repo] = s.recent.PushFront(v)
	}
	for s.recent.Len() > s.cfg.OpenRepos {
		last := s.recent.Remove(s.recent.Back()).(*view)
		delete(s.newest, last.repo)
		drop = append(drop, last)
	}
	s.mu.Unlock()
	for _, d := range drop {
		s.release(d)
	}
}

func (s *Store) retain(v *view) {
	s.mu.Lock()
	v.refs++
	s.mu.Unlock()
}

// release ends one use of v; after the last one its packs are closed, unless other views use them.
func (s *Store) release(v *view) {
	var idle []*openPack
	s.mu.Lock()
	v.refs--
	if v.refs == 0 {
		for _, p := range v.packs {
			if p.refs--; p.refs == 0 {
				delete(s.packs, p.row.ID)
				idle = append(idle, p)
			}
		}
	}
	s.mu.Unlock()
	for _, p := range idle {
		p.Close()
	}
}
