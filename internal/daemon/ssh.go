package daemon

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/lfs"
	"github.com/ambit-hub/ambit/internal/protocol/ssh"
	"github.com/ambit-hub/ambit/internal/service/git"
)

// sshRunner serves git over SSH on an open listener.
type sshRunner struct {
	server *ssh.Server
	l      net.Listener
}

// Run implements runner.
func (r sshRunner) Run(ctx context.Context) error { return r.server.Serve(ctx, r.l) }

// prepareSSH says how a server for git over SSH is made, which Serve does when the configuration asks for one.
func (d *Daemon) prepareSSH(g *git.Service, auth *identity.Authenticator, denied func(string, *access.Subject, *hub.Error)) {
	d.makeSSH = func() (*ssh.Server, error) {
		key, err := ssh.HostKey(d.cfg.SSHKeyPath())
		if err != nil {
			return nil, refuse(err, "The key of the SSH listener cannot be used: %v.", err)
		}
		return ssh.New(ssh.Config{
			MaxConnections: d.cfg.SSH.MaxConnections, MaxPerAddress: d.cfg.SSH.MaxPerAddress, MaxPerUser: d.cfg.SSH.MaxPerUser,
			Failures: d.cfg.Limits.Failures, FailureWindow: d.cfg.Limits.Window, IdleTimeout: d.cfg.SSH.IdleTimeout, StopTimeout: d.cfg.HTTP.ShutdownTimeout,
		}, key, ssh.Deps{
			Git: g, Authz: d.zone, Log: d.log, URL: func() string { return d.url.Load().(string) },
			LFSLogin: func(s *access.Subject, repo hub.ID, a access.Action, expires time.Time) string {
				return lfs.Login(auth, s, repo, a, expires)
			},
			Subject: func(ctx context.Context, key [32]byte) (*access.Subject, error) { return sshSubject(ctx, d.db, key) },
			Used:    d.usedSSHKey,
			Denied:  denied,
		}), nil
	}
}

// listenSSH opens the listener that the configuration names.
func (d *Daemon) listenSSH() (runner, error) {
	s, err := d.makeSSH()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", d.cfg.SSH.Listen)
	if err != nil {
		return nil, refuse(err, "Cannot listen for SSH at %s: %v.", d.cfg.SSH.Listen, opCause(err))
	}
	d.log.Info("git over SSH", "address", l.Addr().String())
	return sshRunner{s, l}, nil
}

// ServeSSH serves git over SSH on l, which it closes, until ctx ends; Serve does so by itself where the configuration
// says.
func (d *Daemon) ServeSSH(ctx context.Context, l net.Listener) error {
	s, err := d.makeSSH()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	return s.Serve(ctx, l)
}

// usedSSHKey notes the use of a key, at most once an hour for each.
func (d *Daemon) usedSSHKey(ctx context.Context, key [32]byte) {
	k, err := d.db.SSHKeyByFingerprint(ctx, "SHA256:"+base64.RawStdEncoding.EncodeToString(key[:]))
	if err != nil || time.Since(k.LastUsedAt) < time.Hour {
		return
	}
	if err := d.db.TouchSSHKey(ctx, k.ID); err != nil {
		d.log.LogAttrs(ctx, slog.LevelWarn, "noting the use of an SSH key", slog.String("error", err.Error()))
	}
}
