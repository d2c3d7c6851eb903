// Package outbox delivers the messages that the store keeps: by mail to a person, and to the instance's webhook. A message
// was stored in the transaction of what it tells of, so none is lost and none tells of what did not happen; it may arrive
// twice when a hub dies between delivering and noting it, and bears the same id then. Messages never hold a secret.
package outbox

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Store is what the service needs of the metadata store.
type Store interface {
	ClaimOutbox(ctx context.Context, now, lease time.Time, limit int) ([]hub.OutboxRow, error)
	CloseOutbox(ctx context.Context, id hub.ID, outcome string) error
	RetryOutbox(ctx context.Context, id hub.ID, next time.Time, outcome string) error
	ForgetOutbox(ctx context.Context, before time.Time) error
	UserByID(ctx context.Context, id hub.ID) (hub.User, error)
}

// Message is what is delivered.
type Message struct {
	ID      hub.ID
	Kind    string
	At      time.Time // when it was stored
	To      string    // user name
	Address string    // for mail; may be empty
	Subject string
	Text    string
	Data    map[string]string
}

// Channel is a way of delivering. Its error is tried again unless it is Permanent.
type Channel interface {
	Name() string
	Deliver(ctx context.Context, m Message) error
}

// Permanent is an error that trying again does not mend.
type Permanent struct{ Err error }

// Error tells the cause.
func (p *Permanent) Error() string { return p.Err.Error() }

// Unwrap returns the cause.
func (p *Permanent) Unwrap() error { return p.Err }

// Options are the rules.
type Options struct {
	Hub      string        // URL of the hub, for texts; may be empty
	Every    time.Duration // between looks for messages, 2 s if zero
	Attempts int           // before a message is given up, 12 if zero: a day and a half
	Now      func() time.Time
	LogError func(ctx context.Context, msg string, err error)
}

// Service delivers. Run must run in one or more processes that share a database.
type Service struct {
	store    Store
	channels []Channel
	opts     Options
}

// New makes the service. Without a channel messages are closed undelivered.
func New(store Store, channels []Channel, o Options) *Service {
	o.Every = cmp.Or(o.Every, 2*time.Second)
	o.Attempts = cmp.Or(o.Attempts, 12)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LogError == nil {
		o.LogError = func(context.Context, string, error) {}
	}
	return &Service{store, channels, o}
}

const (
	batch     = 6
	lease     = 5 * time.Minute // longer than delivering a batch takes when everything times out, or others would deliver it too
	keep      = 400 * 24 * time.Hour
	firstWait = time.Minute
	maxWait   = 6 * time.Hour
)

// Run delivers until ctx ends. What is then under way is tried again later.
func (s *Service) Run(ctx context.Context) error {
	t := time.NewTicker(s.opts.Every)
	defer t.Stop()
	swept := time.Time{}
	for {
		n, err := s.Deliver(ctx)
		if err != nil && ctx.Err() == nil {
			s.opts.LogError(ctx, "delivering messages", err)
		}
		if now := s.opts.Now(); now.Sub(swept) > time.Hour {
			swept = now
			if err := s.store.ForgetOutbox(ctx, now.Add(-keep)); err != nil && ctx.Err() == nil {
				s.opts.LogError(ctx, "deleting old messages", err)
			}
		}
		if n == batch && err == nil {
			continue
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Deliver takes one batch of messages that are due and returns how many it took.
func (s *Service) Deliver(ctx context.Context) (int, error) {
	now := s.opts.Now().UTC()
	rows, err := s.store.ClaimOutbox(ctx, now, now.Add(lease), batch)
	var errs []error
	for _, r := range rows {
		if ctx.Err() != nil {
			break
		}
		errs = append(errs, s.one(ctx, r))
	}
	return len(rows), errors.Join(append(errs, err)...)
}

// one delivers a message through each channel that has not had it. One that makes us panic is put off and given up like one
// that is not taken, and does not keep the others.
func (s *Service) one(ctx context.Context, r hub.OutboxRow) error {
	err := guard.Call(func() error { return s.deliver(ctx, r) })
	if p := (*guard.Panic)(nil); errors.As(err, &p) {
		return s.later(ctx, r, r.Outcome, p)
	}
	return err
}

func (s *Service) deliver(ctx context.Context, r hub.OutboxRow) error {
	u, err := s.store.UserByID(ctx, r.To)
	if hub.Is(err, hub.NotFound) {
		return s.store.CloseOutbox(ctx, r.ID, "the receiver is gone")
	}
	if err != nil {
		return err
	}
	m := Message{ID: r.ID, Kind: r.Kind, At: r.CreatedAt, To: u.Name, Address: cmp.Or(r.Data["email"], u.Email), Data: r.Data}
	m.Subject, m.Text = words(r.Kind, u, r.Data, s.opts.Hub)
	done := strings.Split(r.Outcome, " ") // "mail webhook": the channels that have had it
	var notes []string
	var failed []error
	for _, c := range s.channels {
		if contains(done, c.Name()) {
			notes = append(notes, c.Name())
			continue
		}
		err := c.Deliver(ctx, m)
		var permanent *Permanent
		switch {
		case err == nil:
			notes = append(notes, c.Name())
		case errors.As(err, &permanent):
			notes = append(notes, c.Name()+"-refused")
			s.opts.LogError(ctx, "a message cannot be delivered", err)
		default:
			failed = append(failed, err)
		}
	}
	outcome := strings.Join(notes, " ")
	if len(failed) == 0 {
		return s.store.CloseOutbox(ctx, r.ID, cmp.Or(outcome, "no-channel"))
	}
	return s.later(ctx, r, outcome, errors.Join(failed...))
}

// later puts off a message that could not be delivered, or gives it up; outcome names the channels that have had it.
func (s *Service) later(ctx context.Context, r hub.OutboxRow, outcome string, cause error) error {
	if r.Attempts >= s.opts.Attempts {
		s.opts.LogError(ctx, "a message was given up", cause)
		return s.store.CloseOutbox(ctx, r.ID, strings.TrimSpace(outcome+" given-up"))
	}
	next := s.opts.Now().UTC().Add(min(firstWait<<(max(r.Attempts, 1)-1), maxWait))
	return errors.Join(cause, s.store.RetryOutbox(ctx, r.ID, next, outcome))
}

func contains(done []string, channel string) bool {
	for _, d := range done {
		if d == channel || d == channel+"-refused" {
			return true
		}
	}
	return false
}
