// Package gates lets people into gated repositories: who asks, who decides, and whom an owner admits unasked. A gate is
// passed by a person; beyond the Hub an owner may also admit an organization, a resource group or a service account, and
// an admission may end by itself.
//
// Source: access-model 4.2 to 4.4; Hub documentation, "Gated models".
package gates

import (
	"context"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/gateform"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// Store is what the service needs of the metadata store. Error codes are those of store/meta.
type Store interface {
	orgs.Finder
	RepoByName(ctx context.Context, id hub.RepoID) (repo hub.Repo, moved bool, err error)
	UserByName(ctx context.Context, name string) (hub.User, error)
	UserByID(ctx context.Context, id hub.ID) (hub.User, error)
	GroupByName(ctx context.Context, orgID hub.ID, name string) (hub.ResourceGroup, error)
	GroupByID(ctx context.Context, id hub.ID) (hub.ResourceGroup, error)
	ServiceAccount(ctx context.Context, id hub.ID) (hub.ServiceAccount, error)

	GateRequest(ctx context.Context, repoID hub.ID, kind hub.GateSubject, subjectID hub.ID) (hub.GateRequest, error)
	GateRequestByID(ctx context.Context, repoID, id hub.ID) (hub.GateRequest, error)
	// GateRequests lists by id; an empty kind or state is all of them.
	GateRequests(ctx context.Context, repoID hub.ID, kind hub.GateSubject, state hub.GateState, after hub.ID, limit int) ([]hub.GateRequest, error)
	// AskGate takes a request; with review the owner decides in automatic mode too.
	AskGate(ctx context.Context, repoID, userID hub.ID, fields map[string]any, review bool, ev hub.Event) (hub.GateRequest, error)
	CancelGate(ctx context.Context, repoID, userID hub.ID, ev hub.Event) error
	DecideGate(ctx context.Context, repoID hub.ID, kind hub.GateSubject, subjectID hub.ID, to hub.GateState, reviewer hub.ID, reason string, until time.Time, ev hub.Event) (hub.GateRequest, error)
	GrantGate(ctx context.Context, repoID hub.ID, kind hub.GateSubject, subjectID, reviewer hub.ID, until time.Time, ev hub.Event) error
}

// Cards reads the card of a repository on which a grant allows an action, nil for none: the request form stands there.
type Cards interface {
	Readme(ctx context.Context, g access.Grant, a access.Action) ([]byte, error)
}

// Service does what a grant allows. Safe for concurrent use.
type Service struct {
	store Store
	cards Cards
	now   func() time.Time
}

// New makes a Service. now may be nil for the machine's clock.
func New(store Store, cards Cards, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{store: store, cards: cards, now: now}
}

// form reads the form of the repository on which g allows a.
func (s *Service) form(ctx context.Context, g access.Grant, a access.Action) (gateform.Form, error) {
	readme, err := s.cards.Readme(ctx, g, a)
	if err != nil {
		return gateform.Form{}, err
	}
	return gateform.Read(readme), nil
}

// repo returns the repository of the grant, or for the operator the one with the given name.
func (s *Service) repo(ctx context.Context, g access.Grant, a access.Action, id hub.RepoID) (hub.Repo, error) {
	if orgs.IsOperator(g) {
		r, _, err := s.store.RepoByName(ctx, id)
		return r, err
	}
	return g.Repo(a)
}

func event(g access.Grant, from hub.Event, kind, message string, r hub.Repo, subject hub.ID) hub.Event {
	ev := orgs.Event(g, from, kind, message, r.NamespaceID, subject)
	ev.RepoID = r.ID
	return ev
}

// Standing is what somebody who can see a gated repository is told about its gate.
type Standing struct {
	Mode    hub.GateMode
	Form    gateform.Form
	Request *hub.GateRequest // the caller's own, nil when there is none
	Open    bool             // the caller may read the files now
}

// Standing tells where the caller stands. Needs RepoView.
func (s *Service) Standing(ctx context.Context, g access.Grant) (Standing, error) {
	r, err := g.Repo(access.RepoView)
	if err != nil {
		return Standing{}, err
	}
	st := Standing{Mode: r.Gated, Open: g.Allows(access.RepoContentRead)}
	if st.Form, err = s.form(ctx, g, access.RepoView); err != nil {
		return Standing{}, err
	}
	if id := g.Subject().ActorID(); id != "" {
		req, err := s.store.GateRequest(ctx, r.ID, hub.GateUser, id)
		switch {
		case err == nil:
			st.Request = &req
		case !hub.Is(err, hub.NotFound):
			return Standing{}, err
		}
	}
	return st, nil
}

// Asking is what somebody says who wants to pass a gate.
type Asking struct {
	Answers map[string]any // to the form, by the labels of its fields
	Country string         // from which the request came, as two letters; "" when that is not known
}

// Ask submits the caller's request. In automatic mode it is accepted at once; who was rejected stays so, and is not told.
// Where nobody is let in from the European Union, a request that came from there is refused, and where one came from is
// not known the owner decides, in automatic mode too. Needs RepoAccessRequest. RepoNotGated; Forbidden; InvalidInput for
// answers that the form does not take.
func (s *Service) Ask(ctx context.Context, g access.Grant, q Asking, from hub.Event) (hub.GateRequest, error) {
	r, err := g.Repo(access.RepoAccessRequest)
	if err != nil {
		return hub.GateRequest{}, err
	}
	if r.Gated == hub.Ungated {
		return hub.GateRequest{}, notGated(r)
	}
	me := g.Subject().ActorID()
	had, err := s.store.GateRequest(ctx, r.ID, hub.GateUser, me)
	if err != nil && !hub.Is(err, hub.NotFound) {
		return hub.GateRequest{}, err
	}
	switch had.State {
	case hub.GatePending, hub.GateAccepted, hub.GateRejected:
		if had.Until.IsZero() || s.now().Before(had.Until) {
			return had, nil // nothing changes, so the form is not looked at
		}
	}
	form, err := s.form(ctx, g, access.RepoAccessRequest)
	if err != nil {
		return hub.GateRequest{}, err
	}
	review := false
	if form.NotInEU {
		if review = q.Country == ""; inEU[strings.ToUpper(q.Country)] {
			return hub.GateRequest{}, &hub.Error{Code: hub.Forbidden, Reason: "gate.region",
				Message: "Access to " + string(r.Type) + " " + r.FullName() + " is not given in the European Union, where your request came from."}
		}
	}
	fields, err := form.Check(q.Answers)
	if err != nil {
		return hub.GateRequest{}, err
	}
	ev := event(g, from, "gate.request", g.Subject().ActorName()+" asked for access to "+r.String(), r, me)
	if r.Gated == hub.GateManual || review || had.State != "" { // who asks again is not let in by himself, see AskGate
		ev.Notices = s.requestNotices(r, g.Subject().ActorName())
	}
	return s.store.AskGate(ctx, r.ID, me, fields, review, ev)
}

// inEU are the members of the European Union. Source: ISO 3166-1.
var inEU = func() map[string]bool {
	set := map[string]bool{}
	for _, c := range strings.Fields("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK") {
		set[c] = true
	}
	return set
}()

// Withdraw takes the caller's pending request back. Needs RepoAccessRequest. NotFound when there is none.
func (s *Service) Withdraw(ctx context.Context, g access.Grant, from hub.Event) error {
	r, err := g.Repo(access.RepoAccessRequest)
	if err != nil {
		return err
	}
	me := g.Subject().ActorID()
	return s.store.CancelGate(ctx, r.ID, me, event(g, from, "gate.cancel", g.Subject().ActorName()+" took the request for access to "+r.String()+" back", r, me))
}

func notGated(r hub.Repo) error {
	return hub.Errorf(hub.RepoNotGated, "The %s %s is not gated.", r.Type, r.FullName())
}
