package lfs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/lfs"
	"github.com/ambit-hub/ambit/internal/service/locks"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/testkit"
)

func startLocks(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	w.Hub = testkit.New(t, func(h *testkit.Hub) {
		w.svc = h.Transfer(transfer.Config{})
		hubapi.New(hubapi.Services{Repos: h.Repos, Transfer: w.svc}).Register(h.Server)
		lfs.New(w.svc, h.Auth, nil).WithLocks(locks.New(h.DB, gitrepo.CheckPath)).Register(h.Server)
	})
	w.World()
	return w
}

// TestLocksOfMachines: a lock of a service account is its own, not that of any other one or of somebody who is gone.
func TestLocksOfMachines(t *testing.T) {
	w := startLocks(t)
	for _, name := range []string{"builder", "tester"} {
		w.Machine(name, "acme", hub.PermRepoContentRead, hub.PermRepoWrite)
	}
	at := func(path, token, body string, code int, parts ...string) string {
		t.Helper()
		return w.want(w.do("POST", "/acme/closed.git/info/lfs/locks"+path, token, []byte(body)), code, parts...).body
	}
	var made struct{ Lock struct{ ID string } }
	if err := json.Unmarshal([]byte(at("", "builder", `{"path":"a.bin"}`, 201, `"name":"builder"`)), &made); err != nil {
		t.Fatal(err)
	}
	at("/verify", "builder", `{}`, 200, `"ours":[{`, `"name":"builder"`, `"theirs":[]`)
	at("/verify", "tester", `{}`, 200, `"ours":[]`, `"theirs":[{`)
	at("/"+made.Lock.ID+"/unlock", "tester", `{}`, 403, "builder has locked a.bin")
	at("/"+made.Lock.ID+"/unlock", "builder", `{}`, 200)
}

func (w *world) locks(method, path, token, body string, code int, parts ...string) map[string]any {
	w.t.Helper()
	r := w.want(w.do(method, "/alice/secret.git/info/lfs/locks"+path, token, []byte(body)), code, parts...)
	var v map[string]any
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		w.t.Fatalf("%v in %s", err, r.body)
	}
	return v
}

func TestLocks(t *testing.T) {
	w := startLocks(t)
	made := w.locks("POST", "", "alice.write", `{"path":"a/b.bin","ref":{"name":"refs/heads/main"}}`, 201, `"path":"a/b.bin"`, `"name":"alice"`)
	id := made["lock"].(map[string]any)["id"].(string)
	w.locks("POST", "", "alice.write", `{"path":"a/b.bin"}`, 409, id, "already created lock")
	w.locks("POST", "", "alice.write", `{"path":"../x"}`, 422)
	w.locks("POST", "", "alice.write", `{`, 400)
	w.locks("POST", "", "alice.read", `{"path":"c"}`, 403)
	w.locks("GET", "", "alice.read", "", 200, id)
	w.locks("GET", "?path=a/b.bin", "alice.read", "", 200, id)
	w.locks("GET", "?path=other", "alice.read", "", 200, `"locks":[]`)
	w.locks("GET", "?id=nonsense", "alice.read", "", 200, `"locks":[]`)
	w.locks("POST", "/verify", "alice.write", `{}`, 200, `"ours":[{`, `"theirs":[]`)
	for i := range 4 {
		w.locks("POST", "", "alice.write", fmt.Sprintf(`{"path":"p%d"}`, i), 201)
	}
	page := w.locks("GET", "?limit=2", "alice.read", "", 200)
	if n := len(page["locks"].([]any)); n != 2 || page["next_cursor"] == nil {
		t.Fatalf("%v", page)
	}
	seen := 2
	for page["next_cursor"] != nil {
		page = w.locks("GET", "?limit=2&cursor="+page["next_cursor"].(string), "alice.read", "", 200)
		seen += len(page["locks"].([]any))
	}
	if seen != 5 {
		t.Errorf("%d locks in all pages", seen)
	}
	w.locks("POST", "/"+id+"/unlock", "alice.read", `{}`, 403)
	w.locks("POST", "/"+id+"/unlock", "alice.write", `{}`, 200, id)
	w.locks("POST", "/"+id+"/unlock", "alice.write", `{}`, 404)
	// Hidden and missing are the same.
	hidden := w.do("GET", "/alice/secret.git/info/lfs/locks", "bob.write", nil)
	missing := w.do("GET", "/alice/nothing.git/info/lfs/locks", "bob.write", nil)
	if hidden.code != missing.code || hidden.body != missing.body {
		t.Errorf("%v and %v", hidden, missing)
	}
}

// TestGitLFSLocks locks, lists and unlocks with git-lfs itself.
func TestGitLFSLocks(t *testing.T) {
	w := startLocks(t)
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0")
		var errb bytes.Buffer
		cmd.Stderr = &errb
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %v: %v\n%s%s", args, err, out, errb.String())
		}
		return string(out)
	}
	url := strings.Replace(w.URL, "http://", "http://anyone:"+w.TokenValue("alice.write")+"@", 1) + "/alice/secret.git/info/lfs"
	git("init", "-q", "-b", "main", ".")
	git("lfs", "install", "--local")
	git("config", "lfs.url", url)
	git("remote", "add", "origin", w.URL+"/alice/secret")
	if out := git("lfs", "lock", "big.bin"); !strings.Contains(out, "Locked big.bin") {
		t.Errorf("%s", out)
	}
	if out := git("lfs", "locks"); !strings.Contains(out, "big.bin") || !strings.Contains(out, "alice") {
		t.Errorf("%s", out)
	}
	if out := git("lfs", "locks", "--verify"); !strings.Contains(out, "O") {
		t.Errorf("%s", out)
	}
	if out := git("lfs", "unlock", "big.bin", "--force"); !strings.Contains(out, "Unlocked big.bin") {
		t.Errorf("%s", out)
	}
	if out := git("lfs", "locks"); strings.Contains(out, "big.bin") {
		t.Errorf("%s", out)
	}
}
