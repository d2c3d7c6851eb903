package explain

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Bounds of the recorder: what comes faster is not kept.
const (
	maxWaiting   = 1000
	flushEvery   = time.Second
	maxPerSecond = 200 // of one caller
	maxAsked     = 8   // questions of one request
)

// Recorder keeps refusals for a look later. It never blocks and never holds a request up: under a flood it keeps a
// sample. It is safe for concurrent use; Run must run while it is used.
type Recorder struct {
	store    Store
	logError func(context.Context, string, error)

	writing sync.Mutex // held while refusals are on their way into the store; taken before mu

	mu      sync.Mutex // guards the fields below
	waiting []hub.Denial
	audited []hub.Event // a sample, for the audit log
	seen    *simplelru.LRU[sampled, tally]
	second  int64
	count   map[hub.ID]int // of this second, by caller
}

// NewRecorder makes a Recorder. logError is told about refusals that could not be kept; nil is allowed.
func NewRecorder(store Store, logError func(context.Context, string, error)) *Recorder {
	seen, err := simplelru.NewLRU[sampled, tally](maxSampled, nil)
	if err != nil {
		panic(err) // the size is positive
	}
	return &Recorder{store: store, logError: logError, seen: seen, count: map[hub.ID]int{}}
}

// Denied keeps a refusal of the request with the given id: of an access decision, which has a reason, or of a service
// that finds something forbidden. s may be nil, for a credential that was not accepted.
func (r *Recorder) Denied(requestID string, s *access.Subject, e *hub.Error) {
	if s == nil || e.Reason == "" && e.Code != hub.Forbidden || s.IsAnonymous() {
		return // nobody could look it up afterwards
	}
	d := hub.Denial{
		RequestID: cut(withoutTrace(requestID), 128), At: time.Now().UTC(), UserID: s.UserID(), TokenID: s.TokenID(), Kind: s.Kind().String(),
		Code: e.Code, Reason: e.Reason, Message: cut(e.Message, 1024),
	}
	if a := s.Service(); a != nil {
		d.AccountID = a.ID
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := d.At.Unix(); now != r.second {
		r.second = now
		clear(r.count)
	}
	who := s.ActorID()
	if r.count[who]++; r.count[who] > maxPerSecond {
		return
	}
	for i, asked := range strings.Split(e.Asked, " + ") { // a row for each question of the request
		if i >= maxAsked || len(r.waiting) >= maxWaiting {
			return
		}
		action, target, _ := strings.Cut(asked, " ")
		d.Action, d.Target = action, cut(target, 512)
		r.waiting = append(r.waiting, d)
		r.sample(d, s)
	}
}

// withoutTrace is a request id without the caller's trace id behind it: people copy one half of it or all.
func withoutTrace(requestID string) string {
	id, _, _ := strings.Cut(requestID, ";")
	return id
}

func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return strings.ToValidUTF8(s, "")
}

// Run writes refusals in batches until ctx ends, and then once more.
func (r *Recorder) Run(ctx context.Context) error {
	t := time.NewTicker(flushEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			r.Flush(ctx)
		case <-ctx.Done():
			r.Flush(context.WithoutCancel(ctx))
			return nil
		}
	}
}

// Flush writes what is waiting; when it returns, everything that was refused before the call is in the store.
func (r *Recorder) Flush(ctx context.Context) {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	ds, events := r.waiting, r.audited
	r.waiting, r.audited = nil, nil
	r.mu.Unlock()
	if len(ds) == 0 {
		return
	}
	err := r.store.RecordDenials(ctx, ds)
	if err == nil {
		err = r.audit(ctx, events)
	}
	if err != nil && r.logError != nil {
		r.logError(ctx, "keeping refusals", err)
	}
}

// Refusal is a kept refusal, and how the same question would be answered now.
type Refusal struct {
	RequestID string    `json:"requestId"`
	At        time.Time `json:"at"`
	Action    string    `json:"action"`
	Target    string    `json:"target"`
	Code      hub.Code  `json:"code"`
	Reason    string    `json:"reason"`
	Message   string    `json:"message"`
	Now       *Answer   `json:"now,omitempty"` // nil when the credential is gone, or several things were asked at once
}

// Refusals looks up what was refused in a request: to who was refused, in the browser session too when it was one of
// the own tokens, to an admin of the organization concerned, and to administrators of the hub. NotFound to others, and
// when nothing is kept of it.
func (s *Service) Refusals(ctx context.Context, asker *access.Subject, requestID string, ev hub.Event) ([]Refusal, error) {
	requestID = withoutTrace(requestID)
	if s.refused != nil {
		s.refused.Flush(ctx)
	}
	kept, err := s.store.Denials(ctx, requestID)
	if err != nil {
		return nil, err
	}
	var out []Refusal
	for _, d := range kept {
		r := Refusal{requestID, d.At, d.Action, d.Target, d.Code, d.Reason, d.Message, nil}
		own := d.UserID != "" && d.UserID == asker.UserID() && (asker.Kind() == access.KindSession || d.TokenID != "" && asker.TokenID() == d.TokenID)
		own = own || d.AccountID != "" && asker.TokenID() == d.TokenID
		q, simple := s.again(ctx, d)
		if simple {
			a, err := s.Explain(ctx, asker, q, ev)
			if err == nil {
				if r.Now = &a; !own && len(kept) > 1 { // what was told then was about things that are another's as well
					r.Message = a.Message
				}
			} else if !own {
				continue
			}
		} else if !own && s.standing(ctx, asker, q) != auditor {
			continue
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		return nil, hub.Errorf(hub.NotFound, "Nothing is kept about a refusal with this request id that concerns you.")
	}
	return out, nil
}

// again is the question of a refusal, to be asked anew; false when it cannot be: it was about nothing that can be named, or
// who asked is gone.
func (s *Service) again(ctx context.Context, d hub.Denial) (Question, bool) {
	q := Question{Action: access.ParseAction(d.Action), Token: d.TokenID}
	target, err := access.ParseTarget(d.Target)
	if q.Target = target; err != nil || q.Action == access.NoAction {
		return q, false
	}
	if q.Token != "" {
		return q, true
	}
	u, err := s.store.UserFacts(ctx, d.UserID)
	q.User, q.SSH = u.User.Name, d.Kind == access.KindSSH.String()
	return q, err == nil
}
