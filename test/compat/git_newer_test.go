package compat

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What both gits can do that asks the hub for little used parts of the protocol, and what only newer ones can.
func TestGitFeatures(t *testing.T) { eachGit(t, testGitFeatures) }

func testGitFeatures(t *testing.T, g tool) {
	h := theHub(t)
	path := h.newRepo(t, "model", "features-"+g.name, false)
	f := g.history(t, h, path)
	url := h.gitURL("", path)

	// Negotiation without a pack: which of the client's commits the hub knows.
	c := g.clone(t, url)
	known := c.git(t, "rev-parse", "HEAD")
	c.git(t, "commit", "-q", "--allow-empty", "-m", "unknown to the hub")
	if got := c.git(t, "fetch", "--negotiate-only", "--negotiation-tip=HEAD", "origin"); !strings.Contains(got, known) {
		t.Errorf("in common are %q, not %s", got, known)
	}
	c.git(t, "-c", "push.negotiate=true", "push", "-q", h.gitURL(h.plain(t, "bob", "write"), path), "HEAD:negotiated")

	// Objects by their ids: what refs lead to, and nothing else.
	one := g.folder(t)
	one.git(t, "init", "-q")
	one.git(t, "fetch", "-q", "--depth=1", url, f.git(t, "rev-parse", "main~2"))
	if got := one.git(t, "rev-parse", "FETCH_HEAD"); got != f.git(t, "rev-parse", "main~2") {
		t.Errorf("got %s", got)
	}
	one.refused(t, "not our ref", "fetch", url, strings.Repeat("12", 20))

	// A client that names objects by SHA-256 is told that the hub does not.
	sha256 := g.folder(t)
	sha256.git(t, "init", "-q", "--object-format=sha256")
	sha256.refused(t, "mismatched algorithms: client sha256; server sha1", "fetch", url)
	sha256.git(t, "commit", "-q", "--allow-empty", "-m", "by SHA-256")
	sha256.refused(t, "the receiving end does not support this repository's hash algorithm", "push", h.gitURL(h.plain(t, "bob", "write"), path), "HEAD:x")

	// Clients that would take a bundle first, and those that ask for an archive.
	g.clone(t, url, "-c", "transfer.bundleURI=true").git(t, "log", "-1")
	one.refused(t, "", "archive", "--remote="+url, "HEAD")

	// Submodules are links to other repositories.
	inner := h.newRepo(t, "dataset", "inner-"+g.name, false)
	f.git(t, "submodule", "add", "-q", h.gitURL("", inner), "data")
	f.git(t, "commit", "-q", "-m", "a submodule")
	f.git(t, "push", "-q", "origin", "main")
	whole := g.clone(t, url, "--recurse-submodules")
	if _, err := os.Stat(filepath.Join(whole.dir, "data/.gitattributes")); err != nil {
		t.Error(err)
	}
}

func TestNewerGit(t *testing.T) {
	t.Parallel()
	h, g := theHub(t), newer()
	path := h.newRepo(t, "model", "newer", false)
	f := g.history(t, h, path)
	url := h.gitURL("", path)

	// Files that a partial clone lacks come in packs.
	part := g.clone(t, url, "--filter=blob:none", "--no-checkout")
	part.git(t, "backfill", "--min-batch-size=5")
	if left := part.missing(t, "--all"); len(left) != 0 {
		t.Errorf("after git backfill %d objects are missing", len(left))
	}
	sparse := g.clone(t, url, "--filter=blob:none", "--sparse")
	sparse.git(t, "sparse-checkout", "set", "one")
	sparse.git(t, "backfill", "--sparse")
	if left := sparse.missing(t, "--all"); slices.Contains(left, sparse.git(t, "rev-parse", "HEAD:one/3.txt")) || len(left) != 12 {
		t.Errorf("after git backfill of a sparse tree %d objects are missing", len(left))
	}

	// One commit without a branch, with its history cut.
	rev := g.clone(t, url, "--revision=refs/heads/main", "--depth=1")
	if got := rev.count(t, "rev-list", "HEAD"); got != 1 {
		t.Errorf("%d commits", got)
	}

	// Repositories that keep refs in tables fetch and push as others do.
	table := g.clone(t, h.gitURL(h.plain(t, "bob", "write"), path), "--ref-format=reftable")
	table.git(t, "commit", "-q", "--allow-empty", "-m", "from a table")
	table.git(t, "push", "-q", "origin", "HEAD:main", "HEAD:refs/heads/table")
	f.git(t, "pull", "-q", "--ff-only")
	if got, want := f.git(t, "rev-parse", "HEAD"), table.git(t, "rev-parse", "HEAD"); got != want {
		t.Errorf("main is at %s, not %s", got, want)
	}
	f.git(t, "push", "-q", "origin", ":table")
	table.git(t, "fetch", "-q", "--prune")
	if got := table.git(t, "for-each-ref", "refs/remotes/origin/table"); got != "" {
		t.Errorf("%s was not pruned", got)
	}

	// And they can be brought in as they are.
	bare := filepath.Join(t.TempDir(), "table.git")
	table.git(t, "clone", "-q", "--mirror", "--ref-format=reftable", h.gitURL(h.plain(t, "bob", "write"), path), bare)
	table.git(t, "-C", bare, "update-ref", "refs/heads/one-more", "main~1")
	h.mustAmbit(t, "repo", "import", bare, "acme/from-tables", "--private")
	if got, want := f.git(t, "ls-remote", h.gitURL(h.plain(t, "bob", "write"), "acme/from-tables")), table.git(t, "-C", bare, "ls-remote", "."); got != want {
		t.Errorf("imported are\n%s\nnot\n%s", got, want)
	}

	// Clients that would take another promisor remote from the hub get none.
	g.clone(t, url, "-c", "promisor.acceptFromServer=all", "--filter=blob:none").git(t, "log", "--stat")
}
