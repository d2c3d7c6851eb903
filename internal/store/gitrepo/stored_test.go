package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestWholeIsReadAsWritten(t *testing.T) {
	set := newBitset(130)
	for _, i := range []int{0, 63, 64, 129} {
		set.set(i)
	}
	w := &whole{wants: []hub.OID{{1}, {2}}, oids: []hub.OID{{3}}, packs: []wholePack{{"a", set, 130}, {"bb", newBitset(0), 0}}}
	text := w.encode()
	got, ok := decodeWhole(text)
	if !ok || !reflect.DeepEqual(got.wants, w.wants) || !reflect.DeepEqual(got.oids, w.oids) || len(got.packs) != 2 ||
		!slices.Equal(got.packs[0].set, set) || got.packs[0].id != "a" || got.packs[1].n != 0 {
		t.Errorf("%+v", got)
	}
	for i := range text {
		bad := bytes.Clone(text)
		bad[i] ^= 4
		if _, ok := decodeWhole(bad); ok {
			t.Errorf("byte %d may be anything", i)
		}
		if _, ok := decodeWhole(text[:i]); ok {
			t.Errorf("%d bytes are enough", i)
		}
	}
}

func FuzzDecodeWhole(f *testing.F) {
	f.Add((&whole{wants: []hub.OID{{1}}, packs: []wholePack{{"a", newBitset(70), 70}}}).encode())
	f.Fuzz(func(t *testing.T, b []byte) { decodeWhole(b) })
}

// TestColdSelection asks stores that have just been opened: what was kept answers, with the very objects that a walk finds, and
// nothing is walked through that was known.
func TestColdSelection(t *testing.T) {
	ks := newKept(t, nil, KeeperConfig{})
	repo := ks.repo(t, "one")
	files := map[string]string{}
	for i := range 3000 {
		files[fmt.Sprintf("d%02d/s%02d/f%d", i%20, i%37, i)] = fmt.Sprint("file ", i)
	}
	ks.commit(t, repo, "main", 0, files)
	ks.commit(t, repo, "main", 1, map[string]string{"d01/new": "new"})
	side := ks.commit(t, repo, "side", 2, map[string]string{"other": "other"})
	more := map[string]string{}
	for i := range 3000 {
		more[fmt.Sprintf("e%02d/f%d", i%20, i)] = fmt.Sprint("more ", i)
	}
	ks.commit(t, repo, "main", 3, more)
	wants := func() (q SelectRequest) {
		refs, err := ks.db.Refs(t.Context(), repo, "refs/")
		ok(t, err)
		for _, r := range refs {
			q.Wants = append(q.Wants, r.Target)
		}
		return q
	}
	none, err := ParseFilter("blob:none")
	ok(t, err)
	small, err := ParseFilter("blob:limit=7")
	ok(t, err)
	check := func(what string, atMost int) {
		t.Helper()
		for _, f := range []Filter{{}, none, small} {
			cold := New(Config{CacheDir: t.TempDir()}, ks.db, ks.blobs)
			v, err := cold.openView(t.Context(), repo)
			ok(t, err)
			q := wants()
			if sel, _, err := cold.selectOnTop(t.Context(), v, q); err != nil || atMost >= 0 && (sel == nil || sel.walked > atMost) {
				t.Errorf("%s: %+v, %v", what, sel, err)
			}
			q.Filter = f
			got, err := cold.choose(t.Context(), v, q)
			ok(t, err)
			want, err := selectFrom(t.Context(), v, q)
			ok(t, err)
			if got.count != want.count || !slices.Equal(got.set, want.set) {
				t.Errorf("%s, filter %v: %d objects, a walk finds %d", what, f, got.count, want.count)
			}
			cold.release(v)
			cold.Close()
		}
	}
	check("nothing was kept", -1)
	check("kept by the first", 0)
	ks.commit(t, repo, "main", 4, map[string]string{"d02/newer": "newer", "d01/new": ""})
	check("a commit later", 10)
	_, err = ks.k.Repack(t.Context(), repo, nil)
	ok(t, err)
	check("laid out anew", 0)
	ks.commit(t, repo, "main", 5, map[string]string{"d02/again": "file 7", "d03/s03/f3": "changed"})
	check("and a commit later", 10)
	ok(t, ks.move(t, repo, "side", hub.ZeroOID))
	check("without a branch", -1)
	_, err = ks.k.GC(t.Context(), repo, true, nil)
	ok(t, err)
	check("collected", 0)
	if _, bad, err := open(t, ks.Store, repo).Unreachable(t.Context(), wants().Wants, []hub.OID{side}); err != nil || !bad {
		t.Errorf("the deleted branch is reachable: %v", err)
	}
	// Whatever lies in its place: then it is walked through.
	ok(t, ks.db.PutClosure(t.Context(), repo, []byte("nonsense")))
	check("nonsense was kept", -1)
}

// TestForesight: a big push is looked at in the background before anybody clones it.
func TestForesight(t *testing.T) {
	ks := newKept(t, nil, KeeperConfig{})
	repo := ks.repo(t, "one")
	files := map[string]string{}
	for i := range 9000 {
		files[fmt.Sprintf("d%02d/f%d", i%20, i)] = fmt.Sprint("file ", i)
	}
	ks.commit(t, repo, "main", 0, files)
	if _, err := ks.db.Closure(t.Context(), repo); !hub.Is(err, hub.NotFound) {
		t.Fatal(err)
	}
	ok(t, ks.k.foresee(t.Context(), repo))
	body, err := ks.db.Closure(t.Context(), repo)
	ok(t, err)
	w, fine := decodeWhole(body)
	if !fine || w.size() < 9000 {
		t.Errorf("%v, %d objects", fine, w.size())
	}
	if err := ks.k.foresee(t.Context(), "missing"); !hub.Is(err, hub.RepoNotFound) || errors.Is(err, errMissing) {
		t.Error(err)
	}
}

// Requests for one old commit after the other do not make the hub write for each of them.
func TestRequestsStoreSeldom(t *testing.T) {
	s, meta, _ := newStore(t)
	repo := newRepo(t, s)
	files := map[string]string{}
	for i := range 5000 {
		files[fmt.Sprintf("d%02d/f%d", i%20, i)] = fmt.Sprint("file ", i)
	}
	var tips []hub.OID
	for n := range 3 {
		files["changed"] = fmt.Sprint(n)
		tips = append(tips, put(t, s, repo, n, files))
	}
	var kept []byte
	for n, tip := range tips {
		v, err := s.openView(t.Context(), repo)
		ok(t, err)
		s.closures.replace(wholeKey(v), &whole{wants: []hub.OID{{9}}}, 0) // of no use: all is walked through
		_, err = s.choose(t.Context(), v, SelectRequest{Wants: []hub.OID{tip}})
		ok(t, err)
		s.release(v)
		body, err := meta.Closure(t.Context(), repo)
		ok(t, err)
		if n > 0 && !bytes.Equal(body, kept) {
			t.Errorf("request %d was kept", n)
		}
		kept = body
	}
}
