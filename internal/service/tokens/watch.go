package tokens

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
)

// UnknownUse is one request with a value that no token has.
type UnknownUse struct {
	Digests [][]byte // of the value, under each key
	At      time.Time
	IP      string // where it came from; empty when that is not known
	Agent   string // as the program that sent it names itself
}

// ReuseQueue takes uses of unknown values from requests to the watcher. When it is full it drops them: the next use
// of the same value is as good.
type ReuseQueue chan UnknownUse

// NewReuseQueue makes an empty queue.
func NewReuseQueue() ReuseQueue { return make(ReuseQueue, 256) }

// Offer never blocks.
func (q ReuseQueue) Offer(digests [][]byte, from identity.Credentials) {
	u := UnknownUse{Digests: digests, At: time.Now().UTC(), Agent: from.Agent}
	if from.Addr.IsValid() {
		u.IP = from.Addr.String()
	}
	select {
	case q <- u:
	default:
	}
}

// WatchOptions say what the watcher looks for.
type WatchOptions struct {
	Queue        ReuseQueue
	ReuseRevokes bool          // the use of a value that was rotated away ends the token
	Every        time.Duration // between looks for tokens that expire; an hour if zero
	Digest       time.Duration // between summaries for the instance's administrators; 0: none
	LogError     func(ctx context.Context, msg string, err error)
}

// Watcher tells owners what time, or somebody else, does to their tokens.
type Watcher struct {
	s    *Service
	opts WatchOptions
}

// Watcher makes the watcher of these tokens. Run does its work.
func (s *Service) Watcher(o WatchOptions) *Watcher {
	o.Every = cmp.Or(o.Every, time.Hour)
	return &Watcher{s, o}
}

// Run works until ctx ends. Several processes may run it: each message is stored once.
func (w *Watcher) Run(ctx context.Context) error {
	t := time.NewTicker(w.opts.Every)
	defer t.Stop()
	due := true
	for {
		if due {
			now := w.s.opts.Now().UTC()
			w.log(ctx, "warning of tokens that expire", w.Warn(ctx, now))
			w.log(ctx, "reminding of tokens that wait for approval", w.Remind(ctx, now))
			w.log(ctx, "making the summary of tokens", w.summarize(ctx, now))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			due = true
		case u := <-w.opts.Queue:
			due = false
			w.log(ctx, "reporting the use of a former token value", w.Reused(ctx, u))
		}
	}
}

func (w *Watcher) log(ctx context.Context, doing string, err error) {
	if err != nil && ctx.Err() == nil && w.opts.LogError != nil {
		w.opts.LogError(ctx, doing, err)
	}
}

// Warn stores a mail to the owner of each token that expires within seven days, and another within one; of a service
// account's token, to the admins of its organization.
func (w *Watcher) Warn(ctx context.Context, now time.Time) error {
	err := w.warn(ctx, now, func(ctx context.Context, after hub.ID, limit int) ([]expiring, error) {
		list, err := w.s.store.TokensExpiring(ctx, now, now.Add(hub.ExpiresWithin), after, limit)
		var out []expiring
		for _, t := range list {
			out = append(out, expiring{t.ID, t.ExpiresAt, hub.Notice{Kind: "token.expiring", To: t.UserID, Data: describe(t)}})
		}
		return out, err
	})
	if err != nil {
		return err
	}
	return w.warn(ctx, now, func(ctx context.Context, after hub.ID, limit int) ([]expiring, error) {
		list, err := w.s.store.ServiceTokensExpiring(ctx, now, now.Add(hub.ExpiresWithin), after, limit)
		var out []expiring
		for _, t := range list {
			data := map[string]string{"token": t.Name, "last4": t.Last4, "id": string(t.ID), "account": t.Account, "organization": t.OrgName}
			out = append(out, expiring{t.ID, t.ExpiresAt, hub.Notice{Kind: "service_token.expiring", To: t.OrgID, Data: data}})
		}
		return out, err
	})
}

// expiring is a token that expires, with the message about it.
type expiring struct {
	id     hub.ID
	at     time.Time
	notice hub.Notice
}

// warn stores the messages about what list returns page by page.
func (w *Watcher) warn(ctx context.Context, now time.Time, list func(ctx context.Context, after hub.ID, limit int) ([]expiring, error)) error {
	const page = 500
	for after := hub.ID(""); ; {
		all, err := list(ctx, after, page)
		if err != nil || len(all) == 0 {
			return err
		}
		var notices []hub.Notice
		for _, e := range all {
			stage := "7d"
			if e.at.Sub(now) <= expiresSoon {
				stage = "1d"
			}
			e.notice.Data["expires"] = e.at.UTC().Format("2006-01-02 15:04 UTC")
			e.notice.Dedupe = fmt.Sprintf("%s:%d:%s", e.id, e.at.Unix(), stage)
			notices = append(notices, e.notice)
		}
		if err := w.s.store.Enqueue(ctx, notices...); err != nil {
			return err
		}
		if len(all) < page {
			return nil
		}
		after = all[len(all)-1].id
	}
}

// Reminders of tokens that wait: the first after remindAfter, and another each week.
const (
	remindAfter = 3 * 24 * time.Hour
	remindEvery = 7 * 24 * time.Hour
)

// Remind stores a message to the admins of each organization in which tokens have waited for approval for three days, and
// another each week.
func (w *Watcher) Remind(ctx context.Context, now time.Time) error {
	all, err := w.s.store.WaitingTokens(ctx, now.Add(-remindAfter))
	if err != nil {
		return err
	}
	var notices []hub.Notice
	for _, o := range all {
		week := now.Sub(o.Oldest.Add(remindAfter)) / remindEvery
		notices = append(notices, hub.Notice{Kind: "org.tokens_waiting", To: o.OrgID, Dedupe: fmt.Sprintf("%s:%d:%d", o.OrgID, o.Oldest.Unix(), week),
			Data: map[string]string{"organization": o.OrgName, "count": strconv.Itoa(o.Count), "since": o.Oldest.UTC().Format(time.DateOnly)}})
	}
	return w.s.store.Enqueue(ctx, notices...)
}

// Reused reports that a value which was rotated away was used: to the log, and to the token's owner or, of a service
// account's token, to the admins of its organization, with when it was used, from where and by what. A value that never
// belonged to a token is passed over.
func (w *Watcher) Reused(ctx context.Context, u UnknownUse) error {
	for _, digest := range u.Digests {
		_, err := w.s.store.ReportReuse(ctx, digest, func(r hub.Reuse) (hub.Event, bool) {
			o := ownerOf(r.Token, r.Service)
			data := o.describe()
			data["last4"], data["action"] = r.Last4, "the value was refused"
			data["used"], data["address"], data["agent"] = u.At.Format("2006-01-02 15:04:05 UTC"), cmp.Or(u.IP, "an unknown address"), cmp.Or(u.Agent, "a program without a name")
			message := fmt.Sprintf("a former value (…%s) of token %q%s was used after its time", r.Last4, r.Token.Name, o.of())
			if w.opts.ReuseRevokes {
				data["action"] = "the value was refused, and the token has been revoked"
				message += "; the token was revoked"
			}
			return hub.Event{Type: "token.reuse", Message: message, NamespaceID: o.to, TargetID: r.Token.ID, IP: u.IP, UserAgent: u.Agent,
				Notices: []hub.Notice{{Kind: o.kind("reuse"), To: o.to, Data: data}}}, w.opts.ReuseRevokes
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// summarize stores the summary for the instance's administrators, once in each period that has something to tell.
func (w *Watcher) summarize(ctx context.Context, now time.Time) error {
	if w.opts.Digest <= 0 {
		return nil
	}
	counts, live := map[hub.Sign]int{}, 0
	const page = 1000
	for after := hub.ID(""); ; {
		list, err := w.s.store.ListTokens(ctx, after, page)
		if err != nil {
			return err
		}
		for _, t := range list {
			if Status(t, now) == "live" {
				live++
			}
			for _, s := range w.s.Signs(t) {
				counts[s]++
			}
		}
		if len(list) < page {
			break
		}
		after = list[len(list)-1].ID
	}
	if counts[hub.SignUnused]+counts[hub.SignNeverRotated]+counts[hub.SignExpiring]+counts[hub.SignTooLong] == 0 {
		return nil
	}
	period := strconv.FormatInt(now.Unix()/max(1, int64(w.opts.Digest/time.Second)), 10)
	return w.s.store.Enqueue(ctx, hub.Notice{Kind: "tokens.digest", Dedupe: period, Data: digestOf(counts, live)})
}
