package fault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// works are what is broken at each of their steps. They may be done again.
var works = []struct {
	name string
	do   func(w *inside, p map[string]pushed) error
}{
	{"small commit", func(w *inside, _ map[string]pushed) error { return w.commit("main", map[string]string{"new": "small"}) }},
	{"big commit", func(w *inside, _ map[string]pushed) error {
		return w.commit("main", map[string]string{"new": noise(5, 200_000), "many/0": "other"})
	}},
	{"large file", func(w *inside, _ map[string]pushed) error { return w.large("l.bin", noise(6, 100_000), false) }},
	{"large file in parts", func(w *inside, _ map[string]pushed) error { return w.large("p.bin", noise(7, 150_000), true) }},
	{"small push", func(w *inside, p map[string]pushed) error { return w.receive(p["small"]) }},
	{"big push", func(w *inside, p map[string]pushed) error { return w.receive(p["big"]) }},
	{"push of several refs", func(w *inside, p map[string]pushed) error { return w.receive(p["several"]) }},
	{"push that deletes", func(w *inside, p map[string]pushed) error { return w.receive(p["delete"]) }},
	{"squash", func(w *inside, _ map[string]pushed) error {
		g, err := w.writer()
		if err == nil {
			_, err = w.rep.Squash(context.Background(), g, "main", "all in one", hub.Event{}, nil)
		}
		return err
	}},
	{"merge", func(w *inside, _ map[string]pushed) error { return w.keep.Merge(context.Background(), w.repo.ID) }},
	{"repack", func(w *inside, _ map[string]pushed) error {
		_, err := w.keep.Repack(context.Background(), w.repo.ID, nil)
		return err
	}},
	{"collection", func(w *inside, _ map[string]pushed) error {
		_, err := w.keep.GC(context.Background(), w.repo.ID, false, nil)
		return err
	}},
	{"collection now", func(w *inside, _ map[string]pushed) error {
		_, err := w.keep.GC(context.Background(), w.repo.ID, true, nil)
		return err
	}},
	{"sweep", func(w *inside, _ map[string]pushed) error {
		svc := transfer.New(transfer.Config{}, transfer.Deps{Meta: w.db, Git: w.git, Blobs: w.blobs, Authz: w.zone, Sign: repos.SignatureOf,
			Now: func() time.Time { return w.now.Add(30 * 24 * time.Hour) }})
		_, err := svc.Sweeper().Sweep(context.Background())
		return err
	}},
}

// pushes makes packs for pushes on a copy of the folder, as another clone would.
func pushes(t *testing.T, from string) map[string]pushed {
	t.Helper()
	elsewhere := filepath.Join(t.TempDir(), "data")
	if err := copyFolder(from, elsewhere); err != nil {
		t.Fatal(err)
	}
	w := openInside(t, elsewhere)
	defer w.close()
	w.found()
	ctx := context.Background()
	w.more = map[string]map[string]string{"main": w.tree("main"), "side": w.tree("side")}
	tip := func(branch string) hub.OID {
		ref, err := w.db.Ref(ctx, w.repo.ID, "refs/heads/"+branch)
		w.ok(err)
		return ref.Target
	}
	main, side := tip("main"), tip("side")
	pack := func(wants, haves []hub.OID) []byte {
		snap, err := w.git.Open(ctx, w.repo.ID)
		w.ok(err)
		defer snap.Close()
		sel, err := snap.Select(ctx, gitrepo.SelectRequest{Wants: wants, Haves: haves})
		w.ok(err)
		defer sel.Close()
		var b bytes.Buffer
		w.ok(sel.WritePack(ctx, &b, true))
		return b.Bytes()
	}
	made := map[string]pushed{}
	w.ok(w.commit("main", map[string]string{"pushed": "small"}))
	small := tip("main")
	made["small"] = pushed{pack([]hub.OID{small}, []hub.OID{main, side}), []hub.RefUpdate{{Name: "refs/heads/main", Old: main, New: small}},
		map[string]map[string]string{"main": maps.Clone(w.more["main"])}}
	w.ok(w.commit("main", map[string]string{"pushed": noise(8, 200_000)}))
	big := tip("main")
	made["big"] = pushed{pack([]hub.OID{big}, []hub.OID{main, side}), []hub.RefUpdate{{Name: "refs/heads/main", Old: main, New: big}},
		map[string]map[string]string{"main": maps.Clone(w.more["main"])}}
	w.ok(w.commit("side", map[string]string{"pushed": noise(9, 80_000)}))
	other := tip("side")
	made["several"] = pushed{pack([]hub.OID{small, other}, []hub.OID{main, side}), []hub.RefUpdate{
		{Name: "refs/heads/main", Old: main, New: small}, {Name: "refs/heads/side", Old: side, New: other}, {Name: "refs/heads/third", New: small}},
		map[string]map[string]string{"main": made["small"].files["main"], "side": maps.Clone(w.more["side"]), "third": made["small"].files["main"]}}
	made["delete"] = pushed{nil, []hub.RefUpdate{{Name: "refs/heads/side", Old: side}}, map[string]map[string]string{"side": nil}}
	return made
}

// TestEachStepOfStorage breaks pushes, commits, uploads, merges, collections and sweeps at each step by which they change
// files or commit: the process is killed there, the disk is full, or it is dying. Whatever happens, what was acknowledged
// is there, refs are old or new and lead to nothing that is missing, after a sweep nothing is left over, and the same work
// succeeds once the disk is well.
func TestEachStepOfStorage(t *testing.T) {
	rounds := 1
	if full {
		rounds = 2
	}
	faults := 0
	for round := range rounds {
		from := base(t, round)
		from.close()
		packs := pushes(t, from.data)
		for i, work := range works {
			name := fmt.Sprintf("%s %d", work.name, round)
			steps, kills := killed(t, name, from, i, packs)
			faults += kills
			for n := 1; n <= steps; n++ {
				for k, cause := range []error{syscall.ENOSPC, syscall.EIO} {
					if full || (n+i+k)%5 == 0 {
						broken(t, name, from, i, packs, n, cause)
						faults++
					}
				}
			}
			if t.Failed() {
				t.Fatalf("that was %s", name)
			}
		}
	}
	t.Logf("%d faults", faults)
	if full && faults < 1000 {
		t.Errorf("only %d faults", faults)
	}
}

// again opens a copy of the folder at the start.
func again(t *testing.T, from *inside, dir string) *inside {
	t.Helper()
	data := filepath.Join(dir, "data")
	if err := copyFolder(from.data, data); err != nil {
		t.Fatal(err)
	}
	w := openInside(t, data)
	w.found()
	w.now, w.want, w.more = from.now, clone(from.want), clone(from.more)
	return w
}

// killed does a work once, takes a picture of the folder at each step, and looks at each picture as the next process
// would. It returns the number of steps, and of pictures that were looked at.
func killed(t *testing.T, name string, from *inside, work int, packs map[string]pushed) (steps, kills int) {
	t.Helper()
	dir := t.TempDir()
	w := again(t, from, dir)
	var pictures []string
	picture := func(step string) {
		to := filepath.Join(dir, fmt.Sprint(len(pictures)))
		if err := copyFolder(w.data, to); err != nil {
			t.Fatal(err)
		}
		pictures = append(pictures, step)
	}
	w.b.arm(0, nil, picture)
	if err := works[work].do(w, packs); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	w.b.arm(0, nil, nil)
	picture("the end")
	w.same(name, true)
	w.b.arm(0, nil, nil)
	after := clone(w.want)
	w.healthy(name)
	for i, step := range pictures {
		if !full && (i+work)%3 != 0 && i < len(pictures)-1 {
			continue
		}
		kills++
		where := fmt.Sprintf("%s, killed at step %d, %s", name, i+1, step)
		p := openInside(t, filepath.Join(dir, fmt.Sprint(i)))
		p.found()
		p.now, p.want, p.more = from.now, clone(from.want), clone(after)
		p.same(where, i == len(pictures)-1)
		p.ok(p.commit("main", map[string]string{"afterwards": "it goes on"}))
		p.same(where+", then another commit", true)
		p.healthy(where)
		if err := os.RemoveAll(p.data); err != nil {
			t.Fatal(err)
		}
	}
	return len(pictures) - 1, kills
}

// broken does a work of which one step fails, and then once more.
func broken(t *testing.T, name string, from *inside, work int, packs map[string]pushed, n int, cause error) {
	t.Helper()
	dir := t.TempDir()
	w := again(t, from, dir)
	w.b.arm(n, cause, nil)
	err := works[work].do(w, packs)
	steps := w.b.steps()
	w.b.arm(0, nil, nil)
	if len(steps) < n {
		t.Fatalf("%s: only %d steps", name, len(steps))
	}
	where := fmt.Sprintf("%s, step %d of it, %s: %v", name, n, steps[n-1], cause)
	if err != nil && !errors.Is(err, cause) && hub.CodeOf(err) == hub.Internal && !bytes.Contains([]byte(err.Error()), []byte("refused")) {
		t.Errorf("%s: %v", where, err)
	}
	if cause == syscall.ENOSPC && errors.Is(err, cause) && !hub.Is(err, hub.InsufficientStorage) {
		t.Errorf("%s: the disk is full, and the answer is %v", where, err)
	}
	w.same(where, err == nil)
	if err != nil {
		w.now = w.now.Add(10 * time.Minute) // a lease that could not be given back has run out
		if err := works[work].do(w, packs); err != nil && !retold(err) {
			t.Errorf("%s: not when the disk is well either: %v", where, err)
		}
	}
	w.same(where+", then again", err != nil)
	w.healthy(where)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}

// retold tells whether an error says that the same push has landed already.
func retold(err error) bool {
	return bytes.Contains([]byte(err.Error()), []byte("fetch first")) || bytes.Contains([]byte(err.Error()), []byte("does not exist"))
}

func (s *stores) readAt(ctx context.Context, snap *gitrepo.Snapshot, e gitrepo.Entry) (string, error) {
	var r io.ReadCloser
	var err error
	if e.LFS == nil {
		r, err = snap.Blob(ctx, e.OID)
	} else {
		var key string
		if key, _, err = s.db.LFSKeyIn(ctx, s.repo.ID, e.LFS.Digest); err == nil {
			r, err = s.blobs.Open(ctx, key)
		}
	}
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	return string(b), err
}
