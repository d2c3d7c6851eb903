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
	"github.com/ambit-hub/ambit/internal/guard"
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
	// Denied is told about each refusal, with the id that the client is shown. It must not block; nil is allowed.
	Denied func(requestID string, s *access.Subject, e *hub.Error)
	// URL returns where clients reach the hub over HTTP, without a trailing slash.
	URL func() string
	Log *slog.Logger
}

// Config bounds connections. Zero fields take the defaults named beside them.
type Config struct {
	MaxConnections int           // at once; more are closed; 256
	MaxPerAddress  int           // of these of one network, an IPv4 address or 64 bits of an IPv6 address; more are closed; 64
	MaxPerUser     int           // of one person, who is told so in more; 32
	Failures       int           // sign-ins of one network with unknown keys alone, after which it needs a known one; 0: any number
	FailureWindow  time.Duration // for which those are counted; 5 min
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
	cfg    Config
	d      Deps
	key    ssh.Signer
	room   chan struct{}
	limits *limits
}

// New makes a server that proves itself with the given key.
func New(cfg Config, hostKey ssh.Signer, d Deps) *Server {
	for _, v := range []struct {
		n   *int
		def int
	}{{&cfg.MaxConnections, 256}, {&cfg.MaxPerAddress, 64}, {&cfg.MaxPerUser, 32}} {
		if *v.n == 0 {
			*v.n = v.def
		}
	}
	for _, v := range []struct {
		d   *time.Duration
		def time.Duration
	}{{&cfg.IdleTimeout, 2 * time.Minute}, {&cfg.WorkTimeout, time.Hour}, {&cfg.StopTimeout, 20 * time.Second}, {&cfg.FailureWindow, 5 * time.Minute}} {
		if *v.d == 0 {
			*v.d = v.def
		}
	}
	return &Server{cfg: cfg, d: d, key: hostKey, room: make(chan struct{}, cfg.MaxConnections), limits: newLimits(cfg)}
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
		network := networkOf(addrOf(c.RemoteAddr()))
		leave, ok := s.limits.connect(network)
		if !ok {
			<-s.room
			c.Close()
			continue
		}
		conns.Go(func() {
			defer func() { leave(); <-s.room }()
			s.sound(ctx, func() { s.serve(ctx, c, network) })
		})
	}
}

// sound runs f, whose panic ends what f serves and nothing else.
func (s *Server) sound(ctx context.Context, f func()) {
	if err := guard.Call(func() error { f(); return nil }); err != nil {
		s.d.Log.LogAttrs(ctx, slog.LevelError, "an SSH connection was given up", slog.String("error", err.Error()))
	}
}

// serve answers one connection.
func (s *Server) serve(ctx context.Context, raw net.Conn, network netip.Prefix) {
	c := newWatched(raw, s.cfg.IdleTimeout, s.cfg.WorkTimeout)
	defer c.Close()
	raw.SetDeadline(time.Now().Add(handshakeTimeout))
	in := &signIn{s: s, network: network}
	sc, channels, requests, err := ssh.NewServerConn(c, in.config())
	if in.failed(sc) {
		s.limits.fail(network)
	}
	if err != nil {
		return // scanners, mostly
	}
	defer sc.Close()
	raw.SetDeadline(time.Time{})
	conn := &conn{s: s, ssh: sc, watch: c, addr: addrOf(raw.RemoteAddr())}
	if p, ok := sc.Permissions.ExtraData[signedIn{}].(signedIn); ok {
		conn.key = &p.key
		leave, ok := s.limits.signIn(p.user)
		if ok {
			defer leave()
		}
		conn.crowded = !ok
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
