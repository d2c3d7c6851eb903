package lfs_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/service/transfer"
)

// TestGitLFS sends and fetches an object with git-lfs itself, whose credential is an access token as password.
func TestGitLFS(t *testing.T) {
	w := start(t, transfer.Config{PartSize: 64 << 10})
	content := bytes.Repeat([]byte("for git-lfs "), 20_000) // larger than a part, which git-lfs alone cannot do
	oid := digestOf(content)
	url := strings.Replace(w.URL, "http://", "http://anyone:"+w.TokenValue("alice.write")+"@", 1) + "/alice/secret.git/info/lfs"
	repo := func() (dir string, git func(stdin []byte, args ...string) []byte) {
		dir = t.TempDir()
		git = func(stdin []byte, args ...string) []byte {
			t.Helper()
			cmd := exec.Command("git", args...)
			cmd.Dir = dir
			cmd.Stdin = bytes.NewReader(stdin)
			cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0")
			var errb bytes.Buffer
			cmd.Stderr = &errb
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("git %v: %v\n%s%s", args, err, out, errb.String())
			}
			return out
		}
		git(nil, "init", "-q", ".")
		git(nil, "lfs", "install", "--local")
		git(nil, "config", "lfs.url", url)
		git(nil, "remote", "add", "origin", w.URL+"/alice/secret")
		return dir, git
	}

	dir, git := repo()
	pointer := git(content, "lfs", "clean", "w.bin")
	if want := fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", oid, len(content)); string(pointer) != want {
		t.Fatalf("pointer %q", pointer)
	}
	if _, err := os.Stat(filepath.Join(dir, ".git/lfs/objects", oid[:2], oid[2:4], oid)); err != nil {
		t.Fatal(err)
	}
	git(nil, "lfs", "push", "--object-id", "origin", oid)
	w.want(w.commit("alice/secret", "alice.write", lfsLine("w.bin", content)), 200)

	_, git = repo()
	if got := git(pointer, "lfs", "smudge", "w.bin"); !bytes.Equal(got, content) {
		t.Errorf("%d of %d bytes came back", len(got), len(content))
	}
}
