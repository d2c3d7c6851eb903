package compat

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// count is the number of lines that git prints.
func (f folder) count(t *testing.T, args ...string) int {
	t.Helper()
	if out := f.git(t, args...); out != "" {
		return strings.Count(out, "\n") + 1
	}
	return 0
}

// missing lists the objects that a partial clone was promised and does not have.
func (f folder) missing(t *testing.T, revs ...string) (oids []string) {
	t.Helper()
	for line := range strings.SplitSeq(f.git(t, append([]string{"rev-list", "--objects", "--missing=print"}, revs...)...), "\n") {
		if oid, ok := strings.CutPrefix(line, "?"); ok {
			oids = append(oids, oid)
		}
	}
	return oids
}

// history is a clone with commits of several folders, pushed.
func (g tool) history(t *testing.T, h *hub, path string) folder {
	t.Helper()
	f := g.clone(t, h.gitURL(h.plain(t, "bob", "write"), path))
	for i := range 6 {
		for _, d := range []string{"one", "two", "three"} {
			f.write(t, fmt.Sprintf("%s/%d.txt", d, i), fmt.Appendf(nil, "%s %d\n%s", d, i, strings.Repeat(fmt.Sprintln(d, i), 100*i)))
		}
		f.git(t, "add", ".")
		f.git(t, "commit", "-q", "-m", fmt.Sprint("commit ", i), "--date", fmt.Sprintf("2026-0%d-01T00:00:00Z", i+1))
	}
	f.git(t, "push", "-q", "origin", "main")
	return f
}

// Whole pushes succeed or fail, leases are kept, and what is deleted is gone.
func TestGitPushes(t *testing.T) { eachGit(t, testGitPushes) }

func testGitPushes(t *testing.T, g tool) {
	h := theHub(t)
	path := h.newRepo(t, "model", "pushes-"+g.name, true)
	url := h.gitURL(h.plain(t, "bob", "write"), path)
	mine, theirs := g.history(t, h, path), g.clone(t, url)
	theirs.git(t, "commit", "-q", "--allow-empty", "-m", "theirs")
	theirs.git(t, "push", "-q", "origin", "main")
	mine.git(t, "commit", "-q", "--allow-empty", "-m", "mine")

	mine.refused(t, "fetch first", "push", "origin", "main")
	mine.refused(t, "stale info", "push", "--force-with-lease", "origin", "main")
	mine.refused(t, "atomic push failed", "push", "--atomic", "origin", "main", "HEAD:refs/heads/other")
	if out := mine.git(t, "ls-remote", "origin", "refs/heads/other"); out != "" {
		t.Errorf("an atomic push left %s", out)
	}
	mine.git(t, "fetch", "-q")
	mine.refused(t, "remote ref updated since checkout", "push", "--force-with-lease", "--force-if-includes", "origin", "main")
	mine.git(t, "-c", "push.useForceIfIncludes=false", "push", "-q", "--force-with-lease", "origin", "main")
	mine.git(t, "push", "-q", "--atomic", "origin", "main", "HEAD:refs/heads/other", "HEAD~2:refs/heads/größe/日本")
	if got, want := theirs.git(t, "ls-remote", "--symref", "origin", "HEAD"), "ref: refs/heads/main\tHEAD\n"+mine.git(t, "rev-parse", "main")+"\tHEAD"; got != want {
		t.Errorf("HEAD: got %s, want %s", got, want)
	}
	mine.git(t, "push", "-q", "origin", "--delete", "other")
	mine.refused(t, "remote ref does not exist", "push", "origin", "--delete", "other")
	mine.refused(t, "default branch", "push", "origin", "--delete", "main")
	mine.git(t, "push", "-q", "--signed=if-asked", "--push-option=a=b", "origin", "HEAD:refs/heads/options")
	mine.refused(t, "does not support --signed push", "push", "--signed", "origin", "HEAD:refs/heads/signed")

	mine.git(t, "tag", "-a", "-m", "annotated", "annotated", "main~1")
	mine.git(t, "tag", "plain", "main~3")
	mine.git(t, "push", "-q", "--follow-tags", "origin", "main")
	if got := theirs.git(t, "ls-remote", "--tags", "origin"); strings.Contains(got, "plain") || !strings.Contains(got, "refs/tags/annotated^{}") {
		t.Errorf("tags:\n%s", got)
	}
	mine.git(t, "push", "-q", "--tags", "origin")

	// A mirror is an exact copy, and can be pushed as one.
	copied := g.clone(t, url, "--mirror")
	other := h.newRepo(t, "model", "mirror-"+g.name, true)
	copied.git(t, "push", "-q", "--mirror", h.gitURL(h.plain(t, "bob", "write"), other))
	from, to := copied.git(t, "ls-remote", url), copied.git(t, "ls-remote", h.gitURL(h.plain(t, "bob", "write"), other))
	if from != to {
		t.Errorf("the mirror has\n%s\nnot\n%s", to, from)
	}
}

// Partial clones get what they ask for, and later what they need.
func TestGitPartial(t *testing.T) { eachGit(t, testGitPartial) }

func testGitPartial(t *testing.T, g tool) {
	h := theHub(t)
	path := h.newRepo(t, "model", "partial-"+g.name, false)
	f := g.history(t, h, path)
	url := h.gitURL("", path)
	for filter, want := range map[string]func(size int, depth int) bool{
		"blob:none":                    func(int, int) bool { return false },
		"blob:limit=1k":                func(size, _ int) bool { return size < 1024 },
		"tree:1":                       func(int, int) bool { return false },
		"tree:2":                       func(_, depth int) bool { return depth < 2 },
		"tree:3":                       func(_, depth int) bool { return true },
		"object:type=tree":             func(int, int) bool { return false },
		"object:type=blob":             func(int, int) bool { return true },
		"combine:tree:3+blob:limit=2k": func(size, depth int) bool { return size < 2048 },
	} {
		c := g.clone(t, url, "--bare", "--filter="+filter)
		has := map[string]bool{}
		for line := range strings.SplitSeq(c.git(t, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)"), "\n") {
			has[line] = true
		}
		for line := range strings.SplitSeq(f.git(t, "ls-tree", "-r", "-l", "main"), "\n") {
			fields := strings.Fields(line)
			size := 0
			fmt.Sscan(fields[3], &size)
			if got, want := has[fields[2]], want(size, strings.Count(fields[4], "/")+1); got != want {
				t.Errorf("%s: %s of %d bytes came: %v, want %v", filter, fields[4], size, got, want)
			}
		}
	}
	g.folder(t).refused(t, "is not supported: use blob:none and git sparse-checkout", "clone", "--filter=sparse:oid=main:one/0.txt", url, "x")

	// A sparse work tree of a partial clone asks for the files of its folders, and for no others.
	sparse := g.clone(t, url, "--filter=blob:none", "--sparse")
	sparse.git(t, "sparse-checkout", "set", "two")
	if _, err := os.Stat(filepath.Join(sparse.dir, "two/5.txt")); err != nil {
		t.Error(err)
	}
	missing := sparse.missing(t, "HEAD")
	if two := sparse.git(t, "rev-parse", "HEAD:two/5.txt"); slices.Contains(missing, two) || len(missing) != 12 {
		t.Errorf("%d objects are missing, of two/5.txt: %v", len(missing), slices.Contains(missing, two))
	}
	sparse.git(t, "sparse-checkout", "disable")
	if left := sparse.missing(t, "HEAD"); len(left) != 0 {
		t.Errorf("%d objects are missing in a full work tree", len(left))
	}

	// The whole history again, without the filter, is one fetch.
	again := g.clone(t, url, "--filter=blob:none", "--bare")
	if len(again.missing(t, "--all")) == 0 {
		t.Error("nothing was left out")
	}
	again.git(t, "fetch", "-q", "--refetch", "--no-filter", "origin", "main:main")
	if left := again.missing(t, "--all"); len(left) != 0 {
		t.Errorf("after a refetch %d objects are missing", len(left))
	}
}

// Shallow clones by count, date and ref, deepened and made whole.
func TestGitShallow(t *testing.T) { eachGit(t, testGitShallow) }

func testGitShallow(t *testing.T, g tool) {
	h := theHub(t)
	path := h.newRepo(t, "model", "shallow-"+g.name, false)
	f := g.clone(t, h.gitURL(h.plain(t, "bob", "write"), path))
	for i := range 6 {
		date := fmt.Sprintf("2026-0%d-01T00:00:00Z", i+1)
		cmd := f.cmd([]string{"GIT_COMMITTER_DATE=" + date, "GIT_AUTHOR_DATE=" + date}, "commit", "-q", "--allow-empty", "-m", date)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	f.git(t, "branch", "old", "main~4")
	f.git(t, "push", "-q", "origin", "main", "old")
	url := h.gitURL("", path)
	for _, v := range []string{"0", "2"} {
		protocol := []string{"-c", "protocol.version=" + v}
		for _, c := range []struct {
			flag string
			want int
		}{{"--depth=1", 1}, {"--depth=3", 3}, {"--depth=1000000", 7}, {"--shallow-since=2026-04-15T00:00:00Z", 2}, {"--shallow-exclude=old", 4}} {
			s := g.clone(t, url, append(protocol, c.flag, "--single-branch")...)
			if got := s.count(t, "rev-list", "main"); got != c.want {
				t.Errorf("version %s, %s: %d commits, want %d", v, c.flag, got, c.want)
			}
		}
		s := g.clone(t, url, append(protocol, "--depth=1", "--no-single-branch")...)
		s.git(t, append(protocol, "fetch", "-q", "--deepen=1")...)
		if got := s.count(t, "rev-list", "main"); got != 2 {
			t.Errorf("version %s: %d commits after deepening by one", v, got)
		}
		s.git(t, append(protocol, "fetch", "-q", "--depth=1")...)
		s.git(t, append(protocol, "fetch", "-q", "--unshallow")...)
		if got := s.count(t, "rev-list", "main"); got != 7 {
			t.Errorf("version %s: %d commits in the end", v, got)
		}
		// A push out of a shallow clone.
		p := g.clone(t, h.gitURL(h.plain(t, "bob", "write"), path), append(protocol, "--depth=1")...)
		p.git(t, "commit", "-q", "--allow-empty", "-m", "from a shallow clone")
		p.git(t, append(protocol, "push", "-q", "origin", "HEAD:shallow-"+v)...)
		if got := f.git(t, "ls-remote", "origin", "shallow-"+v); !strings.HasPrefix(got, p.git(t, "rev-parse", "HEAD")) {
			t.Errorf("version %s: %s", v, got)
		}
	}
}
