package compat

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A clone that "hf lfs-enable-largefiles" prepared sends large files in parts, by the client's own agent of git-lfs.
func TestGitSendsParts(t *testing.T) { eachGit(t, testGitSendsParts) }

func testGitSendsParts(t *testing.T, g tool) {
	h := theHub(t)
	path := h.newRepo(t, "model", "in-parts-by-git-"+g.name, true)
	f := g.clone(t, h.gitURL(h.plain(t, "bob", "write"), path))
	f.git(t, "lfs", "install", "--local")
	clients := filepath.Join(root, ".testenv/venv/bin")
	env := []string{"PATH=" + strings.Join([]string{clients, f.bin, os.Getenv("PATH")}, string(os.PathListSeparator)), "HF_HUB_DISABLE_UPDATE_CHECK=1", "GIT_TRACE=1"}
	enable := exec.Command(filepath.Join(clients, "hf"), "lfs-enable-largefiles", f.dir)
	enable.Env = append(append(cleanEnv(), "HOME="+f.dir), env...)
	if out, err := enable.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f.git(t, "lfs", "track", "*.bin")
	content := make([]byte, multipartSize)
	_, _ = rand.NewChaCha8([32]byte{11}).Read(content)
	f.write(t, "weights.bin", content)
	f.git(t, "add", ".")
	f.git(t, "commit", "-q", "-m", "in parts")
	out, err := f.cmd(env, "push", "-q", "origin", "main").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "lfs-multipart-upload") {
		t.Fatalf("%v; want the agent in\n%s", err, out)
	}

	again := g.clone(t, h.gitURL(h.plain(t, "carol", "read"), path))
	again.git(t, "lfs", "install", "--local")
	again.git(t, "lfs", "pull")
	if got, err := os.ReadFile(filepath.Join(again.dir, "weights.bin")); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
}
