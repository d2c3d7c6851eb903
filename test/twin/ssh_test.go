package twin

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

// TestWorldsAnswerAlikeOverSSH asks for every repository, and for names of nothing, over SSH: each command that there is, by
// everybody's key. A key that nobody has opens no connection.
func TestWorldsAnswerAlikeOverSSH(t *testing.T) {
	var w *world
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w = build(t, dir)
		n := open(t, dir)
		defer n.close()
		for _, u := range users {
			public := ssh.MarshalAuthorizedKey(keyOf(t, u).PublicKey())
			n.operator(operatorapi.SSHKeyAdd, operatorapi.NewSSHKey{User: u, Name: "laptop", Public: string(public)}, nil)
		}
	})
	for _, user := range users {
		t.Run(user, func(t *testing.T) {
			// A key sees no more than its owner's browser.
			who := w.callers[slices.IndexFunc(w.callers, func(c caller) bool { return c.name == user+".session" })]
			var hidden []repo
			var first []string
			here := filepath.Join(t.TempDir(), "world")
			w.copyTo(t, here)
			synctest.Test(t, func(t *testing.T) {
				sleep(later)
				n := open(t, here)
				defer n.close()
				seen := seenBy(n, w, who)
				hidden = pick(w.repos, func(r repo) bool { return !slices.ContainsFunc(seen, func(s repo) bool { return s.row == r.row }) })
				first = n.overSSH(user, w)
			})
			there := filepath.Join(t.TempDir(), "twin")
			w.copyTo(t, there)
			erase(t, there, who, hidden)
			good := 0
			synctest.Test(t, func(t *testing.T) {
				sleep(later)
				n := open(t, there)
				defer n.close()
				seenBy(n, w, who)
				for i, answer := range n.overSSH(user, w) {
					if answer != first[i] {
						t.Errorf("two worlds differ:\n--- with what %s cannot see\n%s\n--- without it\n%s", user, first[i], answer)
					}
					if strings.Contains(answer, "refs/heads/main") {
						good++
					}
				}
			})
			if len(hidden) == 0 || good == 0 {
				t.Errorf("%d repositories hidden, %d good answers: that proves nothing", len(hidden), good)
			}
		})
	}
}

// keyOf makes the key of a user, always the same.
func keyOf(t *testing.T, user string) ssh.Signer {
	t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, user)
	s, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// overSSH runs all commands about all names and returns what came of each.
func (n *node) overSSH(user string, w *world) (answers []string) {
	n.t.Helper()
	wire := newWire()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.daemon.ServeSSH(ctx, wire) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			n.t.Error(err)
		}
	}()
	raw, err := wire.dial(ctx, "", "")
	if err != nil {
		n.t.Fatal(err)
	}
	conn, chans, reqs, err := ssh.NewClientConn(newQueued(raw), host, &ssh.ClientConfig{User: "git", Auth: []ssh.AuthMethod{ssh.PublicKeys(keyOf(n.t, user))},
		HostKeyCallback: func(string, net.Addr, ssh.PublicKey) error { return nil }}) // the hub is in this process
	if err != nil {
		n.t.Fatal(err)
	}
	client := ssh.NewClient(conn, chans, reqs)
	defer client.Close()
	names := []string{"acme/missing", "nowhere/thing", "datasets/acme/missing", "../etc", ""}
	for _, r := range w.repos {
		names = append(names, strings.TrimPrefix(r.WebPath(), "/"))
	}
	for _, id := range w.old {
		names = append(names, id.FullName())
	}
	for i, name := range names {
		for j, c := range []struct{ command, version string }{
			{"git-upload-pack '/" + name + ".git'", ""}, {"git-upload-pack '" + name + "'", "version=2"}, {"git-receive-pack '" + name + "'", ""},
			{"git-lfs-authenticate " + name + " download", ""}, {"git-lfs-authenticate " + name + ".git upload", ""},
		} {
			level(n.t, i*8+j)
			answers = append(answers, n.run(client, c.command, c.version))
			sleep(time.Second)
		}
	}
	return answers
}

// ownID is what each refusal of something visible has to itself.
var ownID = regexp.MustCompile(`request id [0-9a-f]{18}`)

// run runs one command, to which it says nothing more than that there is nothing more.
func (n *node) run(client *ssh.Client, command, version string) string {
	s, err := client.NewSession()
	if err != nil {
		n.t.Fatal(err)
	}
	defer s.Close()
	if version != "" {
		if err := s.Setenv("GIT_PROTOCOL", version); err != nil {
			n.t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	s.Stdout, s.Stderr = &out, &errs
	if !strings.HasPrefix(command, "git-lfs") { // which reads nothing
		s.Stdin = strings.NewReader("0000")
	}
	err = s.Run(command)
	var exit *ssh.ExitError
	if err != nil && !errors.As(err, &exit) {
		n.t.Fatalf("%s: %v", command, err)
	}
	return fmt.Sprintf("%s (%s)\n%q\n%q\n%v", command, version, out.String(), ownID.ReplaceAllString(errs.String(), "request id"), err)
}

// queued is a connection whose writer need not wait for the reader: in SSH both sides speak first, which a pipe in memory
// does not let them.
type queued struct {
	net.Conn
	out    chan []byte
	closed chan struct{}
	once   sync.Once
}

func newQueued(c net.Conn) *queued {
	q := &queued{Conn: c, out: make(chan []byte, 64), closed: make(chan struct{})}
	go func() {
		for {
			select {
			case b := <-q.out:
				if _, err := c.Write(b); err != nil {
					q.Close()
				}
			case <-q.closed:
				return
			}
		}
	}()
	return q
}

// Write implements net.Conn.
func (q *queued) Write(b []byte) (int, error) {
	select {
	case q.out <- bytes.Clone(b):
		return len(b), nil
	case <-q.closed:
		return 0, net.ErrClosed
	}
}

// Close implements net.Conn.
func (q *queued) Close() error {
	q.once.Do(func() { close(q.closed) })
	return q.Conn.Close()
}
