package fault

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// byPush commits the file in a clone and pushes it, and tells whether git said that the branch has moved. A server that is
// killed is no refusal; a branch that it refused to move is.
func (r *done) byPush(s *server) bool {
	dir, err := os.MkdirTemp("", "ambit-fault-clone-")
	if err != nil {
		s.h.t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	url := strings.Replace(s.url, "http://", "http://bob:"+s.h.token+"@", 1) + "/" + repoName
	git := func(args ...string) (string, bool) {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
			"GIT_AUTHOR_NAME=B", "GIT_AUTHOR_EMAIL=b@example.org", "GIT_COMMITTER_NAME=B", "GIT_COMMITTER_EMAIL=b@example.org")
		out, err := cmd.CombinedOutput()
		if err != nil && !errors.As(err, new(*exec.ExitError)) {
			s.h.t.Fatal(err)
		}
		return string(out), err == nil
	}
	if _, ok := git("clone", "-q", "--depth=1", url, "."); !ok {
		return false
	}
	path := filepath.Join(dir, r.path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, r.content, 0o644)); err != nil {
		s.h.t.Fatal(err)
	}
	for _, args := range [][]string{{"add", "-f", "."}, {"commit", "-q", "-m", r.path}} {
		if out, ok := git(args...); !ok {
			s.h.t.Fatalf("git %v: %s", args, out)
		}
	}
	out, ok := git("push", "origin", "HEAD:main")
	switch {
	case ok:
	case strings.Contains(out, "no space left"), strings.Contains(out, "disk is full"):
		r.refused = http.StatusInsufficientStorage
	case strings.Contains(out, "[remote rejected]"), strings.Contains(out, "returned error: 5"):
		r.refused = http.StatusInternalServerError
		s.h.t.Logf("%s", out)
	}
	return ok
}
