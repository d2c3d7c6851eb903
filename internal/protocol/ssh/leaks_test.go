package ssh_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/protocol/ssh"
)

// TestTokensInPushes: what is pushed over SSH is searched for access tokens as over HTTP.
func TestTokensInPushes(t *testing.T) {
	w := start(t, ssh.Config{})
	alice, _ := w.key("alice")
	dir := t.TempDir()
	out, err := w.run(dir, []string{alice}, "git", "clone", "-q", remote+"alice/secret.git", "m")
	w.want(out, err, false)
	clone := filepath.Join(dir, "m")
	value := w.TokenValue("alice.read")
	w.ok(os.WriteFile(filepath.Join(clone, "env"), []byte("a\n"+value), 0o644))
	for _, args := range [][]string{{"add", "."}, {"commit", "-q", "-m", "over ssh"}} {
		out, err = w.run(clone, []string{alice}, "git", args...)
		w.want(out, err, false)
	}
	out, err = w.run(clone, []string{alice}, "git", "push", "-q", "origin", "main")
	w.want(out, err, true, "Access tokens of this hub stand in what you push", "env, line 2")
	if strings.Contains(out, value) || strings.Contains(w.Log.String(), value) {
		t.Error("the value is printed")
	}
}
