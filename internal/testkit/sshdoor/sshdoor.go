// Package sshdoor puts an SSH listener before a hub of testkit.
package sshdoor

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net"
	"path/filepath"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/ssh"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// Serve serves git over SSH for h until the test ends, with a key of its own, and returns the address. Of d, Git has to be set;
// of the rest, what is nil comes from h, and nothing is logged.
func Serve(t testing.TB, h *testkit.Hub, cfg ssh.Config, d ssh.Deps) (addr string) {
	t.Helper()
	key, err := ssh.HostKey(filepath.Join(t.TempDir(), "host"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.Authz, d.URL = h.Zone, func() string { return h.URL }
	if d.Subject == nil {
		d.Subject = Subject(h)
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := ssh.New(cfg, key, d)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// Subject tells whose key has a SHA-256. InvalidCredentials for one that nobody has.
func Subject(h *testkit.Hub) func(ctx context.Context, key [32]byte) (*access.Subject, error) {
	return func(ctx context.Context, key [32]byte) (*access.Subject, error) {
		k, err := h.DB.SSHKeyByFingerprint(ctx, Fingerprint(key))
		if err != nil {
			return nil, hub.Wrap(err, hub.InvalidCredentials, "This SSH key is not known.")
		}
		facts, err := h.DB.UserFacts(ctx, k.UserID)
		return access.NewSSHKeySubject(facts, key), err
	}
}

// Fingerprint is how OpenSSH writes the SHA-256 of a key.
func Fingerprint(sum [32]byte) string {
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}
