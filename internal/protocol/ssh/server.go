// Package ssh serves git over SSH: clone, fetch, push and git-lfs's sign-in, and nothing else. It translates;
// service/git does. A key stands for its owner with all rights for git; somebody without a known key is anonymous.
//
// golang.org/x/crypto/ssh speaks the protocol: it is the one maintained implementation in Go.
package ssh

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/git"
)

// Authorizer decides.
type Authorizer interface {
	Authorize(ctx context.Context, s *access.Subject, needs ...access.Need) (access.Grant, error)
}

// Deps are the parts that a Server works with.
type Deps struct {
	Git   *git.Service
	Authz Authorizer
	// LFSLogin returns the Authorization header with which git-lfs goes on over HTTP: protocol/lfs.Login.
	LFSLogin func(s *access.Subject, repo hub.ID, a access.Action, expires time.Time) string
	// Subject returns who has the key with the given SHA-256; InvalidCredentials for an unknown one.
	Subject func(ctx context.Context, key [32]byte) (*access.Subject, error)
	// Used notes that a key was used; it must be quick.
	Used func(ctx context.Context, key [32]byte)
	// URL returns where clients reach the hub over HTTP, without a trailing slash.
	URL func() string
	Log *slog.Logger
}

// Config bounds connections. Zero fields take the defaults named beside them.
type Config struct {
	MaxConnections int           // at once; more are closed; 256
	IdleTimeout    time.Duration // of a connection on which nothing moves; 2 min
	WorkTimeout    time.Duration // in which a command may work without a byte to or from the client; 1 h
	StopTimeout    time.Duration // in which commands may end when the server is stopped; 20 s
}

const (
	handshakeTimeout = 30 * time.Second
	maxAuthTries     = 20 // clients offer all keys of their agent, one by one
	maxSessions      = 10 // of one connection at once
	serverVersion    = "SSH-2.0-Ambit"
)

// Server answers SSH connections. Safe for concurrent use.
type Server struct {
	cfg  Config
	d    Deps
	ssh  *ssh.ServerConfig
	room chan struct{}
}

// New makes a server that proves itself with the given key.
func New(cfg Config, hostKey ssh.Signer, d Deps) *Server {
	if cfg.MaxConnections == 0 {
		cfg.MaxConnections = 256
	}
	for _, v := range []struct {
		d   *time.Duration
		def time.Duration
	}{{&cfg.IdleTimeout, 2 * time.Minute}, {&cfg.WorkTimeout, time.Hour}, {&cfg.StopTimeout, 20 * time.Second}} {
		if *v.d == 0 {
			*v.d = v.def
		}
	}
	s := &Server{cfg: cfg, d: d, room: make(chan struct{}, cfg.MaxConnections)}
	s.ssh = &ssh.ServerConfig{
		ServerVersion: serverVersion, MaxAuthTries: maxAuthTries, PublicKeyCallback: s.byKey, KeyboardInteractiveCallback: s.byNothing,
	}
	s.ssh.AddHostKey(hostKey)
	return s
}

// Serve answers connections of l, which it closes, until ctx ends; then it returns nil.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				c.Close()
			}
			return nil
		}
		if err != nil {
			var n net.Error
			if errors.As(err, &n) && n.Timeout() || errors.Is(err, net.ErrClosed) {
				return err
			}
			time.Sleep(50 * time.Millisecond) // out of descriptors, most likely
			continue
		}
		select {
		case s.room <- struct{}{}:
		default:
			c.Close()
			continue
		}
		conns.Go(func() {
			defer func() { <-s.room }()
			s.serve(ctx, c)
		})
	}
}

// serve answers one connection.
func (s *Server) serve(ctx context.Context, raw net.Conn) {
	c := newWatched(raw, s.cfg.IdleTimeout, s.cfg.WorkTimeout)
	defer c.Close()
	raw.SetDeadline(time.Now().Add(handshakeTimeout))
	sc, channels, requests, err := ssh.NewServerConn(c, s.ssh)
	if err != nil {
		return // scanners, mostly
	}
	defer sc.Close()
	raw.SetDeadline(time.Time{})
	conn := &conn{s: s, ssh: sc, watch: c, addr: addrOf(raw.RemoteAddr())}
	if k, ok := sc.Permissions.ExtraData[keyOf{}].([32]byte); ok {
		conn.key = &k
	}
	stopping := ctx
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(stopping, func() { c.drain(ctx, s.cfg.StopTimeout) })()
	go ssh.DiscardRequests(requests)
	go c.watch(ctx)
	conn.serve(ctx, channels)
}

func addrOf(a net.Addr) netip.Addr {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// keyOf is where a connection's key stands in its permissions.
type keyOf struct{}

const userName = "git"

// byKey lets known keys in. The others are refused, so that the client goes on to its next one.
func (s *Server) byKey(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	if c.User() != userName {
		return nil, errUser
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	sum := sumOf(key)
	if _, err := s.d.Subject(ctx, sum); err != nil {
		if !hub.Is(err, hub.InvalidCredentials) {
			s.d.Log.LogAttrs(ctx, slog.LevelError, "an SSH key cannot be looked up", slog.String("error", err.Error()))
		}
		return nil, err
	}
	return &ssh.Permissions{ExtraData: map[any]any{keyOf{}: sum}}, nil
}

var errUser = errors.New("ssh: the user must be git")

// byNothing lets everybody in, as nobody. Clients try it after all of their keys, without asking anybody anything.
func (s *Server) byNothing(c ssh.ConnMetadata, _ ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
	if c.User() != userName {
		return nil, errUser
	}
	return &ssh.Permissions{}, nil
}
