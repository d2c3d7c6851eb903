package compat

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// A large file goes through git-lfs and comes back: pushed, cloned, and in a second clone taken up in its middle, where an
// earlier download broke off. AMBIT_FULL=1 makes it 1 GiB.
func TestGitLargeFile(t *testing.T) { eachGit(t, testGitLargeFile) }

func testGitLargeFile(t *testing.T, g tool) {
	size := int64(9<<20 + 7)
	if os.Getenv("AMBIT_FULL") != "" {
		size = 1 << 30
	}
	h := theHub(t)
	path := h.newRepo(t, "model", "large-by-git-"+g.name, true)
	f := g.clone(t, h.gitURL(h.plain(t, "bob", "write"), path))
	f.git(t, "lfs", "install", "--local")
	f.git(t, "lfs", "track", "*.bin")
	name := filepath.Join(f.dir, "weights.bin")
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(out, sum), rand.NewChaCha8([32]byte{7}), size); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	oid := hex.EncodeToString(sum.Sum(nil))
	f.git(t, "add", ".")
	f.git(t, "commit", "-q", "-m", "large")
	f.git(t, "push", "-q", "origin", "main")

	same := func(what string, in folder) {
		t.Helper()
		file, err := os.Open(filepath.Join(in.dir, "weights.bin"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		got := sha256.New()
		if n, err := io.Copy(got, file); err != nil || n != size || hex.EncodeToString(got.Sum(nil)) != oid {
			t.Errorf("%s: %d of %d bytes, %v", what, n, size, err)
		}
	}
	url := h.gitURL(h.plain(t, "carol", "read"), path)
	whole := g.folder(t)
	whole.git(t, "-c", "filter.lfs.smudge=", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false", "clone", "-q", url, ".")
	whole.git(t, "lfs", "install", "--local")
	whole.git(t, "lfs", "pull")
	same("a clone", whole)
	if err := os.RemoveAll(whole.dir); err != nil { // some gigabytes
		t.Fatal(err)
	}

	again := g.clone(t, url)
	again.git(t, "lfs", "install", "--local")
	incomplete := filepath.Join(again.dir, ".git", "lfs", "incomplete")
	if err := os.MkdirAll(incomplete, 0o755); err != nil {
		t.Fatal(err)
	}
	part, err := os.Create(filepath.Join(incomplete, oid+".part"))
	if err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if _, err := io.CopyN(part, from, size/2); err != nil {
		t.Fatal(err)
	}
	if err := part.Close(); err != nil {
		t.Fatal(err)
	}
	again.git(t, "lfs", "pull")
	same("a download that was taken up", again)
	if out := again.git(t, "lfs", "fsck"); out == "" {
		t.Error("git lfs fsck said nothing")
	}
}
