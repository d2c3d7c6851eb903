package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/mem"
)

// keys returns the number of stored blobs.
func keys(t testing.TB, blobs blob.Store) int {
	t.Helper()
	n := 0
	if err := blobs.Keys(context.Background(), "", func(string, int64) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// noise returns n characters that hardly compress.
func noise(seed uint64, n int) string {
	r := rand.New(rand.NewPCG(seed, 7))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func TestSmallPacksLieInline(t *testing.T) {
	s, meta, blobs := newStore(t)
	repo := newRepo(t, s)
	put(t, s, repo, 0, map[string]string{"small": "1"})
	if keys(t, blobs) != 0 || meta.count(repo, hub.PackLive) != 1 {
		t.Errorf("%d blobs, %d live packs", keys(t, blobs), meta.count(repo, hub.PackLive))
	}
	tip := put(t, s, repo, 1, map[string]string{"large": noise(1, 200_000)})
	if keys(t, blobs) != 1 || meta.count(repo, hub.PackLive) != 2 || meta.count(repo, hub.PackStaged) != 0 {
		t.Errorf("%d blobs, %d live packs", keys(t, blobs), meta.count(repo, hub.PackLive))
	}
	if got := contents(t, open(t, s, repo), tip); got["large"] != noise(1, 200_000) || got["small"] != "1" {
		t.Errorf("%d files", len(got))
	}
	fsck(t, s, repo)
}

func TestKnownObjectsAreNotStoredAgain(t *testing.T) {
	s, _, blobs := newStore(t)
	repo := newRepo(t, s)
	put(t, s, repo, 0, map[string]string{"a": noise(2, 3_000_000)})
	put(t, s, repo, 1, map[string]string{"copy": noise(2, 3_000_000)})
	if n := keys(t, blobs); n != 1 {
		t.Errorf("%d blobs: the copy was stored", n)
	}
	fsck(t, s, repo)
}

// rebase commits a file on main again and again until it is published, as a service does.
func rebase(ctx context.Context, s *Store, repo hub.ID, name, content string) (failures int, err error) {
	w, err := s.Begin(ctx, repo)
	if err != nil {
		return 0, err
	}
	defer w.Abort()
	oid, err := w.Blob(int64(len(content)), strings.NewReader(content))
	if err != nil {
		return 0, err
	}
	for ; ; failures++ {
		snap, err := s.Open(ctx, repo)
		if err != nil {
			return failures, err
		}
		tip, err := snap.Resolve(ctx, "main")
		if err != nil {
			return failures, err
		}
		c, err := snap.Commit(ctx, tip)
		if err != nil {
			return failures, err
		}
		tree, err := w.Apply(ctx, snap, c.Tree, []TreeChange{{Path: name, Mode: ModeFile, OID: oid}})
		snap.Close()
		if err != nil {
			return failures, err
		}
		commit, err := w.Commit(tree, []hub.OID{tip}, sign(failures), sign(failures), name)
		if err != nil {
			return failures, err
		}
		_, err = w.Publish(ctx, hub.Publication{Refs: []hub.RefUpdate{{Name: mainRef, Old: tip, New: commit}}})
		if !hub.Is(err, hub.PreconditionFailed) {
			return failures, err
		}
	}
}

func TestTwoWritersOnOneParent(t *testing.T) {
	ctx := t.Context()
	s, meta, blobs := newStore(t)
	repo := newRepo(t, s)
	base := put(t, s, repo, 0, map[string]string{"base": "0"})

	var writers [2]*Writer
	var commits [2]hub.OID
	var blobOIDs [2]hub.OID
	tree := func(i int, snap *Snapshot, parent hub.OID) {
		c, err := snap.Commit(ctx, parent)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("w%d", i)
		oid, err := writers[i].Apply(ctx, snap, c.Tree, []TreeChange{{Path: name, Mode: ModeFile, OID: blobOIDs[i]}})
		if err != nil {
			t.Fatal(err)
		}
		if commits[i], err = writers[i].Commit(oid, []hub.OID{parent}, sign(i), sign(i), name); err != nil {
			t.Fatal(err)
		}
	}
	publish := func(i int, old hub.OID) error {
		_, err := writers[i].Publish(ctx, hub.Publication{Refs: []hub.RefUpdate{{Name: mainRef, Old: old, New: commits[i]}}})
		return err
	}
	for i := range writers {
		w, err := s.Begin(ctx, repo)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		writers[i] = w
		if blobOIDs[i], err = w.Blob(100_000, strings.NewReader(noise(uint64(i), 100_000))); err != nil {
			t.Fatal(err)
		}
		tree(i, w.Base(), base)
	}
	if err := publish(0, base); err != nil {
		t.Fatal(err)
	}
	err := publish(1, base)
	var moved *hub.RefMismatch
	if !hub.Is(err, hub.PreconditionFailed) || !errors.As(err, &moved) || moved.Actual != commits[0] {
		t.Fatalf("the second writer got %v", err)
	}
	if n := keys(t, blobs); n != 1 || meta.count(repo, hub.PackStaged) != 0 {
		t.Errorf("%d blobs, %d staged packs after a lost race", n, meta.count(repo, hub.PackStaged))
	}
	tree(1, open(t, s, repo), commits[0])
	if err := publish(1, commits[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := writers[1].Blob(1, strings.NewReader("x")); err == nil {
		t.Error("a writer goes on after it has published")
	}
	got := contents(t, open(t, s, repo), commits[1])
	want := map[string]string{"base": "0", "w0": noise(0, 100_000), "w1": noise(1, 100_000)}
	if !maps.Equal(got, want) {
		t.Errorf("%d files after both", len(got))
	}
	dir := fsck(t, s, repo)
	if out := git(t, dir, "", "fsck", "--unreachable"); out != "" {
		t.Errorf("the failed attempt left objects: %s", out)
	}
}

// TestNothingIsLost lets writers, readers, merges and the sweeper work at once.
func TestNothingIsLost(t *testing.T) {
	ctx := t.Context()
	s, meta, blobs := newStore(t)
	repo := newRepo(t, s)
	put(t, s, repo, 0, map[string]string{"base": "0"})

	background, stop := context.WithCancel(ctx)
	var others, writers sync.WaitGroup
	others.Go(func() { NewKeeper(s, meta, KeeperConfig{}).Run(background) })
	others.Go(func() {
		for background.Err() == nil {
			meta.forget(t, blobs)
			snap, err := s.Open(ctx, repo)
			if err != nil {
				t.Error(err)
				return
			}
			tip, err := snap.Resolve(ctx, "main")
			if err != nil {
				t.Error(err)
			}
			entries, _, err := snap.List(ctx, tip, "", ListOptions{Recursive: true})
			if err != nil {
				t.Error(err)
			}
			for _, e := range entries {
				if e.Type != TypeFile {
					continue
				}
				b, err := snap.Blob(ctx, e.OID)
				if err != nil {
					t.Error(err)
					continue
				}
				if n, err := io.Copy(io.Discard, b); err != nil || n != e.Size {
					t.Errorf("%s: read %d of %d bytes, %v", e.Path, n, e.Size, err)
				}
				b.Close()
			}
			snap.Close()
		}
	})
	const each = 30
	var mu sync.Mutex
	races := 0
	for w := range 4 {
		writers.Go(func() {
			for n := range each {
				size := 10
				if n%7 == 0 {
					size = 100_000
				}
				failures, err := rebase(ctx, s, repo, fmt.Sprintf("w%d/f%d", w, n), noise(uint64(w*1000+n), size))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				races += failures
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	stop()
	others.Wait()
	snap := open(t, s, repo)
	tip, err := snap.Resolve(ctx, "main")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(contents(t, snap, tip)); n != 4*each+1 {
		t.Errorf("%d files, want %d", n, 4*each+1)
	}
	if n, err := snap.CountLog(ctx, tip); err != nil || n != 4*each+1 {
		t.Errorf("%d commits, %v", n, err)
	}
	meta.merge(t, s, repo)
	if n := meta.count(repo, hub.PackLive); n > MaxLivePacks {
		t.Errorf("%d live packs", n)
	}
	t.Logf("%d lost races, %d live packs", races, meta.count(repo, hub.PackLive))
	fsck(t, s, repo)
}

func TestFailedPublications(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		left int // blobs that must stay, because the commit may have happened
	}{
		{"refused", hub.Errorf(hub.Unprocessable, "no"), 0},
		{"lost connection", errors.New("connection reset"), 1},
		{"internal", hub.Errorf(hub.Internal, "?"), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, meta, blobs := newStore(t)
			repo := newRepo(t, s)
			put(t, s, repo, 0, map[string]string{"a": "1"})
			meta.failNext = c.err
			if _, err := tryPut(t, s, repo, 1, map[string]string{"b": noise(3, 100_000)}); !errors.Is(err, c.err) {
				t.Fatalf("got %v", err)
			}
			if keys(t, blobs) != c.left || meta.count(repo, hub.PackStaged) != c.left {
				t.Errorf("%d blobs and %d intents are left, want %d", keys(t, blobs), meta.count(repo, hub.PackStaged), c.left)
			}
			tip := put(t, s, repo, 2, map[string]string{"c": "3"})
			if got := contents(t, open(t, s, repo), tip); len(got) != 2 {
				t.Errorf("%d files", len(got))
			}
		})
	}
}

// fullStore is a blob store whose disk is full.
type fullStore struct{ *mem.Store }

func (fullStore) Create(context.Context, string, io.Reader, blob.Expect) (blob.Info, error) {
	return blob.Info{}, hub.Errorf(hub.InsufficientStorage, "The disk is full.")
}

func TestFullDisk(t *testing.T) {
	meta := newFakeMeta()
	s := New(Config{}, meta, fullStore{mem.New()})
	repo := newRepo(t, s)
	if _, err := tryPut(t, s, repo, 1, map[string]string{"b": noise(3, 100_000)}); !hub.Is(err, hub.InsufficientStorage) {
		t.Errorf("got %v", err)
	}
	if n := meta.count(repo, hub.PackStaged); n != 0 {
		t.Errorf("%d intents are left", n)
	}
}

func TestPointersMustBeOwned(t *testing.T) {
	ctx := t.Context()
	s, meta, _ := newStore(t)
	repo := newRepo(t, s)
	digest := hub.Digest(strings.Repeat("0a", 32))
	text := string(lfspointer.Pointer{Digest: digest, Size: 5}.Format())
	// As an ordinary file: its content is a pointer all the same.
	if _, err := tryPut(t, s, repo, 0, map[string]string{"m.bin": text}); !hub.Is(err, hub.Unprocessable) {
		t.Fatalf("a pointer to nothing: %v", err)
	}
	meta.lfs[digest] = true
	tip := put(t, s, repo, 1, map[string]string{"m.bin": text})
	e, err := open(t, s, repo).Entry(ctx, tip, "m.bin")
	if err != nil || e.LFS == nil || *e.LFS != (LFS{Digest: digest, Size: 5, PointerSize: int64(len(text))}) || e.Size != 5 {
		t.Errorf("%+v, %v", e, err)
	}
	w, err := s.Begin(ctx, repo)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Pointer("zz", 5); err == nil {
		t.Error("a bad digest became a pointer")
	}
	if _, err := w.Pointer(digest, -1); err == nil {
		t.Error("a negative size became a pointer")
	}
	if oid, err := w.Pointer(digest, 5); err != nil || oid != e.OID {
		t.Errorf("pointer %s, %v", oid, err)
	}
}

func TestNothingDangles(t *testing.T) {
	ctx := t.Context()
	s, _, _ := newStore(t)
	repo := newRepo(t, s)
	w, err := s.Begin(ctx, repo)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	missing := hub.OID{1, 2, 3}
	if _, err := w.Apply(ctx, nil, hub.ZeroOID, []TreeChange{{Path: "a", Mode: ModeFile, OID: missing}}); err == nil {
		t.Error("a tree names a blob that is nowhere")
	}
	if _, err := w.Commit(missing, nil, sign(0), sign(0), "x"); err == nil {
		t.Error("a commit names a tree that is nowhere")
	}
	for _, name := range []string{"", "a b", "a\n"} {
		if _, err := w.Tag(missing, name, sign(0), "x"); !hub.Is(err, hub.Unprocessable) {
			t.Errorf("tag %q: %v", name, err)
		}
	}
}
