package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob/mem"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// tapped is a metadata store that stops before and after each call which a writer or keeper makes, so that a test can
// let others do something at that very moment.
type tapped struct {
	*meta.DB
	at func(point string) // nil: nothing happens
}

func (m *tapped) tap(point string) {
	if m.at != nil {
		m.at(point)
	}
}

// around calls f between two stops.
func around[T any](m *tapped, name string, f func() (T, error)) (T, error) {
	m.tap("before " + name)
	v, err := f()
	m.tap("after " + name)
	return v, err
}

func (m *tapped) LivePacks(ctx context.Context, repo hub.ID) (int64, []hub.Pack, error) {
	var gen int64
	packs, err := around(m, "LivePacks", func() (packs []hub.Pack, err error) {
		gen, packs, err = m.DB.LivePacks(ctx, repo)
		return packs, err
	})
	return gen, packs, err
}

func (m *tapped) LiveState(ctx context.Context, repo hub.ID) (gen int64, packs []hub.Pack, refs []hub.Ref, err error) {
	_, err = around(m, "LiveState", func() (int, error) {
		gen, packs, refs, err = m.DB.LiveState(ctx, repo)
		return 0, err
	})
	return gen, packs, refs, err
}

func (m *tapped) PackInline(ctx context.Context, id hub.ID) ([]byte, error) {
	return around(m, "PackInline", func() ([]byte, error) { return m.DB.PackInline(ctx, id) })
}

func (m *tapped) Publish(ctx context.Context, p hub.Publication) (int64, error) {
	return around(m, "Publish", func() (int64, error) { return m.DB.Publish(ctx, p) })
}

func (m *tapped) Ref(ctx context.Context, repo hub.ID, name string) (hub.Ref, error) {
	return around(m, "Ref", func() (hub.Ref, error) { return m.DB.Ref(ctx, repo, name) })
}

func (m *tapped) Refs(ctx context.Context, repo hub.ID, prefix string) ([]hub.Ref, error) {
	return around(m, "Refs", func() ([]hub.Ref, error) { return m.DB.Refs(ctx, repo, prefix) })
}

func (m *tapped) AcquireLease(ctx context.Context, name string, holder hub.ID, ttl time.Duration) (l hub.Lease, ok bool, err error) {
	l, err = around(m, "AcquireLease", func() (hub.Lease, error) {
		l, ok, err = m.DB.AcquireLease(ctx, name, holder, ttl)
		return l, err
	})
	return l, ok, err
}

func (m *tapped) ReplacePacks(ctx context.Context, s hub.PackSwap) (int64, error) {
	return around(m, "ReplacePacks", func() (int64, error) { return m.DB.ReplacePacks(ctx, s) })
}

func (m *tapped) OldTips(ctx context.Context, repo hub.ID, since time.Time) ([]hub.OID, error) {
	return around(m, "OldTips", func() ([]hub.OID, error) { return m.DB.OldTips(ctx, repo, since) })
}

func (m *tapped) MarkGC(ctx context.Context, repo hub.ID, gen int64) error {
	_, err := around(m, "MarkGC", func() (int, error) { return 0, m.DB.MarkGC(ctx, repo, gen) })
	return err
}

func (m *tapped) LinkedLFS(ctx context.Context, repo hub.ID, before time.Time, after hub.Digest, limit int) ([]hub.LFSObject, error) {
	return around(m, "LinkedLFS", func() ([]hub.LFSObject, error) { return m.DB.LinkedLFS(ctx, repo, before, after, limit) })
}

// race is a repository in a world where one node is tapped and another one does as it likes.
type race struct {
	*keptStore // the other node
	tap        *tapped
	node       *Store // the tapped one
	keeper     *Keeper
	names      int

	repo hub.ID
	want map[string]map[string]string // contents by path, by branch
	lost hub.OID                      // a commit that no ref leads to at the start
	n    int                          // of commits

	packed      []byte // what the push brings
	pushed      hub.OID
	pushedFiles map[string]string
}

func newRace(t *testing.T) *race {
	blobs := mem.New()
	// Far ahead of the ids that packs get, so that all garbage is old from the start.
	r := &race{keptStore: newKept(t, blobs, KeeperConfig{Grace: time.Millisecond})}
	r.now = time.Now().Add(time.Hour)
	r.tap = &tapped{DB: r.db}
	r.node = New(Config{CacheDir: t.TempDir()}, r.tap, blobs)
	t.Cleanup(func() { r.node.Close() })
	r.keeper = NewKeeper(r.node, r.tap, KeeperConfig{Grace: time.Millisecond, Now: r.clock})
	return r
}

// begin makes a repository with main, side, a lost history, garbage set aside, and packs to merge if there are to be many.
func (r *race) begin(t *testing.T, many bool) {
	t.Helper()
	r.names++
	r.repo, r.want, r.n = r.keptStore.repo(t, fmt.Sprintf("r%d", r.names)), map[string]map[string]string{}, 0
	r.change(t, "main", map[string]string{"a": "first", "dir/b": "kept"})
	first, err := r.db.Ref(t.Context(), r.repo, mainRef)
	ok(t, err)
	r.lost = r.commit(t, r.repo, "gone", 1000, map[string]string{"lost": "lost and found", "dir/deep/c": "below"})
	ok(t, r.move(t, r.repo, "gone", hub.ZeroOID))
	r.now = r.now.Add(time.Second)
	_, err = r.k.GC(t.Context(), r.repo, false, nil)
	ok(t, err)
	r.now = r.now.Add(time.Second)
	ok(t, r.move(t, r.repo, "side", first.Target))
	r.want["side"] = maps.Clone(r.want["main"])
	r.change(t, "side", map[string]string{"s": "side"})
	for i := range 10 {
		if many || i < 2 {
			r.change(t, "main", map[string]string{fmt.Sprintf("f%d", i): fmt.Sprint("content ", i)})
		}
	}
}

// change commits through the node that is not tapped.
func (r *race) change(t *testing.T, branch string, files map[string]string) {
	t.Helper()
	r.n++
	r.commit(t, r.repo, branch, r.n, files)
	if r.want[branch] == nil {
		r.want[branch] = map[string]string{}
	}
	maps.Copy(r.want[branch], files)
}

// deeds are what others do while a job is at work.
var deeds = map[string]func(*testing.T, *race){
	"commit what was lost": func(t *testing.T, r *race) {
		r.change(t, "main", map[string]string{"again": "lost and found", "new": "new"})
	},
	"delete": func(t *testing.T, r *race) {
		ok(t, r.move(t, r.repo, "side", hub.ZeroOID))
		delete(r.want, "side")
	},
	"make anew": func(t *testing.T, r *race) {
		ok(t, r.move(t, r.repo, "side", hub.ZeroOID))
		delete(r.want, "side")
		r.change(t, "side", map[string]string{"s": "another side"})
	},
	"bring back": func(t *testing.T, r *race) {
		snap, err := r.Open(t.Context(), r.repo)
		ok(t, err)
		defer snap.Close()
		if _, err := snap.Commit(t.Context(), r.lost); hub.Is(err, hub.RevisionNotFound) {
			return // it is gone for good already
		}
		ok(t, r.move(t, r.repo, "back", r.lost))
		r.want["back"] = map[string]string{"lost": "lost and found", "dir/deep/c": "below"}
	},
	"delete and collect": func(t *testing.T, r *race) {
		ok(t, r.move(t, r.repo, "side", hub.ZeroOID))
		delete(r.want, "side")
		if _, err := r.k.GC(t.Context(), r.repo, true, nil); err != nil && !hub.Is(err, hub.Conflict) {
			t.Error(err)
		}
	},
	"collect": func(t *testing.T, r *race) {
		if _, err := r.k.GC(t.Context(), r.repo, true, nil); err != nil && !hub.Is(err, hub.Conflict) {
			t.Error(err)
		}
	},
}

func (r *race) check(t *testing.T) {
	t.Helper()
	r.verify(t, r.repo)
	for i, s := range []*Store{r.Store, r.node} {
		snap, err := s.Open(t.Context(), r.repo)
		ok(t, err)
		for branch, want := range r.want {
			head, err := snap.Resolve(t.Context(), branch)
			ok(t, err)
			if got := contents(t, snap, head); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("node %d, %s: %v, want %v", i, branch, got, want)
			}
		}
		snap.Close()
	}
}

// eachStop runs work once for every stop that it makes, with do at that stop. Without AMBIT_FULL it takes every third
// stop, not the same ones in each test.
func (r *race) eachStop(t *testing.T, begin func(), work func() error, do func(), after func(point string, err error)) int {
	t.Helper()
	stop, step := 1, 1
	if os.Getenv("AMBIT_FULL") == "" {
		stop, step = 1+len(t.Name())%3, 3
	}
	for ; ; stop += step {
		begin()
		n, point := 0, ""
		r.tap.at = func(p string) {
			if n++; n == stop {
				at := r.tap.at
				r.tap.at = nil // what is done now is not stopped itself
				point = p
				do()
				r.tap.at = at
			}
		}
		err := work()
		r.tap.at = nil
		if point == "" {
			return stop - step
		}
		after(fmt.Sprintf("stop %d, %s", stop, point), err)
		if t.Failed() {
			t.Fatalf("that was at stop %d, %s", stop, point)
		}
	}
}

// TestKeepersMeetEveryChange lets somebody else change the repository at each point where a keeper talks to the database.
// Whatever it is, the keeper finishes or says that it was in the way, and nothing is lost. Refs of one generation with
// the packs of another were once "missing objects" here.
func TestKeepersMeetEveryChange(t *testing.T) {
	jobs := map[string]struct {
		many  bool // many packs, and so a test that takes longer
		reads bool // changes nothing
		run   func(*race, context.Context) error
	}{
		"merge":       {true, false, func(r *race, ctx context.Context) error { return r.keeper.Merge(ctx, r.repo) }},
		"repack":      {false, false, func(r *race, ctx context.Context) error { _, err := r.keeper.Repack(ctx, r.repo, nil); return err }},
		"collect":     {false, false, func(r *race, ctx context.Context) error { _, err := r.keeper.GC(ctx, r.repo, false, nil); return err }},
		"collect now": {false, false, func(r *race, ctx context.Context) error { _, err := r.keeper.GC(ctx, r.repo, true, nil); return err }},
		"export": {false, true, func(r *race, ctx context.Context) error {
			_, err := r.keeper.Export(ctx, r.repo, filepath.Join(t.TempDir(), "bare.git"), false, nil)
			return err
		}},
		"verify": {false, true, func(r *race, ctx context.Context) error {
			v, err := r.keeper.Verify(ctx, r.repo, true, nil)
			if err == nil && len(v.Problems) > 0 {
				err = fmt.Errorf("%+v", v.Problems)
			}
			return err
		}},
	}
	for name, job := range jobs {
		for deed, do := range deeds {
			few := job.many && deed != "commit what was lost" && deed != "collect" || job.reads && deed != "delete and collect"
			if few && os.Getenv("AMBIT_FULL") == "" {
				continue
			}
			t.Run(name+"/"+deed, func(t *testing.T) {
				t.Parallel()
				r := newRace(t)
				n := r.eachStop(t, func() { r.begin(t, job.many) }, func() error { return job.run(r, t.Context()) }, func() { do(t, r) },
					func(point string, err error) {
						if err != nil && !hub.Is(err, hub.Conflict) {
							t.Errorf("%s: %v", point, err)
						}
						r.check(t)
					})
				if n < 5 {
					t.Errorf("only %d stops", n)
				}
			})
		}
	}
}

// writers are ways in which somebody brings what a keeper may be about to drop: each returns nil once it is published.
var writers = map[string]func(*testing.T, *race) error{
	// The blob, and the directory that it makes, lie among the garbage.
	"commit": func(t *testing.T, r *race) error {
		files := map[string]string{"again": "lost and found", "dir/deep/c": "below"}
		_, err := (&keptStore{Store: r.node, db: r.db}).tryCommit(t, r.repo, "main", 500, files)
		if err == nil {
			maps.Copy(r.want["main"], files)
		}
		return err
	},
	"branch": func(t *testing.T, r *race) error {
		row, err := r.db.RepoByID(t.Context(), r.repo)
		ok(t, err)
		snap, err := r.node.Open(t.Context(), r.repo)
		ok(t, err)
		defer snap.Close()
		if _, err := snap.Commit(t.Context(), r.lost); err != nil {
			return err
		}
		_, err = r.tap.Publish(t.Context(), hub.Publication{RepoID: r.repo, GCEpoch: row.GCEpoch, Refs: []hub.RefUpdate{{Name: BranchPrefix + "back", New: r.lost}}})
		if err == nil {
			r.want["back"] = map[string]string{"lost": "lost and found", "dir/deep/c": "below"}
		}
		return err
	},
	"push": func(t *testing.T, r *race) error { return r.push(t) },
}

// push brings side's next commit, made elsewhere, as a pack whose objects refer to those that are here.
func (r *race) push(t *testing.T) error {
	row, err := r.db.RepoByID(t.Context(), r.repo)
	ok(t, err)
	in, err := r.node.Receive(t.Context(), r.repo, bytes.NewReader(r.packed), Limits{Bytes: 1 << 20, Objects: 100, Inflated: 1 << 20})
	if err != nil {
		return err
	}
	defer in.Abort()
	for range 10 {
		c := in.Connect(t.Context())
		err := c.Tip(r.pushed, func(NewFile) error { return nil })
		if err == nil {
			err = c.Prove(t.Context())
		}
		if err != nil {
			return err
		}
		_, err = in.Publish(t.Context(), hub.Publication{GCEpoch: row.GCEpoch, Refs: []hub.RefUpdate{{Name: BranchPrefix + "pushed", New: r.pushed}}})
		if err == nil {
			r.want["pushed"] = maps.Clone(r.pushedFiles)
		}
		if !errors.Is(err, hub.ErrEpoch) {
			return err
		}
		row, err = r.db.RepoByID(t.Context(), r.repo)
		ok(t, err)
		ok(t, in.Refresh(t.Context()))
	}
	return errors.New("the repository was cleaned up all the time")
}

// prepare makes a commit on top of side and takes it away again, down to the last object, so that it has to be pushed.
func (r *race) prepare(t *testing.T) {
	t.Helper()
	files := map[string]string{"p": "pushed", "q/r": "below"}
	side, err := r.db.Ref(t.Context(), r.repo, BranchPrefix+"side")
	ok(t, err)
	ok(t, r.move(t, r.repo, "draft", side.Target))
	r.pushed = r.commit(t, r.repo, "draft", 700, files)
	r.pushedFiles = maps.Clone(r.want["side"])
	maps.Copy(r.pushedFiles, files)
	snap, err := r.Open(t.Context(), r.repo)
	ok(t, err)
	defer snap.Close()
	sel, err := snap.Select(t.Context(), SelectRequest{Wants: []hub.OID{r.pushed}, Haves: []hub.OID{side.Target}})
	ok(t, err)
	defer sel.Close()
	var pack bytes.Buffer
	ok(t, sel.WritePack(t.Context(), &pack, true))
	r.packed = pack.Bytes()
	ok(t, r.move(t, r.repo, "draft", hub.ZeroOID))
	_, err = r.k.GC(t.Context(), r.repo, true, nil)
	ok(t, err)
	// Garbage again, for the others.
	r.lost = r.commit(t, r.repo, "gone", 1000, map[string]string{"lost": "lost and found", "dir/deep/c": "below"})
	ok(t, r.move(t, r.repo, "gone", hub.ZeroOID))
}

// TestWritersMeetACollection drops all garbage, and sometimes what a push stands on, at each point where a writer talks to the
// database. What is published is there, whole; what is refused was refused for a reason.
func TestWritersMeetACollection(t *testing.T) {
	for name, write := range writers {
		for _, deed := range []string{"collect", "delete and collect", "make anew"} {
			t.Run(name+"/"+deed, func(t *testing.T) {
				t.Parallel()
				r := newRace(t)
				n := r.eachStop(t, func() { r.begin(t, false); r.prepare(t) }, func() error { return write(t, r) }, func() { deeds[deed](t, r) },
					func(point string, err error) {
						switch {
						case err == nil, errors.Is(err, hub.ErrEpoch):
						case name == "branch" && hub.Is(err, hub.RevisionNotFound): // it had gone before
						case name == "push" && deed != "collect" && hub.Is(err, hub.Unprocessable): // what it stood on had
						default:
							t.Errorf("%s: %v", point, err)
						}
						r.check(t)
					})
				if n < 4 {
					t.Errorf("only %d stops", n)
				}
			})
		}
	}
}
