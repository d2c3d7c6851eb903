package ssh_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/ssh"
)

// dial signs in with key files, and then as nobody. The banner is what the server said before.
func (w *world) dial(keys ...string) (c *gossh.Client, banner string, err error) {
	var signers []gossh.Signer
	for _, k := range keys {
		text, err := os.ReadFile(k)
		w.ok(err)
		s, err := gossh.ParsePrivateKey(text)
		w.ok(err)
		signers = append(signers, s)
	}
	c, err = gossh.Dial("tcp", w.addr, &gossh.ClientConfig{
		User: "git", HostKeyCallback: gossh.InsecureIgnoreHostKey(), BannerCallback: func(m string) error { banner += m; return nil },
		Auth: []gossh.AuthMethod{gossh.PublicKeys(signers...), gossh.KeyboardInteractive(func(string, string, []string, []bool) ([]string, error) { return nil, nil })},
	})
	return c, banner, err
}

// greeting is what a connection's owner is told.
func (w *world) greeting(c *gossh.Client) string {
	s, err := c.NewSession()
	w.ok(err)
	defer s.Close()
	out, err := s.CombinedOutput("")
	if err != nil {
		return string(out) + err.Error()
	}
	return string(out)
}

func TestConnectionsOfOnePerson(t *testing.T) {
	w := start(t, ssh.Config{MaxPerUser: 2})
	alice, _ := w.key("alice")
	bob, _ := w.key("bob")
	var open []*gossh.Client
	for i, want := range []string{"Hi alice", "Hi alice", "You have 2 SSH connections open already"} {
		c, _, err := w.dial(alice)
		w.ok(err)
		defer c.Close()
		if got := w.greeting(c); !strings.Contains(got, want) {
			t.Errorf("connection %d: %q", i, got)
		}
		open = append(open, c)
	}
	c, _, err := w.dial(bob)
	w.ok(err)
	defer c.Close()
	if got := w.greeting(c); !strings.Contains(got, "Hi bob") {
		t.Errorf("another person: %q", got)
	}
	open[0].Close()
	for { // the server may need a moment to notice
		c, _, err := w.dial(alice)
		w.ok(err)
		got := w.greeting(c)
		c.Close()
		if strings.Contains(got, "Hi alice") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestConnectionsOfOneNetwork(t *testing.T) {
	w := start(t, ssh.Config{MaxPerAddress: 2})
	for i := range 3 {
		c, err := net.Dial("tcp", w.addr)
		w.ok(err)
		defer c.Close()
		b := make([]byte, 8)
		n, err := io.ReadFull(c, b)
		if fine := err == nil && string(b[:n]) == "SSH-2.0-"; fine != (i < 2) {
			t.Errorf("connection %d: %q, %v", i, b[:n], err)
		}
	}
}

// Who tries keys that nobody has is let in as nobody for some time, and then not any more; who has a known key always is.
func TestFailedSignIns(t *testing.T) {
	w := start(t, ssh.Config{Failures: 3})
	alice, _ := w.key("alice")
	stranger, _ := w.key("")
	other, _ := w.key("")
	for i := range 2 {
		c, _, err := w.dial(stranger, other, alice) // an agent with many keys is no attack
		w.ok(err)
		if got := w.greeting(c); !strings.Contains(got, "Hi alice") {
			t.Errorf("%d: %q", i, got)
		}
		c.Close()
	}
	for range 3 {
		c, _, err := w.dial(stranger, other)
		w.ok(err)
		if got := w.greeting(c); !strings.Contains(got, "Hi anonymous") {
			t.Errorf("%q", got)
		}
		c.Close()
	}
	for _, keys := range [][]string{{stranger}, nil} {
		c, banner, err := w.dial(keys...)
		if err == nil {
			c.Close()
		}
		if err == nil || !strings.Contains(banner, "Too many sign-ins with unknown SSH keys") {
			t.Errorf("%d keys: %v, banner %q", len(keys), err, banner)
		}
	}
	c, _, err := w.dial(stranger, alice)
	w.ok(err)
	defer c.Close()
	if got := w.greeting(c); !strings.Contains(got, "Hi alice") {
		t.Errorf("with a known key: %q", got)
	}
}

// A lock of somebody else stops a push by git-lfs over SSH as it does over HTTP.
func TestLocksStopPushes(t *testing.T) {
	w := start(t, ssh.Config{})
	bob, _ := w.key("bob")
	bobs, err := w.DB.UserByName(t.Context(), "bob")
	w.ok(err)
	open := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "open"}
	repo, _, err := w.DB.RepoByName(t.Context(), open)
	w.ok(err)
	alice, err := w.DB.UserByName(t.Context(), "alice")
	w.ok(err)
	http := strings.Replace(w.URL, "http://", "http://bob:"+w.TokenValue("bob.write")+"@", 1) + "/acme/open"
	for _, url := range []string{remote + "acme/open", http} {
		dir := filepath.Join(t.TempDir(), "clone")
		git := func(fails bool, want string, args ...string) {
			t.Helper()
			out, err := w.run(dir, []string{bob}, "git", args...)
			w.want(out, err, fails, want)
		}
		out, err := w.run(t.TempDir(), []string{bob}, "git", "clone", "-q", url, dir)
		w.want(out, err, false)
		git(false, "", "lfs", "install", "--local")
		git(false, "", "lfs", "track", "*.bin")
		git(false, "", "config", "lfs.locksverify", "true")
		for _, holder := range []hub.User{alice, bobs} {
			l := hub.FileLock{ID: hub.NewID(), RepoID: repo.ID, Path: "big.bin", OwnerID: holder.ID, OwnerName: holder.Name, CreatedAt: time.Now()}
			_, err := w.DB.CreateLock(t.Context(), l, hub.Event{})
			w.ok(err)
			w.ok(os.WriteFile(filepath.Join(dir, "big.bin"), fmt.Appendf(nil, "large by %s, from %s", holder.Name, url), 0o644))
			git(false, "", "add", ".")
			git(false, "", "commit", "-q", "-m", "large")
			if holder.Name == "alice" {
				git(true, "big.bin - alice", "push", "origin", "main")
				// It is a word among those who work together, not a right: who does not ask is not stopped.
				git(false, "", "-c", "lfs.locksverify=false", "push", "origin", "main")
			} else {
				git(false, "", "push", "origin", "main")
			}
			w.ok(w.DB.DeleteLock(t.Context(), repo.ID, l.ID, hub.Event{}))
		}
	}
}
