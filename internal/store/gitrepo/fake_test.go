package gitrepo

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/mem"
)

// fakeMeta honours the contract of Meta in memory.
type fakeMeta struct {
	mu       sync.Mutex // guards everything below
	repos    map[hub.ID]*fakeRepo
	packs    map[hub.ID]*fakePack
	done     map[hub.ID]int64 // generation by publication
	lfs      map[hub.Digest]bool
	closures map[hub.ID][]byte
	failNext error // returned by the next Publish or ReplacePacks, once
	queries  int   // calls of LivePacks and PackInline
}

type fakeRepo struct {
	gen  int64
	refs map[string]hub.OID
}

type fakePack struct {
	row    hub.Pack
	inline []byte
}

func newFakeMeta() *fakeMeta {
	return &fakeMeta{
		repos: map[hub.ID]*fakeRepo{}, packs: map[hub.ID]*fakePack{},
		done: map[hub.ID]int64{}, lfs: map[hub.Digest]bool{}, closures: map[hub.ID][]byte{},
	}
}

func (m *fakeMeta) repo(id hub.ID) (*fakeRepo, error) {
	r := m.repos[id]
	if r == nil {
		return nil, hub.Errorf(hub.RepoNotFound, "Repository not found")
	}
	return r, nil
}

func (m *fakeMeta) LivePacks(ctx context.Context, repoID hub.ID) (int64, []hub.Pack, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queries++
	r, err := m.repo(repoID)
	if err != nil {
		return 0, nil, err
	}
	var packs []hub.Pack
	for _, p := range m.packs {
		if p.row.RepoID == repoID && p.row.State == hub.PackLive {
			packs = append(packs, p.row)
		}
	}
	return r.gen, packs, nil
}

func (m *fakeMeta) LiveState(ctx context.Context, repoID hub.ID) (int64, []hub.Pack, []hub.Ref, error) {
	refs, err := m.Refs(ctx, repoID, "")
	if err != nil {
		return 0, nil, nil, err
	}
	gen, packs, err := m.LivePacks(ctx, repoID) // tests do not change refs of it meanwhile
	return gen, packs, refs, err
}

func (m *fakeMeta) PutClosure(ctx context.Context, repoID hub.ID, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closures[repoID] = slices.Clone(body)
	return nil
}

func (m *fakeMeta) Closure(ctx context.Context, repoID hub.ID) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if body, ok := m.closures[repoID]; ok {
		return body, nil
	}
	return nil, hub.Errorf(hub.NotFound, "nothing")
}

func (m *fakeMeta) PackInline(ctx context.Context, packID hub.ID) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queries++
	p := m.packs[packID]
	if p == nil || p.row.BlobKey != "" {
		return nil, hub.Errorf(hub.NotFound, "no such pack")
	}
	return slices.Clone(p.inline), nil
}

func (m *fakeMeta) StagePack(ctx context.Context, p hub.Pack, lease time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.State != hub.PackStaged || p.BlobKey == "" || !lease.After(time.Now()) {
		return hub.Errorf(hub.InvalidInput, "bad intent %+v", p)
	}
	m.packs[p.ID] = &fakePack{row: p}
	return nil
}

func (m *fakeMeta) DropStaged(ctx context.Context, packID hub.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.packs[packID]; p != nil && p.row.State == hub.PackStaged {
		delete(m.packs, packID)
	}
	return nil
}

func (m *fakeMeta) fail() error {
	err := m.failNext
	m.failNext = nil
	return err
}

func (m *fakeMeta) Publish(ctx context.Context, p hub.Publication) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fail(); err != nil {
		return 0, err
	}
	return m.publish(p)
}

func (m *fakeMeta) publish(p hub.Publication) (int64, error) {
	if gen, ok := m.done[p.ID]; ok {
		return gen, nil
	}
	r, err := m.repo(p.RepoID)
	if err != nil {
		return 0, err
	}
	for _, u := range p.Refs {
		if r.refs[u.Name] != u.Old {
			return 0, hub.Wrap(&hub.RefMismatch{Name: u.Name, Actual: r.refs[u.Name]}, hub.PreconditionFailed, "%s has moved", u.Name)
		}
	}
	for _, d := range p.LFS {
		if !m.lfs[d] {
			return 0, hub.Errorf(hub.Unprocessable, "%s was not uploaded", d)
		}
	}
	if err := m.live(r, p.Pack, p.Inline); err != nil {
		return 0, err
	}
	for _, u := range p.Refs {
		if u.New.IsZero() {
			delete(r.refs, u.Name)
			continue
		}
		r.refs[u.Name] = u.New
	}
	r.gen++
	m.done[p.ID] = r.gen
	return r.gen, nil
}

func (m *fakeMeta) live(r *fakeRepo, p *hub.Pack, inline []byte) error {
	if p == nil {
		return nil
	}
	row := *p
	row.State, row.BornGen = hub.PackLive, r.gen+1
	if row.BlobKey != "" && (m.packs[row.ID] == nil || m.packs[row.ID].row.State != hub.PackStaged) {
		return hub.Errorf(hub.Conflict, "pack %s is not staged", row.ID)
	}
	m.packs[row.ID] = &fakePack{row: row, inline: inline}
	return nil
}

func (m *fakeMeta) CreateRepo(ctx context.Context, r hub.Repo, p hub.Publication, ev hub.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.repos[r.ID] != nil {
		return hub.Errorf(hub.Conflict, "exists")
	}
	m.repos[r.ID] = &fakeRepo{refs: map[string]hub.OID{}}
	_, err := m.publish(p)
	if err != nil {
		delete(m.repos, r.ID)
	}
	return err
}

func (m *fakeMeta) ReplacePacks(ctx context.Context, s hub.PackSwap) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fail(); err != nil {
		return 0, err
	}
	r, err := m.repo(s.RepoID)
	if err != nil {
		return 0, err
	}
	for _, id := range s.Retired {
		if old := m.packs[id]; old == nil || old.row.State != hub.PackLive || old.row.RepoID != s.RepoID {
			return 0, hub.Errorf(hub.PreconditionFailed, "pack %s is not live", id)
		}
	}
	for _, p := range s.New {
		if err := m.live(r, &p.Pack, p.Inline); err != nil {
			return 0, err
		}
	}
	for _, id := range s.Retired {
		m.packs[id].row.State = hub.PackRetired
	}
	r.gen++
	return r.gen, nil
}

// Only keepers ask for the rest: leases are always free, and there are no large files.
func (m *fakeMeta) AcquireLease(_ context.Context, name string, holder hub.ID, _ time.Duration) (hub.Lease, bool, error) {
	return hub.Lease{Name: name, Holder: holder}, true, nil
}
func (m *fakeMeta) RenewLease(context.Context, hub.Lease, time.Duration) error    { return nil }
func (m *fakeMeta) ReleaseLease(context.Context, hub.Lease) error                 { return nil }
func (m *fakeMeta) OldTips(context.Context, hub.ID, time.Time) ([]hub.OID, error) { return nil, nil }
func (m *fakeMeta) MarkGC(context.Context, hub.ID, int64) error                   { return nil }
func (m *fakeMeta) RecordEvents(context.Context, ...hub.Event) error              { return nil }
func (m *fakeMeta) LFSBlobKey(context.Context, hub.Digest) (string, int64, error) {
	return "", 0, hub.Errorf(hub.NotFound, "none")
}
func (m *fakeMeta) LinkedLFS(context.Context, hub.ID, time.Time, hub.Digest, int) ([]hub.LFSObject, error) {
	return nil, nil
}
func (m *fakeMeta) UnlinkLFS(context.Context, hub.ID, int64, time.Time, []hub.LFSObject) (int, error) {
	return 0, nil
}
func (m *fakeMeta) LFSObjects(context.Context, hub.ID, []hub.Digest) (map[hub.Digest]int64, error) {
	return nil, nil
}

// merge does what a keeper does after a publication.
func (m *fakeMeta) merge(t testing.TB, s *Store, repo hub.ID) {
	t.Helper()
	if err := NewKeeper(s, m, KeeperConfig{}).Merge(t.Context(), repo); err != nil {
		t.Fatal(err)
	}
}

func (m *fakeMeta) Ref(ctx context.Context, repoID hub.ID, name string) (hub.Ref, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.repo(repoID)
	if err != nil {
		return hub.Ref{}, err
	}
	oid, ok := r.refs[name]
	if !ok {
		return hub.Ref{}, hub.Errorf(hub.RevisionNotFound, "no ref %s", name)
	}
	return hub.Ref{Name: name, Target: oid}, nil
}

func (m *fakeMeta) Refs(ctx context.Context, repoID hub.ID, prefix string) ([]hub.Ref, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.repo(repoID)
	if err != nil {
		return nil, err
	}
	var refs []hub.Ref
	for name, oid := range r.refs {
		if strings.HasPrefix(name, prefix) {
			refs = append(refs, hub.Ref{Name: name, Target: oid})
		}
	}
	slices.SortFunc(refs, func(a, b hub.Ref) int { return strings.Compare(a.Name, b.Name) })
	return refs, nil
}

// forget removes retired packs and their bytes, as a sweeper does.
func (m *fakeMeta) forget(t testing.TB, blobs blob.Store) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, p := range m.packs {
		if p.row.State == hub.PackRetired {
			delete(m.packs, id)
			if p.row.BlobKey != "" {
				if err := blobs.Delete(context.Background(), p.row.BlobKey); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func (m *fakeMeta) count(repo hub.ID, state hub.PackState) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, p := range m.packs {
		if p.row.RepoID == repo && p.row.State == state {
			n++
		}
	}
	return n
}

// newStore returns a store over memory, closed at the end of the test; then no pack may be open any more.
func newStore(t testing.TB) (*Store, *fakeMeta, *mem.Store) {
	t.Helper()
	meta, blobs := newFakeMeta(), mem.New()
	s := New(Config{
		CacheDir: t.TempDir(),
		LogError: func(_ context.Context, msg string, err error) { t.Errorf("%s: %v", msg, err) },
	}, meta, blobs)
	t.Cleanup(func() {
		s.Close()
		if n := len(s.packs); n != 0 {
			t.Errorf("%d packs are still open", n)
		}
	})
	return s, meta, blobs
}

// newRepo makes a repository without commits.
func newRepo(t testing.TB, s *Store) hub.ID {
	t.Helper()
	id := hub.NewID()
	w, err := s.Begin(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.PublishNew(t.Context(), hub.Repo{ID: id}, hub.Publication{}); err != nil {
		t.Fatal(err)
	}
	return id
}

var when = time.Date(2026, 11, 25, 12, 0, 0, 0, time.FixedZone("", 3600))

func sign(i int) Signature {
	return Signature{Name: "Alice", Email: "alice@acme.test", When: when.Add(time.Duration(i) * time.Minute)}
}

const mainRef = BranchPrefix + hub.DefaultBranch

// put commits files (content "" deletes; a path ending in '/' deletes the directory) on main and returns the commit.
func put(t testing.TB, s *Store, repo hub.ID, n int, files map[string]string) hub.OID {
	t.Helper()
	oid, err := tryPut(t, s, repo, n, files)
	if err != nil {
		t.Fatal(err)
	}
	return oid
}

func tryPut(t testing.TB, s *Store, repo hub.ID, n int, files map[string]string) (hub.OID, error) {
	t.Helper()
	ctx := t.Context()
	w, err := s.Begin(ctx, repo)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	var parents []hub.OID
	var parentTree, old hub.OID
	tip, err := w.Base().Resolve(ctx, "main")
	if err == nil {
		c, err := w.Base().Commit(ctx, tip)
		if err != nil {
			t.Fatal(err)
		}
		parents, parentTree, old = []hub.OID{tip}, c.Tree, tip
	} else if !hub.Is(err, hub.RevisionNotFound) {
		t.Fatal(err)
	}
	var changes []TreeChange
	for path, content := range files {
		c := TreeChange{Path: path}
		switch {
		case strings.HasSuffix(path, "/"):
			c.Path, c.DeleteDir = strings.TrimSuffix(path, "/"), true
		case content != "":
			c.Mode = ModeFile
			if c.OID, err = w.Blob(int64(len(content)), strings.NewReader(content)); err != nil {
				return hub.ZeroOID, err
			}
		}
		changes = append(changes, c)
	}
	tree, err := w.Apply(ctx, nil, parentTree, changes)
	if err != nil {
		return hub.ZeroOID, err
	}
	commit, err := w.Commit(tree, parents, sign(n), sign(n), "Change "+string(rune('A'+n%26)))
	if err != nil {
		return hub.ZeroOID, err
	}
	_, err = w.Publish(ctx, hub.Publication{Refs: []hub.RefUpdate{{Name: mainRef, Old: old, New: commit}}})
	return commit, err
}

// view opens a snapshot until the end of the test.
func open(t testing.TB, s *Store, repo hub.ID) *Snapshot {
	t.Helper()
	snap, err := s.Open(context.Background(), repo)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { snap.Close() })
	return snap
}
