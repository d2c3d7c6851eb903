package gitrepo

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestMergingIsGeometric publishes packs of random sizes and holds that packs stay few and bytes are copied seldom.
func TestMergingIsGeometric(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var live []*openPack
		var published, copied int64
		n := rapid.IntRange(1, 400).Draw(r, "publications")
		big := rapid.IntRange(1, 40).Draw(r, "one in so many is big")
		for gen := range n {
			size := rapid.Int64Range(300, 20_000).Draw(r, "size")
			if gen%big == 0 {
				size *= rapid.Int64Range(1, 100_000).Draw(r, "factor")
			}
			published += size
			live = append(live, &openPack{row: hub.Pack{ID: hub.ID(fmt.Sprint(gen)), PackBytes: size, BornGen: int64(gen)}})
			numbers := smallTail(&view{packs: live})
			var merge []*openPack
			for _, number := range numbers {
				merge = append(merge, live[number])
			}
			gone := map[*openPack]bool{}
			var sum int64
			for i, p := range merge {
				if i > 0 && merge[i-1].row.BornGen > p.row.BornGen {
					r.Fatal("not oldest first")
				}
				gone[p] = true
				sum += p.row.PackBytes
			}
			if len(merge) < 2 { // one alone is left as it is
				continue
			}
			copied += sum
			var rest []*openPack
			for _, p := range live {
				if !gone[p] {
					rest = append(rest, p)
				}
			}
			live = append(rest, &openPack{row: hub.Pack{ID: hub.NewID(), PackBytes: sum, BornGen: int64(gen)}})
			if len(live) > maxTail {
				r.Fatalf("%d packs after a merge", len(live))
			}
		}
		if len(live) > maxTail {
			r.Fatalf("%d packs", len(live))
		}
		// Each byte is copied when its pack at least grows by half, so not often.
		if bound := float64(published) * (2 + 2*math.Log2(float64(published)/300)); float64(copied) > bound {
			r.Fatalf("%d bytes copied for %d published", copied, published)
		}
	})
}

func TestMergeKeepsAll(t *testing.T) {
	s, meta, blobs := newStore(t)
	repo := newRepo(t, s)
	want := map[string]string{}
	var tip hub.OID
	for n := range 30 {
		path, content := fmt.Sprintf("d%d/f", n), noise(uint64(n), 2000*(1+n%40))
		want[path] = content
		tip = put(t, s, repo, n, map[string]string{path: content})
	}
	old := open(t, s, repo)
	before := meta.count(repo, hub.PackLive)
	meta.merge(t, s, repo)
	if n := meta.count(repo, hub.PackLive); n >= before || n > MaxLivePacks {
		t.Errorf("%d packs became %d", before, n)
	}
	meta.forget(t, blobs)
	// The old snapshot still reads packs that are retired and swept.
	for _, snap := range []*Snapshot{old, open(t, s, repo)} {
		got := contents(t, snap, tip)
		for path := range want {
			if got[path] != want[path] {
				t.Errorf("%s differs", path)
			}
		}
	}
	again := meta.count(repo, hub.PackLive)
	meta.merge(t, s, repo)
	if meta.count(repo, hub.PackLive) != again {
		t.Errorf("a second merge changed %d packs to %d", again, meta.count(repo, hub.PackLive))
	}
	fsck(t, s, repo)
}

func TestLostMergeLeavesNothing(t *testing.T) {
	s, meta, blobs := newStore(t)
	repo := newRepo(t, s)
	for n := range 12 {
		put(t, s, repo, n, map[string]string{"f": noise(uint64(n), 50_000)})
	}
	n := keys(t, blobs)
	meta.failNext = hub.Errorf(hub.PreconditionFailed, "another merge was faster")
	meta.merge(t, s, repo)
	if keys(t, blobs) != n || meta.count(repo, hub.PackStaged) != 0 || meta.count(repo, hub.PackLive) != 12 {
		t.Errorf("%d blobs instead of %d, %d intents", keys(t, blobs), n, meta.count(repo, hub.PackStaged))
	}
	fsck(t, s, repo)
}

func TestRunMergesWhatWasPublished(t *testing.T) {
	s, meta, _ := newStore(t)
	repo := newRepo(t, s)
	for n := range 20 {
		put(t, s, repo, n, map[string]string{"f": fmt.Sprint(n)})
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- NewKeeper(s, meta, KeeperConfig{}).Run(ctx) }()
	deadline := time.Now().Add(time.Minute)
	for meta.count(repo, hub.PackLive) > MaxLivePacks && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := meta.count(repo, hub.PackLive); n > MaxLivePacks {
		t.Errorf("%d live packs", n)
	}
}

func TestQueueHoldsEachOnce(t *testing.T) {
	q := newQueue()
	for range 3 {
		q.add("a")
		q.add("b")
	}
	for i := range 2 * maxQueued {
		q.add(hub.ID(fmt.Sprint(i))) // does not block
	}
	for _, want := range []hub.ID{"a", "b", "0"} {
		if got, ok := q.take(t.Context()); !ok || got != want {
			t.Errorf("took %q, want %q", got, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	empty := newQueue()
	if id, ok := empty.take(ctx); ok {
		t.Errorf("took %q from an empty queue", id)
	}
}

func TestExportNeedsAnEmptyFolder(t *testing.T) {
	s, _, _ := newStore(t)
	repo := newRepo(t, s)
	put(t, s, repo, 0, map[string]string{"a": "1"})
	dir := t.TempDir()
	if err := s.ExportBare(t.Context(), repo, dir); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "", "fsck", "--strict")
	if err := s.ExportBare(t.Context(), repo, dir); !hub.Is(err, hub.Conflict) {
		t.Errorf("into a folder in use: %v", err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.ExportBare(t.Context(), repo, other); !hub.Is(err, hub.Conflict) {
		t.Errorf("into a folder in use: %v", err)
	}
}
