package gitrepo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
)

func digestNumber(n int) hub.Digest { return hub.Digest(fmt.Sprintf("%064x", n+1)) }

// withLargeFiles makes a history of two lines, merged now and then, in which ten large files come, go, change places and come
// back; some in directories of their own. One commit and one tag say that they are signed.
func withLargeFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "-b", "main", ".")
	r := rand.New(rand.NewPCG(7, 7))
	var in strings.Builder
	for n := range 30 {
		fmt.Fprintf(&in, "commit refs/heads/%s\nmark :%d\nauthor Älice <alice@acme.test> %d -0330\ncommitter Bob <bob@acme.test> %d +0200\ndata 5\nm %03d\n",
			[]string{"main", "side"}[n%2], n+1, 1_600_000_000+n*60, 1_700_000_000+n*60, n)
		switch {
		case n == 1:
			fmt.Fprintf(&in, "from :1\n")
		case n%10 == 9:
			fmt.Fprintf(&in, "merge :%d\n", n)
		}
		for range 1 + r.IntN(3) {
			data := string(lfspointer.Pointer{Digest: digestNumber(r.IntN(10)), Size: 1000}.Format())
			if r.IntN(3) == 0 {
				data = fmt.Sprintf("line %d\n", r.IntN(20))
			}
			fmt.Fprintf(&in, "M %s inline d%d/e%d/f%d\ndata %d\n%s\n", []string{"100644", "100755"}[r.IntN(2)], r.IntN(3), r.IntN(2), r.IntN(4), len(data), data)
		}
	}
	fmt.Fprintf(&in, "tag v1\nfrom :12\ntagger Bob <bob@acme.test> 1800000001 +0000\ndata 3\ntag\n")
	message := "tag\n-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n"
	fmt.Fprintf(&in, "tag v2\nfrom :13\ntagger Bob <bob@acme.test> 1800000001 +0000\ndata %d\n%s\n", len(message), message)
	fmt.Fprintf(&in, "reset refs/pr/1\nfrom :4\n\nreset refs/tags/light\nfrom :20\n\n")
	git(t, dir, in.String(), "fast-import", "--quiet")
	signed := git(t, dir, "", "cat-file", "commit", "side")
	signed = strings.Replace(signed, "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n", 1)
	oid := strings.TrimSpace(git(t, dir, signed, "hash-object", "-t", "commit", "-w", "--stdin"))
	git(t, dir, "", "update-ref", "refs/heads/signed", oid)
	return dir
}

// TestWithoutAgreesWithGit: taking large files out of every history gives what git's own filter gives, id by id.
func TestWithoutAgreesWithGit(t *testing.T) {
	dir := withLargeFiles(t)
	s, meta, _ := newStore(t)
	repo := adopt(t, s, meta, dir)
	drop := map[hub.Digest]bool{digestNumber(0): true, digestNumber(3): true, digestNumber(99): true}

	refs, err := meta.Refs(t.Context(), repo, "")
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Begin(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	var tips []hub.OID
	for _, r := range refs {
		tips = append(tips, r.Target)
	}
	now, err := w.Without(t.Context(), tips, drop)
	if err != nil {
		t.Fatal(err)
	}
	var updates []hub.RefUpdate
	for _, r := range refs {
		if now[r.Target] != r.Target {
			updates = append(updates, hub.RefUpdate{Name: r.Name, Old: r.Target, New: now[r.Target]})
		}
	}
	if len(updates) < 5 {
		t.Fatalf("only %d of %d refs change", len(updates), len(refs))
	}
	if _, err := w.Publish(t.Context(), hub.Publication{Refs: updates}); err != nil {
		t.Fatal(err)
	}
	mine := fsck(t, s, repo)
	if out := git(t, mine, "", "log", "--all", "-m", "-p", "--format="); strings.Contains(out, string(digestNumber(3))) {
		t.Error("a file is still there")
	}

	var blobs []string
	for d := range drop {
		text := string(lfspointer.Pointer{Digest: d, Size: 1000}.Format())
		blobs = append(blobs, strings.TrimSpace(git(t, dir, text, "hash-object", "--stdin")))
	}
	t.Setenv("FILTER_BRANCH_SQUELCH_WARNING", "1")
	git(t, dir, "", "reset", "-q", "--hard")
	git(t, dir, "", "filter-branch", "-f", "--index-filter",
		"git ls-files -s | grep -E '"+strings.Join(blobs, "|")+"' | cut -f2 | xargs -r git rm -q --cached --", "--tag-name-filter", "cat", "--", "--all")
	want := strings.Split(strings.TrimSpace(git(t, dir, "", "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags", "refs/pr")), "\n")
	got := strings.Split(strings.TrimSpace(git(t, mine, "", "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags", "refs/pr")), "\n")
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Errorf("ref %d: %q, git says %q", i, got[min(i, len(got)-1)], want[i])
		}
	}
}

// TestUnsignedCommit: of the headers only signatures go, with the lines that continue them.
func TestUnsignedCommit(t *testing.T) {
	const author = "author a <a> 1 +0000\ncommitter a <a> 1 +0000\n"
	got := string(unsignedCommit([]byte(author + "encoding ISO-8859-1\ngpgsig -----BEGIN\n \n x\n -----END\ngpgsig-sha256 y\n z\nmergetag object 1\n type commit\n\nm\n\ngpgsig in the text\n")))
	want := author + "encoding ISO-8859-1\nmergetag object 1\n type commit\n\nm\n\ngpgsig in the text\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestWithoutNothing: files that no history has leave every id as it was, and nothing to publish.
func TestWithoutNothing(t *testing.T) {
	s, meta, _ := newStore(t)
	repo := adopt(t, s, meta, withLargeFiles(t))
	w, err := s.Begin(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	main, err := w.Base().Resolve(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	now, err := w.Without(t.Context(), []hub.OID{main}, map[hub.Digest]bool{digestNumber(500): true})
	if err != nil || now[main] != main {
		t.Errorf("%v %v", now, err)
	}
}

// TestPointersOfAHistory: each large file of any commit is told once, those of the tips before others.
func TestPointersOfAHistory(t *testing.T) {
	dir := withLargeFiles(t)
	s, meta, _ := newStore(t)
	repo := adopt(t, s, meta, dir)
	snap := open(t, s, repo)
	var tips []hub.OID
	for _, rev := range []string{"main", "side"} {
		oid, err := snap.Resolve(t.Context(), rev)
		if err != nil {
			t.Fatal(err)
		}
		tips = append(tips, oid)
	}
	var got []string
	err := snap.Pointers(t.Context(), tips, func(p PointerAt) error {
		got = append(got, string(p.Digest))
		text := git(t, dir, "", "log", "-m", "-p", "--all", "--format=", "--", p.Path)
		if p.LFS.Size != 1000 || !strings.Contains(text, string(p.Digest)) {
			t.Errorf("%+v was never at that place", p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	all := git(t, dir, "", "log", "-m", "-p", "--format=", "main", "side")
	var want []string
	for n := range 10 {
		if strings.Contains(all, string(digestNumber(n))) {
			want = append(want, string(digestNumber(n)))
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("found %d, want %d", len(got), len(want))
	}
}
