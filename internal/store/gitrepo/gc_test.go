package gitrepo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/mem"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// kept is a store over a real database, with a keeper and a clock that tests move.
type keptStore struct {
	*Store
	db    *meta.DB
	k     *Keeper
	owner hub.User
	now   time.Time
	runs  atomic.Bool // the clock runs, an hour ahead of the one that ids are made by
}

func (ks *keptStore) clock() time.Time {
	if ks.runs.Load() {
		return time.Now().Add(time.Hour)
	}
	return ks.now
}

func newKept(t testing.TB, blobs blob.Store, cfg KeeperConfig) *keptStore {
	t.Helper()
	return newKeptAt(t, filepath.Join(t.TempDir(), "ambit.db"), blobs, cfg)
}

func newKeptAt(t testing.TB, url string, blobs blob.Store, cfg KeeperConfig) *keptStore {
	t.Helper()
	if blobs == nil {
		blobs = mem.New()
	}
	ks := &keptStore{now: time.Now()}
	db, err := meta.Open(t.Context(), meta.Options{URL: url, Now: ks.clock})
	ok(t, err)
	ks.db = db
	cfg.Now = ks.clock
	ks.Store = New(Config{CacheDir: t.TempDir(), LogError: func(_ context.Context, msg string, err error) { t.Errorf("%s: %v", msg, err) }}, db, blobs)
	ks.k = NewKeeper(ks.Store, db, cfg)
	t.Cleanup(func() { ks.Store.Close(); db.Close() })
	ks.owner = hub.User{ID: hub.NewID(), Name: "alice", CreatedAt: time.Now()}
	ok(t, db.CreateUser(t.Context(), ks.owner, "", hub.Event{}))
	return ks
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (ks *keptStore) repo(t testing.TB, name string) hub.ID {
	t.Helper()
	r := hub.Repo{ID: hub.NewID(), RepoID: hub.RepoID{Type: hub.Model, Namespace: "alice", Name: name}, NamespaceID: ks.owner.ID, Visibility: hub.Public, CreatedAt: time.Now()}
	ok(t, ks.db.CreateRepo(t.Context(), r, hub.Publication{ID: hub.NewID()}, hub.Event{}))
	return r.ID
}

// commit changes files on a branch; empty content deletes. It returns the new head.
func (ks *keptStore) commit(t testing.TB, repo hub.ID, branch string, n int, files map[string]string) hub.OID {
	t.Helper()
	oid, err := ks.tryCommit(t, repo, branch, n, files)
	ok(t, err)
	return oid
}

func (ks *keptStore) tryCommit(t testing.TB, repo hub.ID, branch string, n int, files map[string]string) (hub.OID, error) {
	ctx := t.Context()
	row, err := ks.db.RepoByID(ctx, repo)
	if err != nil {
		return hub.ZeroOID, err
	}
	w, err := ks.Begin(ctx, repo)
	if err != nil {
		return hub.ZeroOID, err
	}
	defer w.Abort()
	var parents []hub.OID
	tree := hub.ZeroOID
	ref, err := ks.db.Ref(ctx, repo, BranchPrefix+branch)
	if err == nil {
		c, err := w.Base().Commit(ctx, ref.Target)
		if err != nil {
			return hub.ZeroOID, err
		}
		tree, parents = c.Tree, []hub.OID{ref.Target}
	} else if !hub.Is(err, hub.RevisionNotFound) {
		return hub.ZeroOID, err
	}
	var changes []TreeChange
	for path, content := range files {
		c := TreeChange{Path: path}
		if content != "" {
			c.Mode = ModeFile
			if c.OID, err = w.Blob(int64(len(content)), strings.NewReader(content)); err != nil {
				return hub.ZeroOID, err
			}
		}
		changes = append(changes, c)
	}
	tree, err = w.Apply(ctx, w.Base(), tree, changes)
	if err != nil {
		return hub.ZeroOID, err
	}
	who := Signature{Name: "alice", Email: "a@example.org", When: time.Unix(1_700_000_000+int64(n), 0).UTC()}
	oid, err := w.Commit(tree, parents, who, who, fmt.Sprintf("change %d", n))
	if err != nil {
		return hub.ZeroOID, err
	}
	_, err = w.Publish(ctx, hub.Publication{ID: hub.NewID(), RepoID: repo, GCEpoch: row.GCEpoch, Refs: []hub.RefUpdate{{Name: BranchPrefix + branch, Old: ref.Target, New: oid}}})
	return oid, err
}

// move points a branch somewhere else; zero deletes it.
func (ks *keptStore) move(t testing.TB, repo hub.ID, branch string, to hub.OID) error {
	row, err := ks.db.RepoByID(t.Context(), repo)
	ok(t, err)
	ref, err := ks.db.Ref(t.Context(), repo, BranchPrefix+branch)
	if err != nil && !hub.Is(err, hub.RevisionNotFound) {
		return err
	}
	if ref.Target == to {
		return nil
	}
	_, err = ks.db.Publish(t.Context(), hub.Publication{RepoID: repo, GCEpoch: row.GCEpoch, Refs: []hub.RefUpdate{{Name: BranchPrefix + branch, Old: ref.Target, New: to}}})
	return err
}

func (ks *keptStore) verify(t testing.TB, repo hub.ID) Verified {
	t.Helper()
	v, err := ks.k.Verify(t.Context(), repo, true, nil)
	ok(t, err)
	if len(v.Problems) > 0 {
		t.Fatalf("%+v", v.Problems)
	}
	return v
}

func (ks *keptStore) rows(t testing.TB, repo hub.ID) (bytes int64, kinds map[string]int) {
	t.Helper()
	_, rows, err := ks.db.LivePacks(t.Context(), repo)
	ok(t, err)
	kinds = map[string]int{}
	for _, r := range rows {
		kinds[r.Kind]++
		bytes += r.PackBytes
	}
	row, err := ks.db.RepoByID(t.Context(), repo)
	ok(t, err)
	total := int64(0)
	for _, r := range rows {
		total += r.Bytes
	}
	if row.GitBytes != total {
		t.Fatalf("the repository counts %d bytes of git, its packs have %d", row.GitBytes, total)
	}
	return bytes, kinds
}

// fsck exports a repository and lets git judge. It returns the folder.
func (ks *keptStore) fsck(t testing.TB, repo hub.ID) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bare.git")
	_, err := ks.k.Export(t.Context(), repo, dir, true, nil)
	ok(t, err)
	if out, err := exec.Command("git", "-C", dir, "fsck", "--strict", "--full").CombinedOutput(); err != nil || bytes.Contains(out, []byte("dangling")) {
		t.Fatalf("git fsck: %v\n%s", err, out)
	}
	return dir
}

func TestGCDropsWhatNothingLeadsTo(t *testing.T) {
	ks := newKept(t, nil, KeeperConfig{Grace: time.Hour})
	repo := ks.repo(t, "one")
	first := ks.commit(t, repo, "main", 0, map[string]string{"a": "first", "dir/b": "kept"})
	secret := ks.commit(t, repo, "main", 1, map[string]string{"secret": noise(7, 100_000)})
	ok(t, ks.move(t, repo, "main", first))
	ks.commit(t, repo, "main", 2, map[string]string{"c": "third"})

	got, err := ks.k.GC(t.Context(), repo, false, nil)
	ok(t, err)
	if got.Dropped != 0 || got.Unreachable != 3 {
		t.Fatalf("%+v", got)
	}
	if _, kinds := ks.rows(t, repo); kinds[kindGarbage] != 1 || kinds[kindBase] != 2 {
		t.Fatalf("%v", kinds)
	}
	ks.now = ks.now.Add(2 * time.Hour) // also of the history of refs
	before, err := ks.db.RepoByID(t.Context(), repo)
	ok(t, err)
	got, err = ks.k.GC(t.Context(), repo, false, nil)
	ok(t, err)
	if got.Dropped != 3 || got.Unreachable != 0 {
		t.Fatalf("%+v", got)
	}
	after, err := ks.db.RepoByID(t.Context(), repo)
	ok(t, err)
	if after.GCEpoch != before.GCEpoch+1 {
		t.Errorf("epoch %d after %d", after.GCEpoch, before.GCEpoch)
	}
	snap, err := ks.Open(t.Context(), repo)
	ok(t, err)
	defer snap.Close()
	if _, err := snap.Commit(t.Context(), secret); !hub.Is(err, hub.RevisionNotFound) {
		t.Errorf("the dropped commit: %v", err)
	}
	ks.verify(t, repo)
	ks.fsck(t, repo)
}

// TestGCNoticesWhatComesBack publishes, while garbage is collected, a change that needs what is to be dropped.
func TestGCNoticesWhatComesBack(t *testing.T) {
	ks := newKept(t, nil, KeeperConfig{Grace: time.Hour})
	repo := ks.repo(t, "one")
	first := ks.commit(t, repo, "main", 0, map[string]string{"a": "first"})
	lost := ks.commit(t, repo, "main", 1, map[string]string{"b": "lost and found"})
	ok(t, ks.move(t, repo, "main", first))
	raced := false
	_, err := ks.k.GC(t.Context(), repo, true, func(stage string, done, total int64) {
		if stage == "writing packs" && !raced {
			raced = true
			ok(t, ks.move(t, repo, "again", lost))
		}
	})
	ok(t, err)
	if v := ks.verify(t, repo); !raced || v.Refs != 2 {
		t.Fatalf("%+v", v)
	}
	// A change that was begun before the collection and lands after it.
	ok(t, ks.move(t, repo, "again", hub.ZeroOID))
	row, err := ks.db.RepoByID(t.Context(), repo)
	ok(t, err)
	_, err = ks.k.GC(t.Context(), repo, true, nil)
	ok(t, err)
	_, err = ks.db.Publish(t.Context(), hub.Publication{RepoID: repo, GCEpoch: row.GCEpoch, Refs: []hub.RefUpdate{{Name: "refs/heads/late", New: lost}}})
	if !hub.Is(err, hub.Conflict) {
		t.Fatalf("a publication of an older epoch: %v", err)
	}
	ks.verify(t, repo)
}

func TestGCTakesTurns(t *testing.T) {
	ks := newKept(t, nil, KeeperConfig{})
	repo := ks.repo(t, "one")
	ks.commit(t, repo, "main", 0, map[string]string{"a": "first"})
	l, got, err := ks.db.AcquireLease(t.Context(), "git/"+string(repo), hub.NewID(), time.Minute)
	if err != nil || !got {
		t.Fatal(got, err)
	}
	if _, err := ks.k.Repack(t.Context(), repo, nil); !hub.Is(err, hub.Conflict) {
		t.Fatalf("two jobs at once: %v", err)
	}
	ok(t, ks.db.ReleaseLease(t.Context(), l))
	// A holder whose lease ran out and was taken changes nothing.
	stolen := false
	_, kinds := ks.rows(t, repo)
	_, err = ks.k.Repack(t.Context(), repo, func(string, int64, int64) {
		if !stolen {
			stolen = true
			if _, got, err := ks.db.AcquireLease(t.Context(), "git/"+string(repo), hub.NewID(), time.Minute); err != nil || got {
				t.Errorf("a held lease was taken: %v %v", got, err)
			}
			ks.now = ks.now.Add(time.Hour)
			if _, got, err := ks.db.AcquireLease(t.Context(), "git/"+string(repo), hub.NewID(), time.Minute); err != nil || !got {
				t.Errorf("an old lease was not taken: %v %v", got, err)
			}
		}
	})
	if !hub.Is(err, hub.Conflict) {
		t.Fatalf("a late holder: %v", err)
	}
	if _, now := ks.rows(t, repo); fmt.Sprint(now) != fmt.Sprint(kinds) {
		t.Errorf("packs %v in place of %v", now, kinds)
	}
	ks.verify(t, repo)
}

// TestMergeKeepsManyCommitsSmall is goal 18 of the storage plan at a smaller scale: many commits of one file are not much
// larger than the same history packed by git, in few packs.
func TestMergeKeepsManyCommitsSmall(t *testing.T) {
	commits := 400
	if os.Getenv("AMBIT_FULL") != "" {
		commits = 10_000
	}
	ks := newKept(t, nil, KeeperConfig{})
	repo := ks.repo(t, "one")
	rng := rand.New(rand.NewPCG(3, 4))
	files := map[string]string{}
	for i := range 1000 {
		files[fmt.Sprintf("data/%03d/file-%d.txt", i%20, i)] = text(rng, 700)
	}
	ks.commit(t, repo, "main", 0, files)
	for n := range commits {
		name := fmt.Sprintf("data/%03d/file-%d.txt", rng.IntN(20), rng.IntN(2000))
		ks.commit(t, repo, "main", n+1, map[string]string{name: text(rng, 700)})
		ok(t, ks.k.Merge(t.Context(), repo))
	}
	bytes, kinds := ks.rows(t, repo)
	packs := 0
	for _, n := range kinds {
		packs += n
	}
	ks.verify(t, repo)
	dir := ks.fsck(t, repo)
	if out, err := exec.Command("git", "-C", dir, "repack", "-adfq").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	fresh := int64(0)
	names, err := filepath.Glob(filepath.Join(dir, "objects/pack/*.pack"))
	ok(t, err)
	for _, name := range names {
		info, err := os.Stat(name)
		ok(t, err)
		fresh += info.Size()
	}
	grown := ks.cloneCPU(t, repo)
	_, err = ks.k.Repack(t.Context(), repo, nil)
	ok(t, err)
	anew, _ := ks.rows(t, repo)
	t.Logf("%d packs %v with %d bytes; freshly packed by git %d, by us %d; a clone takes %s of CPU, laid out anew %s",
		packs, kinds, bytes, fresh, anew, grown, ks.cloneCPU(t, repo))
	if packs > MaxLivePacks {
		t.Errorf("%d packs", packs)
	}
	if float64(bytes) > 1.5*float64(fresh) {
		t.Errorf("%d bytes, freshly packed %d", bytes, fresh)
	}
}

// cloneCPU returns the CPU time that choosing and writing all objects takes, with nothing kept in memory.
func (ks *keptStore) cloneCPU(t *testing.T, repo hub.ID) time.Duration {
	t.Helper()
	cold := New(Config{CacheDir: t.TempDir()}, ks.db, ks.blobs)
	defer cold.Close()
	var before, after syscall.Rusage
	ok(t, syscall.Getrusage(syscall.RUSAGE_SELF, &before))
	refs, err := ks.db.Refs(t.Context(), repo, "refs/")
	ok(t, err)
	snap, err := cold.Open(t.Context(), repo)
	ok(t, err)
	defer snap.Close()
	q := SelectRequest{}
	for _, r := range refs {
		q.Wants = append(q.Wants, r.Target)
	}
	sel, err := snap.Select(t.Context(), q)
	ok(t, err)
	defer sel.Close()
	ok(t, sel.WritePack(t.Context(), io.Discard, true))
	ok(t, syscall.Getrusage(syscall.RUSAGE_SELF, &after))
	cpu := func(r syscall.Rusage) time.Duration { return time.Duration(r.Utime.Nano() + r.Stime.Nano()) }
	return cpu(after) - cpu(before)
}

func text(rng *rand.Rand, n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%d ", rng.IntN(100_000))
	}
	return b.String()
}

// TestJobsAreRecorded: what the operator asks for is in the audit log with what came of it, and so is all that is dropped.
func TestJobsAreRecorded(t *testing.T) {
	ks := newKept(t, nil, KeeperConfig{Grace: time.Hour})
	repo := ks.repo(t, "one")
	ks.commit(t, repo, "main", 0, map[string]string{"a": "first"})
	last := hub.ID("")
	events := func() (texts []string) {
		t.Helper()
		list, err := ks.db.ListEvents(t.Context(), last, 100)
		ok(t, err)
		for _, ev := range list {
			last = ev.ID
			if ev.Type == eventGC || ev.Type == eventRepack {
				texts = append(texts, ev.Type+" "+ev.ActorName+" "+ev.Message)
			}
			if ev.RepoID == repo && ev.NamespaceID != ks.owner.ID {
				t.Errorf("%+v", ev)
			}
		}
		return texts
	}
	want := func(what string, lines ...string) {
		t.Helper()
		if got := events(); fmt.Sprint(got) != fmt.Sprint(lines) {
			t.Errorf("%s: %q", what, got)
		}
	}
	want("nothing")
	k := ks.k.Noting(hub.Event{ActorName: "operator"})
	_, err := k.GC(t.Context(), repo, false, nil)
	ok(t, err)
	want("no garbage", "repo.gc operator Collected garbage: there was none to be set aside or dropped.")
	_, err = k.Repack(t.Context(), repo, nil)
	ok(t, err)
	want("a repack", "repo.repack operator Laid out anew: 3 objects in 2 packs.")
	ks.commit(t, repo, "gone", 1, map[string]string{"b": "second"})
	ok(t, ks.move(t, repo, "gone", hub.ZeroOID))
	_, err = ks.k.GC(t.Context(), repo, false, nil)
	ok(t, err)
	_, err = ks.k.Repack(t.Context(), repo, nil)
	ok(t, err)
	want("what loses nothing, by schedule")
	_, err = ks.k.GC(t.Context(), repo, true, nil)
	ok(t, err)
	want("a loss by schedule", "repo.gc schedule Collected garbage: 3 objects are gone, 0 that nothing leads to are kept for now.")
}
