package explain

import (
	"context"
	"fmt"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Refusals stand in the audit log as a sample: of one caller, about one namespace, for one action and reason, no more than
// one in sampleEvery, and of one caller no more than maxOfOne. What is asked about in the namespace does not count, so that
// who tries names fills no log.
const (
	sampleEvery = 10 * time.Minute
	maxOfOne    = 100
	maxSampled  = 10_000 // that are remembered
)

// sampled is what one event in sampleEvery stands for; who alone is the caller.
type sampled struct {
	who               hub.ID
	namespace, action string
	reason            string
}

// tally counts the events that one key stands for since it began.
type tally struct {
	began time.Time
	n     int
}

// takes tells whether another event of the key is let through, and counts it.
func (r *Recorder) takes(k sampled, most int, now time.Time) bool {
	t, ok := r.seen.Get(k)
	if !ok || now.Sub(t.began) >= sampleEvery {
		t = tally{began: now}
	}
	t.n++
	r.seen.Add(k, t)
	return t.n <= most
}

// namespaceOf is the name of the namespace that a target is in, "" for none.
func namespaceOf(target string) string {
	t, err := access.ParseTarget(target)
	if err != nil {
		return ""
	}
	return t.NamespaceName()
}

// sample keeps an event about a refusal if there was none like it lately. r.mu is held.
func (r *Recorder) sample(d hub.Denial, s *access.Subject) {
	if d.Action == "" { // a service's own no, or a dead token: the caller is told, and the log of requests knows it
		return
	}
	name := namespaceOf(d.Target)
	if !r.takes(sampled{s.ActorID(), hub.NameKey(name), d.Action, d.Reason}, 1, d.At) || !r.takes(sampled{who: s.ActorID()}, maxOfOne, d.At) {
		return
	}
	ev := hub.Event{Type: "access.denied", ActorID: s.ActorID(), ActorName: s.ActorName(), TokenID: d.TokenID,
		Message: fmt.Sprintf("was refused %s on %s: %s (request %s)", d.Action, cut(d.Target, 200), d.Reason, d.RequestID)}
	if a := s.Addr(); a.IsValid() {
		ev.IP = a.String()
	}
	ev.NamespaceID = hub.ID(name) // until it is written, its name
	r.audited = append(r.audited, ev)
}

// audit writes events, each to the namespace that it is about as far as there is one of that name.
func (r *Recorder) audit(ctx context.Context, events []hub.Event) error {
	for i := range events {
		name := string(events[i].NamespaceID)
		if events[i].NamespaceID = ""; name == "" {
			continue
		}
		ns, err := r.store.Namespace(ctx, name)
		if err != nil && !hub.Is(err, hub.NotFound) {
			return err
		}
		events[i].NamespaceID = ns.ID
	}
	return r.store.RecordEvents(ctx, events...)
}
