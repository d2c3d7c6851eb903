package ssh

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/git"
)

// conn is a connection whose handshake is done.
type conn struct {
	s     *Server
	ssh   *ssh.ServerConn
	watch *watched
	addr  netip.Addr
	key   *[32]byte // SHA-256 of the key that signed in; nil: nobody

	crowded bool // its owner has too many connections, of which this is one too many
}

// serve answers the sessions of a connection until the client leaves.
func (c *conn) serve(ctx context.Context, channels <-chan ssh.NewChannel) {
	var sessions sync.WaitGroup
	defer sessions.Wait()
	room := make(chan struct{}, maxSessions)
	for n := range channels {
		if n.ChannelType() != "session" {
			n.Reject(ssh.UnknownChannelType, "only sessions are served")
			continue
		}
		select {
		case room <- struct{}{}:
		default:
			n.Reject(ssh.ResourceShortage, "too many sessions")
			continue
		}
		ch, requests, err := n.Accept()
		if err != nil {
			return
		}
		sessions.Go(func() {
			defer func() { <-room }()
			c.s.sound(ctx, func() { c.session(ctx, ch, requests) })
		})
	}
}

// maxEnv is more than any version of git's protocol needs, in bytes.
const maxEnv = 256

// session reads what a session is to do, and does it: one command, or the greeting.
func (c *conn) session(ctx context.Context, ch ssh.Channel, requests <-chan *ssh.Request) {
	defer ch.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	protocol := ""
	for r := range requests {
		switch r.Type {
		case "env":
			var kv struct{ Name, Value string }
			ok := ssh.Unmarshal(r.Payload, &kv) == nil && kv.Name == "GIT_PROTOCOL" && len(kv.Value) <= maxEnv
			if ok {
				protocol = kv.Value
			}
			reply(r, ok)
		case "exec", "shell":
			line := struct{ Line string }{}
			if r.Type == "exec" && ssh.Unmarshal(r.Payload, &line) != nil {
				reply(r, false)
				return
			}
			reply(r, true)
			go func() { // what comes later is refused, and the end of the requests is the end of the client
				for r := range requests {
					reply(r, false)
				}
				cancel()
			}()
			c.run(ctx, ch, line.Line, protocol)
			return
		default: // terminals, forwarding, signals
			reply(r, false)
		}
	}
}

func reply(r *ssh.Request, ok bool) {
	if r.WantReply {
		r.Reply(ok, nil)
	}
}

// run does a command, "" for the greeting, and tells its exit status.
func (c *conn) run(ctx context.Context, ch ssh.Channel, line, protocol string) {
	c.watch.commands.Add(1)
	defer c.watch.commands.Add(-1)
	began := time.Now()
	sub, err := c.subject(ctx)
	if err == nil && c.crowded {
		err = hub.Errorf(hub.TooManyRequests, "You have %d SSH connections open already: wait until one has ended.", c.s.cfg.MaxPerUser)
	}
	cmd := command{name: "greeting"}
	if err == nil && line != "" {
		cmd, err = parseCommand(line)
	}
	if err == nil {
		err = c.do(ctx, &stream{ch, c.watch}, sub, cmd, protocol)
	}
	status, id := uint32(0), requestID()
	if err != nil {
		status = 1
		c.refused(id, sub, err)
		var told *git.Told
		read := errors.As(err, &told) // in the report of a push
		if !read {
			fmt.Fprintf(ch.Stderr(), "ambit: %s\n", c.sentence(err, cmd.repo))
		}
		if read || !readsAlike(err) {
			fmt.Fprintf(ch.Stderr(), "ambit: request id %s\n", id)
		}
		ch.SendRequest(requestIDType, false, ssh.Marshal(struct{ ID string }{id}))
	}
	ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
	c.log(ctx, id, sub, cmd, err, time.Since(began))
}

// readsAlike tells of refusals that are the same bytes for what is there and for what is not: hidden and missing
// repositories, and what an organization says to its members about any name.
func readsAlike(err error) bool {
	var e *hub.Error
	return errors.As(err, &e) && (e.Code == hub.RepoNotFound || strings.HasPrefix(e.Reason, "policy.") || strings.HasPrefix(e.Reason, "subject."))
}

// requestIDType is the channel request that bears the id of a refused command. Clients pass over types that they do not
// know, and "ssh -v" prints that it came. Source: RFC 4254, section 5.4.
const requestIDType = "request-id@ambit"

// requestID makes the id by which a command is found in the log, and a refusal by who was refused.
func requestID() string {
	var b [9]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// refused tells about a refusal.
func (c *conn) refused(id string, sub *access.Subject, err error) {
	var e *hub.Error
	if c.s.d.Denied != nil && sub != nil && errors.As(err, &e) {
		c.s.d.Denied(id, sub, e)
	}
}

// subject returns who the client is now: a key may have been taken away since the handshake.
func (c *conn) subject(ctx context.Context) (*access.Subject, error) {
	if c.key == nil {
		return access.Anonymous(), nil
	}
	sub, err := c.s.d.Subject(ctx, *c.key)
	if err != nil {
		return nil, err
	}
	if sub.Suspended() {
		return nil, &hub.Error{Code: hub.Forbidden, Reason: "account.suspended", Message: "This account is suspended."}
	}
	if c.s.d.Used != nil {
		c.s.d.Used(ctx, *c.key)
	}
	return sub.From(c.addr), nil
}

// sentence is what the client is told. A gate's page is named as a page of this hub.
func (c *conn) sentence(err error, repo hub.RepoID) string {
	var e *hub.Error
	if errors.As(err, &e) && e.Code != hub.Internal && e.Message != "" {
		switch {
		case e.Hint != "":
			return e.Hint
		case e.Code == hub.GatedRepo && repo.Name != "":
			return strings.ReplaceAll(e.Message, "its page", c.s.d.URL()+repo.WebPath())
		}
		return e.Message
	}
	return "Something went wrong on the hub's side."
}

func (c *conn) log(ctx context.Context, id string, sub *access.Subject, cmd command, err error, took time.Duration) {
	attrs := []slog.Attr{slog.String("request_id", id), slog.String("command", cmd.name), slog.String("ip", c.addr.String()), slog.Duration("took", took)}
	if sub != nil && !sub.IsAnonymous() {
		attrs = append(attrs, slog.String("user", sub.UserName()))
	}
	if cmd.repo.Name != "" {
		attrs = append(attrs, slog.String("repo", cmd.repo.String()))
	}
	level := slog.LevelInfo
	if err != nil {
		attrs = append(attrs, slog.String("code", string(hub.CodeOf(err))))
		if hub.Is(err, hub.Internal) && !errors.Is(err, io.EOF) && ctx.Err() == nil {
			level = slog.LevelError
			attrs = append(attrs, slog.String("error", err.Error()))
		}
	}
	c.s.d.Log.LogAttrs(ctx, level, "ssh", attrs...)
}

// event begins the audit event of what a client does.
func (c *conn) event(sub *access.Subject, typ string) hub.Event {
	agent := strings.ToValidUTF8(string(c.ssh.ClientVersion()), "")
	return hub.Event{Type: typ, ActorID: sub.UserID(), ActorName: sub.UserName(), IP: c.addr.String(), UserAgent: agent[:min(len(agent), 256)]}
}

// stream is a session's bytes. It tells the watch when a command waits for the client.
type stream struct {
	ssh.Channel
	watch *watched
}

// Read implements io.Reader.
func (s *stream) Read(b []byte) (int, error) {
	s.watch.waiting.Add(1)
	defer s.watch.waiting.Add(-1)
	return s.Channel.Read(b)
}
