package gates

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// Limits. Source: Hub OpenAPI.
const (
	maxReason = 200 // characters
	maxBatch  = 100 // requests
)

// Who names the person that a decision is about, in one of three ways.
type Who struct {
	User      string // name
	UserID    hub.ID
	RequestID hub.ID
}

// check tells whether exactly one way is used; InvalidInput.
func (w Who) check() error {
	n := 0
	for _, set := range []bool{w.User != "", w.UserID != "", w.RequestID != ""} {
		if set {
			n++
		}
	}
	if n != 1 {
		return hub.Errorf(hub.InvalidInput, "Name the person by exactly one of user, userId and requestId.")
	}
	return nil
}

// Decision is what an owner decides about a request. GatePending takes a decision back; GateReset lets the person ask
// again.
type Decision struct {
	State  hub.GateState
	Reason string    // of a rejection or reset
	Until  time.Time // end of an acceptance, zero for none
}

func (s *Service) checkDecision(d *Decision) (err error) {
	if _, err := hub.ParseGateState(string(d.State)); err != nil {
		return err
	}
	if d.Reason != "" && d.State != hub.GateRejected && d.State != hub.GateReset {
		return hub.Errorf(hub.InvalidInput, "A reason can only be given when a request is rejected or reset.")
	}
	if d.Reason, err = orgs.Text("reason", d.Reason, 0, maxReason, true); err != nil {
		return err
	}
	if !d.Until.IsZero() && d.State != hub.GateAccepted {
		return hub.Errorf(hub.InvalidInput, "Only an acceptance has an end.")
	}
	return s.checkUntil(d.Until)
}

func (s *Service) checkUntil(t time.Time) error {
	if !t.IsZero() && !t.After(s.now()) {
		return hub.Errorf(hub.InvalidInput, "The end of the access lies in the past.")
	}
	if t.After(s.now().AddDate(orgs.MaxYears, 0, 0)) {
		return hub.Errorf(hub.InvalidInput, "The end of the access lies more than %d years ahead: leave it out for an access without end.", orgs.MaxYears)
	}
	return nil
}

// Handle decides a request, for the requester's next call. Needs RepoAccessManage, or InstanceAdmin. RepoNotGated;
// NotFound for a person without an account or without a request, and when the request is in that state already;
// InvalidInput.
func (s *Service) Handle(ctx context.Context, g access.Grant, id hub.RepoID, w Who, d Decision, from hub.Event) error {
	r, err := s.repo(ctx, g, access.RepoAccessManage, id)
	if err != nil {
		return err
	}
	if err := w.check(); err != nil {
		return err
	}
	if err := s.checkDecision(&d); err != nil {
		return err
	}
	if r.Gated == hub.Ungated {
		return notGated(r)
	}
	u, err := s.person(ctx, r, w)
	if err != nil {
		return err
	}
	return s.decide(ctx, g, r, hub.GateUser, u.ID, u.Name, d, from)
}

// decisions are our names in the audit log; the Hub's has none for gates.
var decisions = map[hub.GateState]struct{ event, past string }{
	hub.GateAccepted: {"gate.accept", "let in"},
	hub.GateRejected: {"gate.reject", "rejected"},
	hub.GatePending:  {"gate.undo", "put back to pending"},
	hub.GateReset:    {"gate.reset", "reset"},
}

func (s *Service) decide(ctx context.Context, g access.Grant, r hub.Repo, kind hub.GateSubject, subject hub.ID, name string, d Decision, from hub.Event) error {
	what := decisions[d.State]
	ev := event(g, from, what.event, what.past+" "+string(kind)+" "+name+" at the gate of "+r.String(), r, subject)
	if kind == hub.GateUser {
		if d.State == hub.GateAccepted && subject == g.Subject().ActorID() {
			ev.Type = "gate.self_grant"
		}
		ev.Notices = decisionNotice(r, subject, decisionWords[d.State], d.Reason, d.Until)
	}
	_, err := s.store.DecideGate(ctx, r.ID, kind, subject, d.State, g.Subject().ActorID(), d.Reason, d.Until, ev)
	return err
}

// person finds whom w names. NotFound.
func (s *Service) person(ctx context.Context, r hub.Repo, w Who) (hub.User, error) {
	switch {
	case w.User != "":
		return s.store.UserByName(ctx, w.User)
	case w.UserID != "":
		if _, err := hub.ParseID(string(w.UserID)); err != nil {
			return hub.User{}, err
		}
		return s.store.UserByID(ctx, w.UserID)
	}
	if _, err := hub.ParseID(string(w.RequestID)); err != nil {
		return hub.User{}, err
	}
	req, err := s.store.GateRequestByID(ctx, r.ID, w.RequestID)
	if err != nil {
		return hub.User{}, err
	}
	if req.Kind != hub.GateUser {
		return hub.User{}, hub.Errorf(hub.NotFound, "There is no such access request.")
	}
	return s.store.UserByID(ctx, req.SubjectID)
}

// Result is what became of one item of a batch. Error is "", user_not_found or request_not_found.
type Result struct {
	Who   Who
	Error string
}

// Batch decides up to 100 requests alike, each for itself. Needs RepoAccessManage. RepoNotGated; InvalidInput.
func (s *Service) Batch(ctx context.Context, g access.Grant, whos []Who, d Decision, from hub.Event) ([]Result, error) {
	r, err := g.Repo(access.RepoAccessManage)
	if err != nil {
		return nil, err
	}
	if n := len(whos); n < 1 || n > maxBatch {
		return nil, hub.Errorf(hub.InvalidInput, "A batch has 1 to %d requests.", maxBatch)
	}
	for _, w := range whos {
		if err := w.check(); err != nil {
			return nil, err
		}
	}
	if err := s.checkDecision(&d); err != nil {
		return nil, err
	}
	if r.Gated == hub.Ungated {
		return nil, notGated(r)
	}
	var out []Result
	for _, w := range whos {
		res := Result{Who: w}
		u, err := s.person(ctx, r, w)
		switch {
		case err == nil:
			if err = s.decide(ctx, g, r, hub.GateUser, u.ID, u.Name, d, from); hub.Is(err, hub.NotFound) {
				res.Error, err = "request_not_found", nil
			}
		case w.RequestID != "" && (hub.Is(err, hub.NotFound) || hub.Is(err, hub.InvalidInput)):
			res.Error, err = "request_not_found", nil
		case hub.Is(err, hub.NotFound) || hub.Is(err, hub.InvalidInput):
			res.Error, err = "user_not_found", nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, res)
	}
	return out, nil
}

// Grant lets a person in unasked. Needs RepoAccessManage, or InstanceAdmin. RepoNotGated; InvalidInput when the person is
// in already; NotFound for a person without an account.
func (s *Service) Grant(ctx context.Context, g access.Grant, id hub.RepoID, w Who, until time.Time, from hub.Event) error {
	r, err := s.repo(ctx, g, access.RepoAccessManage, id)
	if err != nil {
		return err
	}
	if err := w.check(); err != nil {
		return err
	}
	if err := s.checkUntil(until); err != nil {
		return err
	}
	if r.Gated == hub.Ungated {
		return notGated(r)
	}
	u, err := s.person(ctx, r, w)
	if err != nil {
		return err
	}
	ev := event(g, from, "gate.grant", "let "+u.Name+" into "+r.String()+" unasked", r, u.ID)
	if u.ID == g.Subject().ActorID() {
		ev.Type = "gate.self_grant"
	} else {
		ev.Notices = decisionNotice(r, u.ID, "you were let in", "", until)
	}
	return s.store.GrantGate(ctx, r.ID, hub.GateUser, u.ID, g.Subject().ActorID(), until, ev)
}
