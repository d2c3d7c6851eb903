package githttp_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/githttp"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/lfs"
	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// start returns a hub that speaks git, with the users alice and bob, who have a token each: alice.write, bob.write; and
// alice.read.
func start(t testing.TB, cfg git.Config) *testkit.Hub { return startWith(t, cfg) }

func startWith(t testing.TB, cfg git.Config, opts ...testkit.Option) *testkit.Hub {
	t.Helper()
	h := testkit.New(t, func(h *testkit.Hub) {
		tr := h.Transfer(transfer.Config{})
		hubapi.New(hubapi.Services{Repos: h.Repos, Transfer: tr}).Register(h.Server)
		lfs.New(tr, h.Auth, nil).Register(h.Server)
		githttp.New(git.New(cfg, git.Deps{Meta: h.DB, Git: h.Git, Authz: h.Zone}), githttp.Config{}).Register(h.Server)
	}, opts...)
	for _, name := range []string{"alice", "bob"} {
		h.User(name)
		h.Token(name+".write", name, hub.Token{Kind: hub.TokenWrite})
	}
	h.Token("alice.read", "alice", hub.Token{Kind: hub.TokenRead})
	return h
}

// repo makes a repository of alice's and returns the URL that alice.write opens.
func repo(t testing.TB, h *testkit.Hub, name string) (hub.Repo, string) {
	t.Helper()
	r := h.Repo("alice.write", hub.RepoID{Type: hub.Model, Namespace: "alice", Name: name}, repos.NewRepo{})
	return r, as(h, "alice.write", "alice/"+name)
}

// as returns a repository's URL with a token.
func as(h *testkit.Hub, token, path string) string {
	return strings.Replace(h.URL, "http://", "http://anyone:"+h.TokenValue(token)+"@", 1) + "/" + path
}

// dir runs git in a folder.
type dir string

func (d dir) cmd(args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir = string(d)
	cmd.Env = append(os.Environ(), "HOME="+string(d), "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "LC_ALL=C",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=C", "GIT_COMMITTER_EMAIL=c@example.org")
	return cmd
}

// try runs git and returns what it printed on both streams.
func (d dir) try(args ...string) (string, error) {
	out, err := d.cmd(args...).CombinedOutput()
	return string(out), err
}

// git runs git, which must succeed, and returns its output without the last line feed.
func (d dir) git(t testing.TB, args ...string) string {
	t.Helper()
	return d.feed(t, "", args...)
}

func (d dir) feed(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	cmd := d.cmd(args...)
	cmd.Stdin = strings.NewReader(stdin)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// refuses runs git, which must fail and say want.
func (d dir) refuses(t testing.TB, want string, args ...string) string {
	t.Helper()
	out, err := d.try(args...)
	if err == nil || !strings.Contains(out, want) {
		t.Fatalf("git %s: %v, want %q in\n%s", strings.Join(args, " "), err, want, out)
	}
	return out
}

// write makes a file below the folder.
func (d dir) write(t testing.TB, name, content string) {
	t.Helper()
	path := filepath.Join(string(d), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// commit makes a commit of one file.
func (d dir) commit(t testing.TB, name, content string) string {
	t.Helper()
	d.write(t, name, content)
	d.git(t, "add", "-f", name)
	d.git(t, "commit", "-q", "-m", "change "+name)
	return d.git(t, "rev-parse", "HEAD")
}

// clone clones into a new folder.
func clone(t testing.TB, url string, args ...string) dir {
	t.Helper()
	to := filepath.Join(t.TempDir(), "clone")
	dir(t.TempDir()).git(t, append(append([]string{"clone", "-q"}, args...), url, to)...)
	return dir(to)
}

// objects lists all objects of a repository.
func (d dir) objects(t testing.TB) []string {
	t.Helper()
	out := d.git(t, "-c", "fetch.negotiationAlgorithm=default", "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")
	lines := strings.Split(out, "\n")
	slices.Sort(lines)
	return lines
}

// fsck has git judge everything.
func (d dir) fsck(t testing.TB) {
	t.Helper()
	if out, err := d.try("fsck", "--strict", "--full", "--no-dangling", "--no-progress"); err != nil {
		t.Errorf("git fsck: %v\n%s", err, out)
	}
}
