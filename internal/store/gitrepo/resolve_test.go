package gitrepo

import (
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestResolve(t *testing.T) {
	ctx := t.Context()
	s, meta, _ := newStore(t)
	repo := newRepo(t, s)
	first := put(t, s, repo, 0, map[string]string{"a": "1"})
	second := put(t, s, repo, 1, map[string]string{"a": "2"})

	w, err := s.Begin(ctx, repo)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := w.Tag(first, "v1", sign(2), "one")
	if err != nil {
		t.Fatal(err)
	}
	tagOfTag, err := w.add(4, []byte("object "+tag.String()+"\ntype tag\ntag v2\ntagger a <b> 1 +0000\n\nx\n"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.Base().Commit(ctx, first)
	if err != nil {
		t.Fatal(err)
	}
	e, err := w.Base().Entry(ctx, first, "a")
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Publish(ctx, hub.Publication{Refs: []hub.RefUpdate{
		{Name: "refs/tags/v1", New: tag}, {Name: "refs/tags/v2", New: tagOfTag}, {Name: "refs/tags/light", New: first},
		{Name: "refs/tags/both", New: first}, {Name: "refs/heads/both", New: second},
		{Name: "refs/heads/feature/x", New: first}, {Name: "refs/pr/1", New: first},
		{Name: "refs/tags/tree", New: c.Tree},
		{Name: "refs/heads/" + first.String(), New: second}, {Name: "refs/heads/abcd", New: first},
	}})
	if err != nil {
		t.Fatal(err)
	}
	snap := open(t, s, repo)
	for rev, want := range map[string]hub.OID{
		"main": second, "HEAD": second, "refs/heads/main": second,
		"v1": first, "v2": first, "light": first, "refs/tags/v1": first,
		"both": second, "refs/tags/both": first, "feature/x": first, "refs/pr/1": first,
		first.String(): first, strings.ToUpper(second.String()): second,
		first.String()[:7]: first, second.String()[:4]: second, second.String()[:39]: second,
		"abcd": first,
	} {
		if got, err := snap.Resolve(ctx, rev); err != nil || got != want {
			t.Errorf("%q is %s, %v, want %s", rev, got, err, want)
		}
	}
	for _, rev := range []string{
		"", "nope", "heads/main", "refs/heads/none", "refs/", "tree", c.Tree.String(), e.OID.String(), tag.String(),
		first.String()[:3], strings.Repeat("0", 40), c.Tree.String()[:12], "main\x00", "\xff", strings.Repeat("x", 2000), "main^", "main~1",
	} {
		_, err := snap.Resolve(ctx, rev)
		if !hub.Is(err, hub.RevisionNotFound) || !strings.Contains(err.Error(), "Invalid rev id: ") {
			t.Errorf("%q: %v, want RevisionNotFound", rev, err)
		}
	}
	if _, err := snap.Commit(ctx, c.Tree); !hub.Is(err, hub.RevisionNotFound) {
		t.Errorf("a tree as a commit: %v", err)
	}
	meta.mu.Lock()
	delete(meta.repos, repo)
	meta.mu.Unlock()
	if _, err := s.Open(ctx, repo); !hub.Is(err, hub.RepoNotFound) {
		t.Errorf("deleted repository: %v", err)
	}
}

func TestAmbiguousAbbreviation(t *testing.T) {
	s, meta, _ := newStore(t)
	repo := newRepo(t, s)
	seen := map[string]hub.OID{}
	for n := range 2000 {
		tip := put(t, s, repo, n, map[string]string{"a": strings.Repeat("x", n+1)})
		if n%50 == 49 {
			meta.merge(t, s, repo)
		}
		short := tip.String()[:4]
		if other, ok := seen[short]; ok {
			snap := open(t, s, repo)
			if got, err := snap.Resolve(t.Context(), short); !hub.Is(err, hub.RevisionNotFound) {
				t.Errorf("%s is %s or %s, got %s, %v", short, tip, other, got, err)
			}
			n := 5
			for tip.String()[:n] == other.String()[:n] {
				n++
			}
			if got, err := snap.Resolve(t.Context(), tip.String()[:n]); err != nil || got != tip {
				t.Errorf("longer abbreviation: %s, %v", got, err)
			}
			return
		}
		seen[short] = tip
	}
	t.Fatal("no two commits share four digits")
}

func TestResolveSeesNewerRefs(t *testing.T) {
	s, _, _ := newStore(t)
	repo := newRepo(t, s)
	put(t, s, repo, 0, map[string]string{"a": "1"})
	snap := open(t, s, repo)
	old := snap.Gen()
	newer := put(t, s, repo, 1, map[string]string{"a": "2"})
	for _, rev := range []string{newer.String(), "main"} {
		if got, err := snap.Resolve(t.Context(), rev); err != nil || got != newer {
			t.Errorf("%s: %s, %v", rev, got, err)
		}
	}
	if snap.Gen() <= old {
		t.Errorf("generation is still %d", snap.Gen())
	}
	if e, err := snap.Entry(t.Context(), newer, "a"); err != nil || read(t, snap, e.OID) != "2" {
		t.Errorf("%+v, %v", e, err)
	}
}
