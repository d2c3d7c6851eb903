package githttp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/git"
)

// TestPush walks through what people do with branches and tags.
func TestPush(t *testing.T) {
	h := start(t, git.Config{})
	r, url := repo(t, h, "m")
	d := clone(t, url)
	first := d.git(t, "rev-parse", "HEAD")
	one := d.commit(t, "dir/a.txt", "one\n")
	d.git(t, "push", "-q", "origin", "main")
	two := d.commit(t, "dir/a.txt", "two\n")
	d.git(t, "tag", "-a", "v1", "-m", "first", one)
	d.git(t, "tag", "light", two)
	d.git(t, "push", "-q", "--follow-tags", "origin", "main", "main:refs/heads/füße/日本", "light")

	// A second clone sees it all; what the API says is the same.
	e := clone(t, url)
	if got := e.git(t, "rev-parse", "main", "v1^{commit}", "light", "origin/füße/日本"); got != strings.Join([]string{two, one, two, two}, "\n") {
		t.Errorf("refs in a clone:\n%s", got)
	}
	now, _, err := h.DB.RepoByName(t.Context(), r.RepoID)
	if err != nil || now.HeadOID.String() != two {
		t.Errorf("the row's head is %s, %v", now.HeadOID, err)
	}

	// Not a fast-forward: refused by git itself, done with a lease, and not with a stale one.
	d.git(t, "reset", "-q", "--hard", first)
	three := d.commit(t, "b.txt", "three\n")
	d.refuses(t, "non-fast-forward", "push", "origin", "main")
	d.refuses(t, "stale info", "push", "--force-with-lease=main:"+one, "origin", "main")
	d.git(t, "push", "-q", "--force-with-lease=main:"+two, "origin", "main")
	if got := e.git(t, "ls-remote", "origin", "main"); !strings.HasPrefix(got, three) {
		t.Errorf("main is at %s", got)
	}

	// A clone that did not fetch is told so.
	e.commit(t, "c.txt", "late\n")
	e.refuses(t, "rejected", "push", "origin", "main")

	d.git(t, "push", "-q", "origin", ":refs/tags/light", ":refs/heads/füße/日本")
	if got := d.git(t, "ls-remote", "origin"); strings.Contains(got, "light") || strings.Contains(got, "日本") {
		t.Errorf("deleted refs are still there:\n%s", got)
	}
	e.git(t, "fetch", "-q", "--prune", "origin")
	e.fsck(t)
}

// TestRefusals holds that each refusal comes with its sentence, and that others of the same push are not touched by it.
func TestRefusals(t *testing.T) {
	h := start(t, git.Config{MaxRegular: 4000})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	d.commit(t, "a.txt", "a\n")
	d.git(t, "push", "-q", "origin", "main", "main:side")
	d.git(t, "checkout", "-q", "-b", "work")
	for _, c := range []struct{ want, ref string }{
		{"it is the default branch", ":refs/heads/main"},
		{"pull requests cannot be pushed to", "work:refs/pr/1"},
		{"refs/convert/ is written by the hub alone", "work:refs/convert/parquet"},
		{"only branches (refs/heads/) and tags (refs/tags/)", "work:refs/notes/x"},
		{"only branches (refs/heads/) and tags (refs/tags/)", "work:refs/replace/x"},
		{"looks like a commit id", "work:refs/heads/" + strings.Repeat("a", 40)},
		{"cannot be created because refs/heads/side exists", "work:refs/heads/side/below"},
		{"a branch must name a commit", "work^{tree}:refs/heads/tree"},
	} {
		d.refuses(t, c.want, "push", "origin", c.ref)
	}

	d.commit(t, "sub/big.txt", strings.Repeat("x", 4001))
	out := d.refuses(t, "files larger than 4000 bytes", "push", "origin", "work:good", "work:other")
	for _, want := range []string{"- sub/big.txt (ref: refs/heads/good)", "git lfs track"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	d.git(t, "reset", "-q", "--hard", "main")
	d.commit(t, "w.bin", fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 5\n", 7))
	d.refuses(t, "has not been uploaded", "push", "origin", "work")
	d.git(t, "reset", "-q", "--hard", "main")
	d.commit(t, "README.md", "---\nlicense: [mit\n---\n")
	d.refuses(t, "Invalid metadata in README.md", "push", "origin", "work")
	d.git(t, "reset", "-q", "--hard", "main")

	// Nobody can tell which of two was meant, whatever comes first.
	main := d.git(t, "rev-parse", "main")
	if out := raw(t, h, "alice/m", d.pack(t), zero+" "+main+" refs/heads/twice", zero+" "+main+" refs/heads/once", zero+" "+main+" refs/heads/twice"); strings.Count(out, "ng refs/heads/twice multiple updates") != 2 || !strings.Contains(out, "ok refs/heads/once") {
		t.Errorf("two updates of one ref: %q", out)
	}

	// Half of a push is done, unless it is atomic.
	d.commit(t, "b.txt", "b\n")
	d.refuses(t, "refs/pr/1", "push", "--atomic", "origin", "work:atomic", "work:refs/pr/1")
	d.refuses(t, "refs/pr/1", "push", "origin", "work:half", "work:refs/pr/1")
	got := d.git(t, "ls-remote", "origin")
	if strings.Contains(got, "atomic") || strings.Contains(got, "twice") || !strings.Contains(got, "refs/heads/half") || strings.Contains(got, "refs/heads/good") {
		t.Errorf("refs after refusals:\n%s", got)
	}
}

// TestCard holds that a push to the default branch changes what listings know of a repository, as a commit does.
func TestCard(t *testing.T) {
	h := start(t, git.Config{})
	r, url := repo(t, h, "m")
	d := clone(t, url)
	card := func() hub.Card {
		now, _, err := h.DB.RepoByName(t.Context(), r.RepoID)
		if err != nil {
			t.Fatal(err)
		}
		return now.Card
	}
	d.commit(t, "README.md", "---\nlicense: mit\npipeline_tag: text-generation\n---\n# Hi\n")
	d.git(t, "push", "-q", "origin", "main:other")
	if c := card(); c.PipelineTag != "" {
		t.Errorf("another branch changed the card: %+v", c)
	}
	d.git(t, "push", "-q", "origin", "main")
	if c := card(); c.PipelineTag != "text-generation" {
		t.Errorf("card %+v", c)
	}
	d.commit(t, "x", "x")
	d.git(t, "push", "-q", "origin", "main")
	if c := card(); c.PipelineTag != "text-generation" {
		t.Errorf("a push without README.md changed the card: %+v", c)
	}
	d.git(t, "rm", "-q", "README.md")
	d.git(t, "commit", "-q", "-m", "no card")
	d.git(t, "push", "-q", "origin", "main")
	if c := card(); c.PipelineTag != "" {
		t.Errorf("card after README.md was removed: %+v", c)
	}
}

// TestManyTags pushes and fetches 2,000 tags, light and annotated.
func TestManyTags(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	var b strings.Builder
	b.WriteString("commit refs/heads/many\nmark :1\ncommitter C <c@example.org> 1700000000 +0000\ndata 1\nm\nM 644 inline f\ndata 1\nx\n\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "reset refs/tags/light-%d\nfrom :1\n\ntag note-%d\nfrom :1\ntagger T <t@example.org> 1700000000 +0000\ndata 1\nt\n", i, i)
	}
	d.feed(t, b.String(), "fast-import", "--quiet")
	d.git(t, "push", "-q", "--atomic", "origin", "--tags", "many")
	for _, version := range []string{"0", "2"} {
		e := clone(t, url, "--mirror", "-c", "protocol.version="+version)
		if n := strings.Count(e.git(t, "tag"), "\n") + 1; n != 2000 {
			t.Errorf("version %s: %d tags", version, n)
		}
		e.fsck(t)
	}
}

// TestSubmodulesAndModes holds that what is no plain file survives.
func TestSubmodulesAndModes(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	d.write(t, ".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = https://example.org/x.git\n")
	d.git(t, "add", ".gitmodules")
	d.git(t, "update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("12", 20)+",x")
	d.commit(t, "run.sh", "#!/bin/sh\n")
	d.git(t, "update-index", "--chmod=+x", "run.sh")
	d.git(t, "update-index", "--add", "--cacheinfo", "120000,"+d.feed(t, "run.sh", "hash-object", "-w", "--stdin")+",link")
	d.git(t, "commit", "-q", "-m", "modes")
	d.git(t, "push", "-q", "origin", "HEAD:main")
	e := clone(t, url, "--bare")
	if got, want := e.git(t, "ls-tree", "-r", "main"), d.git(t, "ls-tree", "-r", "HEAD"); got != want {
		t.Errorf("the tree is\n%s\nwant\n%s", got, want)
	}
	e.fsck(t)
}
