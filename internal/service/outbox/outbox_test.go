package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/outbox"
	"github.com/ambit-hub/ambit/internal/store/meta"
	"github.com/ambit-hub/ambit/internal/testkit/mailbox"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

// mailTo returns the channel to a mail server that takes its password without encryption.
func mailTo(t *testing.T, s *mailbox.Server) outbox.Channel {
	t.Helper()
	c, err := outbox.NewMail(outbox.MailOptions{Server: s.Addr, From: "Hub <hub@example.org>", User: mailbox.User, Password: secret.New(mailbox.Password), TLS: "none"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// world is an outbox over a real database, with a clock that the test moves.
type world struct {
	t    *testing.T
	ctx  context.Context
	db   *meta.DB
	smtp *mailbox.Server
	mail outbox.Channel
	now  time.Time
}

func both(t *testing.T, test func(w *world)) {
	for engine, url := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "ambit.db"), "postgres": pgtest.URL(t)} {
		t.Run(engine, func(t *testing.T) {
			w := &world{t: t, ctx: context.Background(), smtp: mailbox.Start(t, mailbox.Options{}), now: time.Now().UTC().Add(time.Hour)}
			var err error
			w.db, err = meta.Open(w.ctx, meta.Options{URL: url})
			w.must(err)
			t.Cleanup(func() { w.db.Close() })
			w.mail = mailTo(t, w.smtp)
			test(w)
		})
	}
}

func (w *world) must(err error) {
	if err != nil {
		w.t.Helper()
		w.t.Fatal(err)
	}
}

func (w *world) user(name, email string, admin bool) hub.User {
	u := hub.User{ID: hub.NewID(), Name: name, FullName: "Full " + name, Email: email, Admin: admin, CreatedAt: w.now}
	w.must(w.db.CreateUser(w.ctx, u, "", hub.Event{}))
	return u
}

func (w *world) service(cs ...outbox.Channel) *outbox.Service {
	return outbox.New(w.db, cs, outbox.Options{Hub: "https://hub.example.org", Attempts: 3, Now: func() time.Time { return w.now }})
}

// deliver runs one round and returns how many messages were due.
func (w *world) deliver(s *outbox.Service) int {
	n, _ := s.Deliver(w.ctx) // errors are of channels, which the tests look at by their effect
	return n
}

func (w *world) mails() []mailbox.Mail { return w.smtp.Mails() }

// TestMail sends messages through a real SMTP conversation and reads them back.
func TestMail(t *testing.T) {
	both(t, func(w *world) {
		alice := w.user("alice", "alice@example.org", false)
		w.must(w.db.RecordEvents(w.ctx, hub.Event{Type: "x", Notices: []hub.Notice{{Kind: "token.expiring", To: alice.ID, Dedupe: "1",
			Data: map[string]string{"token": "Größe\r\nBcc: mallory@example.org", "last4": "abcd", "expires": "2027-01-02"}}}}))
		w.must(w.db.Enqueue(w.ctx, hub.Notice{Kind: "token.expiring", To: alice.ID, Dedupe: "1"})) // once is enough
		s := w.service(w.mail)
		if n := w.deliver(s); n != 1 {
			w.t.Fatalf("%d messages", n)
		}
		if n := w.deliver(s); n != 0 {
			w.t.Errorf("%d messages again", n)
		}
		mails := w.mails()
		if len(mails) != 1 || mails[0].To != "alice@example.org" || w.smtp.SignIns() != 1 {
			w.t.Fatalf("%d mails, %d sign-ins", len(mails), w.smtp.SignIns())
		}
		m, err := netmail.ReadMessage(strings.NewReader(mails[0].Text))
		w.must(err)
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		w.must(err)
		if subject != "Your access token Größe  Bcc: mallory@example.org expires on 2027-01-02" || m.Header.Get("Bcc") != "" ||
			m.Header.Get("Auto-Submitted") != "auto-generated" || !strings.Contains(m.Header.Get("From"), "hub@example.org") {
			w.t.Errorf("subject %q, headers %v", subject, m.Header)
		}
	})
}

// TestReceivers sends to a person, an organization's admins and the instance's admins.
func TestReceivers(t *testing.T) {
	both(t, func(w *world) {
		alice, bob, root := w.user("alice", "alice@example.org", false), w.user("bob", "bob@example.org", false), w.user("root", "root@example.org", true)
		o := hub.Organization{ID: hub.NewID(), Name: "acme", DefaultVisibility: hub.Public}
		w.must(w.db.CreateOrg(w.ctx, o, alice.ID, hub.Event{}))
		w.must(w.db.SetMember(w.ctx, o.ID, bob.ID, hub.RoleWrite, hub.Event{}))
		w.must(w.db.SetMember(w.ctx, o.ID, root.ID, hub.RoleAdmin, hub.Event{}))
		for _, c := range []struct {
			n    hub.Notice
			want int
		}{
			{hub.Notice{Kind: "a", To: bob.ID}, 1}, {hub.Notice{Kind: "b", To: o.ID}, 2}, {hub.Notice{Kind: "c"}, 1}, {hub.Notice{Kind: "d", To: hub.NewID()}, 0},
			{hub.Notice{Kind: "e", To: o.ID, Data: map[string]string{"email": "list@example.org"}}, 1},
		} {
			w.must(w.db.Enqueue(w.ctx, c.n))
			if n := w.deliver(w.service(w.mail)); n != c.want {
				w.t.Errorf("%s: %d messages, want %d", c.n.Kind, n, c.want)
			}
		}
		mails := w.mails()
		if to := mails[len(mails)-1].To; to != "list@example.org" {
			w.t.Errorf("the last mail went to %s", to)
		}
	})
}

// TestRetries meets a server that refuses for now, one that refuses for good, and one that is not there.
func TestRetries(t *testing.T) {
	both(t, func(w *world) {
		alice := w.user("alice", "alice@example.org", false)
		s := w.service(w.mail)
		send := func() { w.t.Helper(); w.must(w.db.Enqueue(w.ctx, hub.Notice{Kind: "a", To: alice.ID})) }

		w.smtp.Refuse(451)
		send()
		if n := w.deliver(s) + w.deliver(s); n != 1 {
			w.t.Errorf("%d attempts at once", n)
		}
		w.smtp.Refuse(0)
		w.now = w.now.Add(59 * time.Second)
		if n := w.deliver(s); n != 0 {
			w.t.Error("tried again too early")
		}
		w.now = w.now.Add(time.Second)
		if n := w.deliver(s); n != 1 || len(w.mails()) != 1 {
			w.t.Errorf("%d attempts, %d mails", n, len(w.mails()))
		}

		w.smtp.Refuse(550)
		send()
		w.deliver(s)
		w.now = w.now.Add(24 * time.Hour)
		if n := w.deliver(s); n != 0 {
			w.t.Error("a refusal for good is tried again")
		}

		gone, err := outbox.NewMail(outbox.MailOptions{Server: "127.0.0.1:1", From: "hub@example.org", TLS: "none"})
		w.must(err)
		send()
		attempts := 0
		for range 10 {
			attempts += w.deliver(w.service(gone))
			w.now = w.now.Add(24 * time.Hour)
		}
		if attempts != 3 {
			w.t.Errorf("%d attempts, want 3", attempts)
		}
	})
}

// panicking is a channel with a fault in it.
type panicking struct{}

func (panicking) Name() string                                  { return "panicking" }
func (panicking) Deliver(context.Context, outbox.Message) error { panic("sesame") }

// TestPanic: a message that makes a channel panic is put off and given up like one that is not taken, and the log does not say
// what the panic held.
func TestPanic(t *testing.T) {
	both(t, func(w *world) {
		alice := w.user("alice", "alice@example.org", false)
		w.must(w.db.Enqueue(w.ctx, hub.Notice{Kind: "a", To: alice.ID}, hub.Notice{Kind: "b", To: alice.ID}))
		s := w.service(panicking{})
		attempts := 0
		for range 10 {
			n, err := s.Deliver(w.ctx)
			if n > 0 && attempts < 4 && (err == nil || !strings.Contains(err.Error(), "panicking.Deliver") || strings.Contains(err.Error(), "sesame")) {
				w.t.Errorf("attempt %d: %v", attempts, err)
			}
			attempts += n
			w.now = w.now.Add(24 * time.Hour)
		}
		if attempts != 2*3 {
			w.t.Errorf("%d attempts at two messages, want 3 at each", attempts)
		}
	})
}

// TestLostWorker leaves a message claimed, as a process does that dies; another takes it over later, and two at once never
// take the same.
func TestLostWorker(t *testing.T) {
	both(t, func(w *world) {
		alice := w.user("alice", "alice@example.org", false)
		for range 30 {
			w.must(w.db.Enqueue(w.ctx, hub.Notice{Kind: "a", To: alice.ID}))
		}
		rows, err := w.db.ClaimOutbox(w.ctx, w.now, w.now.Add(5*time.Minute), 5)
		w.must(err)
		if len(rows) != 5 {
			w.t.Fatalf("%d claimed", len(rows))
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for w.deliver(w.service(w.mail)) > 0 {
				}
			})
		}
		wg.Wait()
		for w.deliver(w.service(w.mail)) > 0 {
		}
		if n := len(w.mails()); n != 25 {
			w.t.Errorf("%d mails, want 25", n)
		}
		w.now = w.now.Add(5 * time.Minute)
		if n := w.deliver(w.service(w.mail)); n != 5 || len(w.mails()) != 30 {
			w.t.Errorf("%d taken over, %d mails", n, len(w.mails()))
		}
	})
}

// TestWebhook posts signed messages, and does not mail again while the webhook's receiver is down.
func TestWebhook(t *testing.T) {
	both(t, func(w *world) {
		key := secret.New("whsec")
		status := http.StatusInternalServerError
		var bodies []string
		hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil || outbox.Sign(key, r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), b) != r.Header.Get("Webhook-Signature") {
				w.t.Errorf("the signature does not fit: %v", err)
			}
			bodies = append(bodies, string(b))
			rw.WriteHeader(status)
		}))
		defer hook.Close()
		alice := w.user("alice", "alice@example.org", false)
		w.must(w.db.Enqueue(w.ctx, hub.Notice{Kind: "token.leaked", To: alice.ID, Data: map[string]string{"token": "ci", "last4": "abcd"}}))
		s := w.service(w.mail, outbox.NewWebhook(hook.URL, key))
		w.deliver(s)
		status = http.StatusNoContent
		w.now = w.now.Add(time.Hour)
		w.deliver(s)
		w.now = w.now.Add(24 * time.Hour)
		w.deliver(s)
		if len(w.mails()) != 1 || len(bodies) != 2 {
			w.t.Fatalf("%d mails, %d posts", len(w.mails()), len(bodies))
		}
		var body struct {
			Type string
			Data struct {
				User, Text string
				Details    map[string]string
			}
		}
		w.must(json.Unmarshal([]byte(bodies[1]), &body))
		if body.Type != "token.leaked" || body.Data.User != "alice" || body.Data.Details["last4"] != "abcd" || bodies[0] != bodies[1] {
			w.t.Errorf("%+v", body)
		}
	})
}

// TestUndone holds that a message of a transaction that did not happen is not sent.
func TestUndone(t *testing.T) {
	both(t, func(w *world) {
		alice := w.user("alice", "alice@example.org", false)
		err := w.db.CreateUser(w.ctx, hub.User{ID: hub.NewID(), Name: "alice"}, "", hub.Event{Notices: []hub.Notice{{Kind: "a", To: alice.ID}}})
		if !hub.Is(err, hub.Conflict) {
			w.t.Fatal(err)
		}
		if n := w.deliver(w.service(w.mail)); n != 0 {
			w.t.Errorf("%d messages", n)
		}
		if err := errors.Join(w.db.Enqueue(w.ctx)); err != nil {
			w.t.Error(err)
		}
	})
}

func TestWrongMailOptions(t *testing.T) {
	for _, o := range []outbox.MailOptions{{}, {Server: "x"}, {Server: "x:y", From: "a@b.c"}, {Server: "x:25", From: "not an address"}} {
		if _, err := outbox.NewMail(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}
