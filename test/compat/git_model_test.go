package compat

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The real model goes in by git and git-lfs, is loaded by from_pretrained, is changed by the Python client and pulled by git.
func TestGitModel(t *testing.T) { eachGit(t, testGitModel) }

func testGitModel(t *testing.T, g tool) {
	h := theHub(t)
	path := h.newRepo(t, "model", "minilm-by-git-"+g.name, true)
	files := strings.TrimSpace(python(t, h, "git_model_path", vars{}))
	f := g.clone(t, h.gitURL(h.plain(t, "bob", "write"), path))
	f.git(t, "lfs", "install", "--local")
	if out, err := exec.Command("cp", "-rL", files+"/.", f.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f.git(t, "add", "-A")
	f.git(t, "commit", "-q", "-m", "the whole model")
	f.git(t, "push", "-q", "origin", "main")
	head := f.git(t, "rev-parse", "HEAD")
	python(t, h, "model_download", vars{"repo": path, "token": h.plain(t, "carol", "read"), "commit": head})

	next := strings.TrimSpace(python(t, h, "git_change", vars{"repo": path, "token": h.plain(t, "bob", "write"), "head": head}))
	f.git(t, "pull", "-q", "--ff-only")
	if got := f.git(t, "rev-parse", "HEAD"); got != next {
		t.Errorf("git has %s, the client made %s", got, next)
	}
	if got, err := os.ReadFile(filepath.Join(f.dir, "notes/from-python.txt")); err != nil || string(got) != "from python\n" {
		t.Errorf("%q, %v", got, err)
	}
	if out := f.git(t, "fsck", "--strict", "--no-dangling"); out != "" {
		t.Error(out)
	}
}
