package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
)

func TestOpenCostsOneQuery(t *testing.T) {
	s, meta, _ := newStore(t)
	repo := newRepo(t, s)
	for n := range 5 {
		put(t, s, repo, n, map[string]string{"a": fmt.Sprint(n)})
	}
	open(t, s, repo)
	before := meta.queries
	for range 10 {
		snap, err := s.Open(t.Context(), repo)
		if err != nil {
			t.Fatal(err)
		}
		snap.Close()
		snap.Close()
	}
	if n := meta.queries - before; n != 10 {
		t.Errorf("10 openings cost %d queries", n)
	}
	put(t, s, repo, 9, map[string]string{"a": "new"})
	before = meta.queries
	open(t, s, repo)
	if n := meta.queries - before; n != 2 {
		t.Errorf("opening one more pack cost %d queries, want 2", n)
	}
}

func TestClosedSnapshot(t *testing.T) {
	s, _, _ := newStore(t)
	repo := newRepo(t, s)
	tip := put(t, s, repo, 0, map[string]string{"a": "1"})
	snap, err := s.Open(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	snap.Close()
	if _, err := snap.Commit(t.Context(), tip); err == nil {
		t.Error("a closed snapshot answers")
	}
	if _, err := snap.Resolve(t.Context(), "main"); err == nil {
		t.Error("a closed snapshot resolves")
	}
}

func TestIdleRepositoriesAreClosed(t *testing.T) {
	meta := newFakeMeta()
	s := New(Config{OpenRepos: 2}, meta, nil)
	var repos []hub.ID
	for range 5 {
		id := newRepo(t, s)
		put(t, s, id, 0, map[string]string{"a": "1"})
		open(t, s, id).Close()
		repos = append(repos, id)
	}
	if len(s.packs) != 2 || s.recent.Len() != 2 {
		t.Errorf("%d packs of %d repositories are open", len(s.packs), s.recent.Len())
	}
	if e, _, err := open(t, s, repos[0]).List(t.Context(), hub.ZeroOID, "", ListOptions{}); err == nil {
		t.Errorf("the zero commit lists %v", e)
	}
}

func TestDamageIsNotServed(t *testing.T) {
	s, meta, _ := newStore(t)
	repo := newRepo(t, s)
	put(t, s, repo, 0, map[string]string{"a": "1"})
	meta.mu.Lock()
	for _, p := range meta.packs {
		if len(p.inline) > 0 {
			p.inline[20] ^= 1
		}
	}
	meta.mu.Unlock()
	if _, err := s.Open(t.Context(), repo); err == nil || hub.CodeOf(err) != hub.Internal {
		t.Errorf("damaged bytes: %v", err)
	}
	meta.mu.Lock()
	clear(meta.packs)
	meta.packs["x"] = &fakePack{row: hub.Pack{ID: "x", RepoID: repo, State: hub.PackLive, BlobKey: "pack/none"}}
	meta.mu.Unlock()
	if _, err := s.Open(t.Context(), repo); err == nil || hub.CodeOf(err) != hub.Internal {
		t.Errorf("lost bytes: %v, want an internal error", err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache(10_000)
	for i := range 1000 {
		c.put(cacheKey{oid: hub.OID{byte(i), byte(i >> 8)}}, i, 100)
		c.get(cacheKey{oid: hub.OID{0}})
	}
	c.put(cacheKey{repo: "big"}, 1, 9000)
	if c.size > 10_000 || len(c.items) != c.order.Len() || len(c.items) > 33 {
		t.Errorf("%d bytes in %d items", c.size, len(c.items))
	}
	if v, ok := c.get(cacheKey{oid: hub.OID{0}}); !ok || v != 0 {
		t.Error("what is used most was dropped")
	}
	if _, ok := c.get(cacheKey{repo: "other", oid: hub.OID{0}}); ok {
		t.Error("another repository's object was found")
	}
}

func TestCancelledContext(t *testing.T) {
	s, _, _ := newStore(t)
	repo := newRepo(t, s)
	tip := put(t, s, repo, 0, map[string]string{"a": "1"})
	snap := open(t, s, repo)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := snap.Log(ctx, tip, 0, 10); err != context.Canceled {
		t.Errorf("log: %v", err)
	}
	if _, _, err := snap.List(ctx, tip, "", ListOptions{}); err != context.Canceled {
		t.Errorf("list: %v", err)
	}
	if _, err := snap.LastCommits(ctx, tip, []string{"a"}); err != context.Canceled {
		t.Errorf("last commits: %v", err)
	}
}

// TestCloseWhileReading holds that a snapshot closed under a running call does no harm: mapped pages stay until the
// call has ended.
func TestCloseWhileReading(t *testing.T) {
	blobs, err := fs.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{TreeCacheBytes: 1}, newFakeMeta(), blobs)
	repo := newRepo(t, s)
	files := map[string]string{}
	for i := range 300 {
		files[fmt.Sprintf("d%d/f%d", i%40, i)] = noise(uint64(i), 500)
	}
	tip := put(t, s, repo, 0, files)
	for range 50 {
		snap, err := s.Open(t.Context(), repo)
		if err != nil {
			t.Fatal(err)
		}
		s.Close() // only snap holds the packs now
		var calls sync.WaitGroup
		for range 4 {
			calls.Go(func() {
				for {
					if _, _, err := snap.List(t.Context(), tip, "", ListOptions{Recursive: true}); err != nil {
						if !errors.Is(err, errClosed) {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		snap.Close()
		calls.Wait()
	}
	if len(s.packs) != 0 {
		t.Errorf("%d packs are open", len(s.packs))
	}
}
