package ssh_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/githttp"
	"github.com/ambit-hub/ambit/internal/protocol/lfs"
	"github.com/ambit-hub/ambit/internal/protocol/ssh"
	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/service/locks"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/testkit"
	"github.com/ambit-hub/ambit/internal/testkit/sshdoor"
)

// world is a hub with an SSH listener, and an SSH client with keys.
type world struct {
	*testkit.Hub
	t    *testing.T
	home string
	addr string
}

func start(t *testing.T, cfg ssh.Config) *world {
	t.Helper()
	w := &world{t: t, home: t.TempDir()}
	var service *git.Service
	var auth *identity.Authenticator
	w.Hub = testkit.New(t, func(h *testkit.Hub) {
		h.Auth = identity.New(h.DB, h.Keys, testkit.Instance, identity.Options{SSH: sshdoor.Subject(h)})
		h.Zone = access.NewAuthorizer(h.DB, access.Options{Refresher: h.Auth})
		auth = h.Auth
		tr := transfer.New(transfer.Config{}, transfer.Deps{Meta: h.DB, Git: h.Git, Blobs: h.Blobs, Authz: h.Zone})
		service = git.New(git.Config{}, git.Deps{Meta: h.DB, Git: h.Git, Authz: h.Zone,
			Leaks: tokens.New(h.DB, h.Zone, h.Keys, testkit.Instance, tokens.Options{Leaks: hub.LeakRefuse})})
		lfs.New(tr, h.Auth, nil).WithLocks(locks.New(h.DB, gitrepo.CheckPath)).Register(h.Server)
		githttp.New(service, githttp.Config{}).Register(h.Server)
	})
	w.World()
	w.addr = sshdoor.Serve(t, w.Hub, cfg, ssh.Deps{
		Git: service, Log: slog.New(slog.NewJSONHandler(w.Log, nil)),
		LFSLogin: func(s *access.Subject, repo hub.ID, a access.Action, expires time.Time) string {
			return lfs.Login(auth, s, repo, a, expires)
		},
	})
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// key makes a key pair, and gives it to a user unless that is "".
func (w *world) key(user string) (file string, id hub.ID) {
	w.t.Helper()
	file = filepath.Join(w.t.TempDir(), "id")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file).CombinedOutput(); err != nil {
		w.t.Fatalf("%v %s", err, out)
	}
	text, err := os.ReadFile(file + ".pub")
	w.ok(err)
	pub, _, _, _, err := gossh.ParseAuthorizedKey(text)
	w.ok(err)
	if user != "" {
		u, err := w.DB.UserByName(context.Background(), user)
		w.ok(err)
		id = hub.NewID()
		sum := sha256.Sum256(pub.Marshal())
		w.ok(w.DB.AddSSHKey(context.Background(), hub.SSHKey{ID: id, UserID: u.ID, Name: "k", Kind: pub.Type(), Fingerprint: sshdoor.Fingerprint(sum), Public: "x"}, hub.Event{}))
	}
	return file, id
}

// run runs a program that uses SSH with the given keys, and returns what it writes.
func (w *world) run(dir string, keys []string, name string, args ...string) (string, error) {
	w.t.Helper()
	out, err := w.command(dir, keys, name, args...).CombinedOutput()
	return string(out), err
}

func (w *world) command(dir string, keys []string, name string, args ...string) *exec.Cmd {
	w.t.Helper()
	_, port, err := net.SplitHostPort(w.addr)
	w.ok(err)
	opts := []string{"-F", "none", "-p", port, "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
		"-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "PreferredAuthentications=publickey,keyboard-interactive"}
	for _, k := range keys {
		opts = append(opts, "-i", k)
	}
	if len(keys) == 0 {
		opts = append(opts, "-o", "IdentityFile=none")
	}
	if name == "ssh" {
		args = append(opts, args...)
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+w.home, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_SSH_COMMAND=ssh "+strings.Join(opts, " "),
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org", "GIT_TRACE_PACKET=")
	return cmd
}

func (w *world) want(out string, err error, fails bool, parts ...string) string {
	w.t.Helper()
	if (err != nil) != fails {
		w.t.Fatalf("%v\n%s", err, out)
	}
	for _, p := range parts {
		if !strings.Contains(out, p) {
			w.t.Errorf("%q is not in\n%s", p, out)
		}
	}
	return out
}

const remote = "ssh://git@127.0.0.1/"

func TestSSH(t *testing.T) {
	w := start(t, ssh.Config{})
	alice, aliceID := w.key("alice")
	stranger, _ := w.key("")
	dir := t.TempDir()
	in := func(keys []string, name string, args ...string) (string, error) {
		return w.run(dir, keys, name, args...)
	}

	// The greeting, with the second of two keys and with none that is known.
	out, err := in([]string{stranger, alice}, "ssh", "-T", "git@127.0.0.1")
	w.want(out, err, false, "Hi alice")
	out, err = in([]string{stranger}, "ssh", "-T", "git@127.0.0.1")
	w.want(out, err, false, "Hi anonymous")
	out, err = in([]string{alice}, "ssh", "root@127.0.0.1")
	w.want(out, err, true)
	out, err = in([]string{alice}, "ssh", "git@127.0.0.1", "rm -rf /")
	w.want(out, err, true, "and nothing else")
	out, err = in([]string{alice}, "ssh", "git@127.0.0.1", "git-upload-archive 'alice/secret'")
	w.want(out, err, true, "makes no archives")
	out, err = in([]string{alice}, "ssh", "git@127.0.0.1", "git-lfs-transfer alice/secret download")
	w.want(out, err, true, "Large files go over HTTP")
	out, err = in([]string{alice}, "ssh", "git@127.0.0.1", "git-upload-pack 'alice/secret'; id")
	w.want(out, err, true, "and nothing else")
	out, err = in([]string{alice}, "ssh", "-W", "127.0.0.1:80", "git@127.0.0.1")
	w.want(out, err, true)

	// Clone and push.
	for _, version := range []string{"0", "1", "2"} {
		out, err = in([]string{alice}, "git", "-c", "protocol.version="+version, "clone", "-q", remote+"alice/secret.git", "v"+version)
		w.want(out, err, false)
	}
	clone := filepath.Join(dir, "v2")
	w.ok(os.WriteFile(filepath.Join(clone, "new.txt"), []byte("new"), 0o644))
	for _, args := range [][]string{{"add", "."}, {"commit", "-q", "-m", "over ssh"}, {"push", "-q", "origin", "main"}} {
		out, err = w.run(clone, []string{alice}, "git", args...)
		w.want(out, err, false)
	}
	out, err = w.run(filepath.Join(dir, "v0"), []string{alice}, "git", "pull", "-q")
	w.want(out, err, false)
	if text, err := os.ReadFile(filepath.Join(dir, "v0", "new.txt")); err != nil || string(text) != "new" {
		t.Errorf("%q %v", text, err)
	}

	// What is hidden and what is not there sound the same.
	hidden, err := in(nil, "git", "ls-remote", remote+"alice/secret")
	w.want(hidden, err, true, "needs an SSH key")
	missing, err := in(nil, "git", "ls-remote", remote+"alice/nothing")
	if w.want(missing, err, true); hidden != missing {
		t.Errorf("%q and %q", hidden, missing)
	}

	// git-lfs signs in over SSH and goes on over HTTP.
	for _, args := range [][]string{{"lfs", "install", "--local"}, {"lfs", "track", "*.bin"}} {
		out, err = w.run(clone, []string{alice}, "git", args...)
		w.want(out, err, false)
	}
	w.ok(os.WriteFile(filepath.Join(clone, "big.bin"), bytes.Repeat([]byte("big "), 100_000), 0o644))
	for _, args := range [][]string{{"add", "."}, {"commit", "-q", "-m", "large"}, {"push", "-q", "origin", "main"}, {"lfs", "lock", "big.bin"}} {
		out, err = w.run(clone, []string{alice}, "git", args...)
		w.want(out, err, false)
	}
	out, err = in([]string{alice}, "git", "clone", "-q", remote+"alice/secret", "again")
	w.want(out, err, false)
	for _, args := range [][]string{{"lfs", "install", "--local"}, {"lfs", "pull"}} {
		out, err = w.run(filepath.Join(dir, "again"), []string{alice}, "git", args...)
		w.want(out, err, false)
	}
	if info, err := os.Stat(filepath.Join(dir, "again", "big.bin")); err != nil || info.Size() != 400_000 {
		t.Errorf("big.bin: %v %v", info, err)
	}

	// A suspended account and a key that was taken away.
	u, err := w.DB.UserByName(t.Context(), "alice")
	w.ok(err)
	w.ok(w.DB.SetSuspended(t.Context(), u.ID, true, hub.Event{}))
	out, err = in([]string{alice}, "git", "ls-remote", remote+"alice/secret")
	w.want(out, err, true, "suspended")
	w.ok(w.DB.SetSuspended(t.Context(), u.ID, false, hub.Event{}))
	w.ok(w.DB.DeleteSSHKey(t.Context(), aliceID, hub.Event{}))
	out, err = in([]string{alice}, "git", "ls-remote", remote+"alice/secret")
	w.want(out, err, true, "needs an SSH key")
}

// TestSSHIdle holds that clients which do nothing are sent away, before and after they have signed in.
func TestSSHIdle(t *testing.T) {
	w := start(t, ssh.Config{IdleTimeout: 200 * time.Millisecond, MaxConnections: 2})
	c, err := gossh.Dial("tcp", w.addr, &gossh.ClientConfig{User: "git", HostKeyCallback: gossh.InsecureIgnoreHostKey(),
		Auth: []gossh.AuthMethod{gossh.KeyboardInteractive(func(string, string, []string, []bool) ([]string, error) { return nil, nil })}})
	w.ok(err)
	c.Wait() // until the server closes
	// Too many connections at once.
	var conns []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", w.addr)
		w.ok(err)
		defer c.Close()
		conns = append(conns, c)
	}
	if b, err := io.ReadAll(conns[2]); err != nil || len(b) > 0 {
		t.Errorf("the third of two connections: %q %v", b, err)
	}
}

// Objects are fetched ahead by their ids, as git's manual of partial clones does it, and all refs at once.
func TestFetchPack(t *testing.T) {
	w := start(t, ssh.Config{})
	url, dir := remote+"acme/open", filepath.Join(t.TempDir(), "clone")
	git := func(stdin string, args ...string) string {
		t.Helper()
		cmd := w.command(dir, nil, "git", args...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	out, err := w.run(t.TempDir(), nil, "git", "clone", "-q", "--filter=blob:none", "--no-checkout", url, dir)
	w.want(out, err, false)
	list := []string{"rev-list", "--objects", "--missing=print", "--no-object-names", "HEAD"}
	var missing strings.Builder
	for line := range strings.SplitSeq(git("", list...), "\n") {
		if oid, ok := strings.CutPrefix(line, "?"); ok {
			missing.WriteString(oid + "\n")
		}
	}
	if missing.Len() == 0 {
		t.Fatal("nothing was left out")
	}
	git(missing.String(), "fetch-pack", "--stdin", url)
	if out := git("", list...); strings.Contains(out, "?") {
		t.Errorf("after they were fetched:\n%s", out)
	}
	if out := git("", "fetch-pack", "--all", url); !strings.Contains(out, "refs/heads/main") {
		t.Errorf("all refs: %s", out)
	}
}
