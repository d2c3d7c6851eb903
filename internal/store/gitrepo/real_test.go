package gitrepo_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// real is a store over SQLite and a folder, as the hub has it.
type real struct {
	*gitrepo.Store
	db    *meta.DB
	blobs *fs.Store
	ns    hub.ID
}

func newReal(t testing.TB) *real {
	t.Helper()
	ctx := context.Background()
	dir := t.TempDir()
	db, err := meta.Open(ctx, meta.Options{URL: filepath.Join(dir, "ambit.db")})
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := fs.New(filepath.Join(dir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	alice := hub.User{ID: hub.NewID(), Name: "alice", CreatedAt: time.Now()}
	if err := db.CreateUser(ctx, alice, "", hub.Event{Type: "user.create"}); err != nil {
		t.Fatal(err)
	}
	r := &real{db: db, blobs: blobs, ns: alice.ID}
	r.reopen(t)
	t.Cleanup(func() {
		r.Close()
		db.Close()
	})
	return r
}

// reopen forgets everything that is cached.
func (r *real) reopen(t testing.TB) {
	if r.Store != nil {
		r.Close()
	}
	r.Store = gitrepo.New(gitrepo.Config{
		CacheDir: t.TempDir(),
		LogError: func(_ context.Context, msg string, err error) { t.Errorf("%s: %v", msg, err) },
	}, r.db, r.blobs)
}

type file struct{ path, content string }

const mainRef = gitrepo.BranchPrefix + hub.DefaultBranch

var who = gitrepo.Signature{Name: "Alice", Email: "alice@acme.test", When: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}

// repo makes a repository with one commit of files.
func (r *real) repo(t testing.TB, name string, files []file) (hub.ID, hub.OID) {
	t.Helper()
	repo := hub.Repo{
		ID: hub.NewID(), RepoID: hub.RepoID{Type: hub.Model, Namespace: "alice", Name: name},
		NamespaceID: r.ns, CreatorID: r.ns, Visibility: hub.Public, CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
	w, err := r.Begin(context.Background(), repo.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	commit := r.build(t, w, w.Base(), hub.ZeroOID, files)
	err = w.PublishNew(context.Background(), repo, hub.Publication{
		Refs: []hub.RefUpdate{{Name: mainRef, New: commit}}, Head: &commit, Event: hub.Event{Type: "repo.create"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return repo.ID, commit
}

// build makes a commit of files on a parent, zero for none.
func (r *real) build(t testing.TB, w *gitrepo.Writer, base *gitrepo.Snapshot, parent hub.OID, files []file) hub.OID {
	ctx := context.Background()
	var tree hub.OID
	var parents []hub.OID
	if !parent.IsZero() {
		c, err := base.Commit(ctx, parent)
		if err != nil {
			t.Fatal(err)
		}
		tree, parents = c.Tree, []hub.OID{parent}
	}
	changes := make([]gitrepo.TreeChange, len(files))
	for i, f := range files {
		oid, err := w.Blob(int64(len(f.content)), strings.NewReader(f.content))
		if err != nil {
			t.Fatal(err)
		}
		changes[i] = gitrepo.TreeChange{Path: f.path, Mode: gitrepo.ModeFile, OID: oid}
	}
	tree, err := w.Apply(ctx, base, tree, changes)
	if err != nil {
		t.Fatal(err)
	}
	commit, err := w.Commit(tree, parents, who, who, "commit")
	if err != nil {
		t.Fatal(err)
	}
	return commit
}

// commit publishes files on top of parent, as a request does: from opening to the answer.
func (r *real) commit(t testing.TB, repo hub.ID, parent hub.OID, files []file) hub.OID {
	w, err := r.Begin(context.Background(), repo)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	commit := r.build(t, w, w.Base(), parent, files)
	_, err = w.Publish(context.Background(), hub.Publication{
		Refs: []hub.RefUpdate{{Name: mainRef, Old: parent, New: commit}}, Head: &commit, Event: hub.Event{Type: "repo.commit"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return commit
}

func (r *real) fsck(t testing.TB, repo hub.ID) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bare.git")
	if err := r.ExportBare(context.Background(), repo, dir); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("git", "fsck", "--strict", "--full", "--no-dangling")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("git fsck: %v\n%s", err, out)
	}
}

// TestRealStores makes a history over the real metadata and blobs, with merges in between, and reads it after all
// caches are gone.
func TestRealStores(t *testing.T) {
	r := newReal(t)
	repo, tip := r.repo(t, "m", []file{{"README.md", "hello"}})
	ctx, stop := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	keeper := gitrepo.NewKeeper(r.Store, r.db, gitrepo.KeeperConfig{})
	workers.Go(func() { keeper.Run(ctx) })
	const commits = 60
	for n := range commits {
		content := fmt.Sprint("content ", n)
		if n%5 == 0 {
			content = strings.Repeat(fmt.Sprintf("%x", n*7919), 40_000)
		}
		tip = r.commit(t, repo, tip, []file{{fmt.Sprintf("d%d/f%d", n%3, n), content}, {"README.md", content}})
	}
	stop()
	workers.Wait()
	if err := keeper.Merge(t.Context(), repo); err != nil {
		t.Fatal(err)
	}
	_, packs, err := r.db.LivePacks(t.Context(), repo)
	if err != nil || len(packs) > gitrepo.MaxLivePacks {
		t.Errorf("%d live packs, %v", len(packs), err)
	}
	r.reopen(t)
	snap, err := r.Open(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	if got, err := snap.Resolve(t.Context(), "main"); err != nil || got != tip {
		t.Errorf("main is %s, %v", got, err)
	}
	if n, err := snap.CountLog(t.Context(), tip); err != nil || n != commits+1 {
		t.Errorf("%d commits, %v", n, err)
	}
	entries, _, err := snap.List(t.Context(), tip, "", gitrepo.ListOptions{Recursive: true})
	if err != nil || len(entries) != commits+1+3 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	r.fsck(t, repo)
}
