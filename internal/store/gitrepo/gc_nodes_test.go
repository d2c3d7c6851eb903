package gitrepo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob/mem"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

// TestTwoNodesKeepOneRepository lets two nodes with caches of their own merge, lay out and collect one repository while
// others commit to it, delete branches and read. Grace is over at once, so that only epochs and generations keep what is
// needed from being dropped, which is what they promise: grace is for people who change their minds.
func TestTwoNodesKeepOneRepository(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { twoNodes(t, filepath.Join(t.TempDir(), "ambit.db")) })
	t.Run("postgres", func(t *testing.T) { twoNodes(t, pgtest.URL(t)) })
}

func twoNodes(t *testing.T, url string) {
	blobs := mem.New()
	ks := newKeptAt(t, url, blobs, KeeperConfig{Grace: time.Millisecond})
	ks.runs.Store(true)
	node := New(Config{CacheDir: t.TempDir()}, ks.db, blobs)
	t.Cleanup(func() { node.Close() })
	keepers := []*Keeper{ks.k, NewKeeper(node, ks.db, KeeperConfig{Grace: time.Millisecond, Now: ks.clock})}
	repo := ks.repo(t, "one")
	ks.commit(t, repo, "main", 0, map[string]string{"a": "a"})

	var done atomic.Bool
	var workers, committers sync.WaitGroup
	for i, k := range keepers {
		workers.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 9))
			for !done.Load() {
				var err error
				switch rng.IntN(3) {
				case 0:
					err = k.Merge(context.Background(), repo)
				case 1:
					_, err = k.Repack(context.Background(), repo, nil)
				default:
					_, err = k.GC(context.Background(), repo, rng.IntN(2) == 0, nil)
				}
				if err != nil && !hub.Is(err, hub.Conflict) {
					t.Errorf("node %d: %v", i, err)
				}
			}
		})
	}
	last := make([]map[string]string, 3)
	for b := range last {
		last[b] = map[string]string{}
		committers.Go(func() {
			branch := fmt.Sprintf("b%d", b)
			for n := range 40 {
				files := map[string]string{fmt.Sprintf("f%d", n%7): fmt.Sprintf("content %d of %d", n%5, b)}
				_, err := ks.tryCommit(t, repo, branch, n, files)
				for hub.Is(err, hub.Conflict) { // cleaned up at the same time: once more
					_, err = ks.tryCommit(t, repo, branch, n, files)
				}
				if err != nil {
					t.Errorf("%s: %v", branch, err)
					return
				}
				for p, c := range files {
					last[b][p] = c
				}
				if n%15 == 14 {
					if err := ks.move(t, repo, branch, hub.ZeroOID); err == nil {
						clear(last[b])
					} else if !hub.Is(err, hub.Conflict) {
						t.Error(err)
					}
				}
			}
		})
	}
	committers.Wait()
	done.Store(true)
	workers.Wait()
	ks.verify(t, repo)
	for i, s := range []*Store{ks.Store, node} {
		snap, err := s.Open(t.Context(), repo)
		ok(t, err)
		for b, want := range last {
			head, err := snap.Resolve(t.Context(), fmt.Sprintf("b%d", b))
			ok(t, err)
			if got := contents(t, snap, head); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("node %d, b%d: %v, want %v", i, b, got, want)
			}
		}
		snap.Close()
	}
}
