package gitrepo

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestPushesAreRemembered holds that what is remembered of a large push is what its tips lead to, to the object: nothing that
// only lay in the pack, and nothing at all when some of it was not published or stands on what was there before.
func TestPushesAreRemembered(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "--bare", "-b", "main", ".")
	var feed strings.Builder
	for c, n := range []int{storeAbove, 300, 300} {
		fmt.Fprintf(&feed, "commit refs/heads/main\nmark :%d\ncommitter C <c@example.org> %d +0000\ndata 1\nm\n", c+1, 1_600_000_000+c)
		for i := range n {
			text := fmt.Sprintf("text %d of %d\n", i, c)
			fmt.Fprintf(&feed, "M 100644 inline d%d/e%d/f%d\ndata %d\n%s\n", i%20, i%7, i, len(text), text)
		}
	}
	feed.WriteString("tag v1\nfrom :2\ntagger C <c@example.org> 1600000009 +0000\ndata 1\nt\n")
	feed.WriteString("commit refs/heads/other\ncommitter C <c@example.org> 1600000010 +0000\ndata 1\no\nM 100644 inline alone\ndata 5\nalone\n")
	git(t, dir, feed.String(), "fast-import", "--quiet")
	oid := func(name string) hub.OID {
		id, err := hub.ParseOID(strings.TrimSpace(git(t, dir, "", "rev-parse", name)))
		ok(t, err)
		return id
	}
	main, tag, other := oid("main"), oid("v1"), oid("other")
	waste := strings.TrimSpace(git(t, dir, "lies in the pack only", "hash-object", "-w", "--stdin"))
	packed := git(t, dir, git(t, dir, "", "rev-list", "--objects", "main", "v1", "other")+waste+"\n", "pack-objects", "--stdout", "-q", "--delta-base-offset")

	for name, c := range map[string]struct {
		follow, publish []hub.OID
		want            bool
	}{
		"one":           {[]hub.OID{main}, []hub.OID{main}, true},
		"all":           {[]hub.OID{main, tag, other}, []hub.OID{main, tag, other}, true},
		"twice":         {[]hub.OID{main, main}, []hub.OID{main, main}, true},
		"one is denied": {[]hub.OID{main, other}, []hub.OID{main}, false},
		"small":         {[]hub.OID{other}, []hub.OID{other}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := newStore(t)
			repo := newRepo(t, s)
			before := put(t, s, repo, 1, map[string]string{"first": "text"})
			in, err := s.Receive(t.Context(), repo, strings.NewReader(packed), Limits{Bytes: 1 << 30, Objects: 1 << 20, Inflated: 1 << 30})
			ok(t, err)
			conn := in.Connect(t.Context())
			for _, tip := range c.follow {
				ok(t, conn.Tip(tip, func(NewFile) error { return nil }))
			}
			ok(t, conn.Prove(t.Context()))
			var p hub.Publication
			for i, tip := range c.publish {
				p.Refs = append(p.Refs, hub.RefUpdate{Name: fmt.Sprint(BranchPrefix, "b", i), New: tip})
			}
			_, err = in.Publish(t.Context(), p)
			ok(t, err)

			v, err := s.openView(t.Context(), repo)
			ok(t, err)
			defer s.release(v)
			w := s.kept(t.Context(), v)
			if (w != nil) != c.want {
				t.Fatalf("remembered: %v", w != nil)
			}
			q := SelectRequest{Wants: append(slices.Clone(c.publish), before)}
			want, err := selectFrom(t.Context(), v, q)
			ok(t, err)
			got, onTop, err := s.selectOnTop(t.Context(), v, q)
			ok(t, err)
			if onTop != c.want {
				t.Fatalf("answered from memory: %v", onTop)
			}
			if onTop && !slices.Equal(got.set, want.set) {
				t.Errorf("%d objects are remembered, %d are reachable", got.count, want.count)
			}
			if onTop && got.walked > 5 {
				t.Errorf("%d objects were walked through", got.walked)
			}
		})
	}
}

// TestPushesOnTopAreNotRemembered pushes much that refers to what the repository has.
func TestPushesOnTopAreNotRemembered(t *testing.T) {
	s, _, _ := newStore(t)
	repo := newRepo(t, s)
	first := put(t, s, repo, 1, map[string]string{"first": "text"})
	dir := export(t, s, repo)
	var feed strings.Builder
	fmt.Fprintf(&feed, "commit refs/heads/main\ncommitter C <c@example.org> 1900000000 +0000\ndata 1\nm\nfrom %s\n", first)
	for i := range 2 * storeAbove {
		text := fmt.Sprintf("text %d\n", i)
		fmt.Fprintf(&feed, "M 100644 inline d%d/f%d\ndata %d\n%s\n", i%50, i, len(text), text)
	}
	git(t, dir, feed.String(), "fast-import", "--quiet")
	tip, err := hub.ParseOID(strings.TrimSpace(git(t, dir, "", "rev-parse", "main")))
	ok(t, err)
	packed := git(t, dir, fmt.Sprintf("%s\n^%s\n", tip, first), "pack-objects", "--revs", "--stdout", "-q")
	in, err := s.Receive(t.Context(), repo, strings.NewReader(packed), Limits{Bytes: 1 << 30, Objects: 1 << 20, Inflated: 1 << 30})
	ok(t, err)
	conn := in.Connect(t.Context())
	ok(t, conn.Tip(tip, func(NewFile) error { return nil }))
	ok(t, conn.Prove(t.Context()))
	_, err = in.Publish(t.Context(), hub.Publication{Refs: []hub.RefUpdate{{Name: BranchPrefix + "next", New: tip}}})
	ok(t, err)
	v, err := s.openView(t.Context(), repo)
	ok(t, err)
	defer s.release(v)
	if w := s.kept(t.Context(), v); w != nil {
		t.Errorf("%d objects are remembered as all that the push leads to", w.size())
	}
}
