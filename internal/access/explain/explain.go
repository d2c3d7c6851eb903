package explain

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Store is what explanations read. store/meta satisfies it.
type Store interface {
	TokenFactsByID(ctx context.Context, id hub.ID) (hub.SubjectFacts, error)
	UserByName(ctx context.Context, name string) (hub.User, error)
	UserFacts(ctx context.Context, userID hub.ID) (hub.SubjectFacts, error)
	Namespace(ctx context.Context, name string) (hub.Namespace, error)
	RepoByName(ctx context.Context, id hub.RepoID) (repo hub.Repo, moved bool, err error)
	OrgRules(ctx context.Context, orgID hub.ID) (hub.OrgRules, error)
	GroupByID(ctx context.Context, id hub.ID) (hub.ResourceGroup, error)
	GroupByName(ctx context.Context, orgID hub.ID, name string) (hub.ResourceGroup, error)
	Groups(ctx context.Context, orgID hub.ID) ([]hub.ResourceGroup, error)
	TokenGrants(ctx context.Context, tokenID hub.ID) ([]hub.TokenGrant, error)
	OrgTokens(ctx context.Context, q hub.OrgTokenQuery) ([]hub.OrgToken, error)
	Denials(ctx context.Context, requestID string) ([]hub.Denial, error)
	RecordDenials(ctx context.Context, ds []hub.Denial) error
	RecordEvents(ctx context.Context, events ...hub.Event) error
	ServiceAccounts(ctx context.Context, orgID hub.ID) ([]hub.ServiceAccount, error)
	ServiceTokens(ctx context.Context, accountID hub.ID) ([]hub.ServiceToken, error)
	ServiceFacts(ctx context.Context, accountID hub.ID) (hub.SubjectFacts, error)
}

// Zone decides; access.Authorizer is one.
type Zone interface {
	Authorize(ctx context.Context, s *access.Subject, needs ...access.Need) (access.Grant, error)
	Trace(ctx context.Context, s *access.Subject, n access.Need) (access.Trace, error)
	TraceRepo(s *access.Subject, n access.Need, r hub.Repo) (access.Trace, error)
}

// Service explains. It is safe for concurrent use.
type Service struct {
	store   Store
	zone    Zone
	refused *Recorder // nil: somebody else's
}

// New makes a Service.
func New(store Store, zone Zone) *Service { return &Service{store: store, zone: zone} }

// WithRecorder lets Refusals find what r has not written yet. Call it before the service is used.
func (s *Service) WithRecorder(r *Recorder) *Service {
	s.refused = r
	return s
}

// Question is what is asked. At most one of Token, User and Service says whose credential is meant; none of them means the
// one that asks.
type Question struct {
	Action  access.Action
	Target  access.Target
	Token   hub.ID // of a person or a service account
	User    string // the person in a browser session
	SSH     bool   // with an SSH key instead
	Service string // a service account, ORG/NAME or ORG/ID: the one of its tokens that may, or with the supposed one
	Suppose Suppose
}

// Suppose changes facts before the question is answered; what is empty stays as it is.
type Suppose struct {
	Token  *hub.Token      // a token that is not made yet, of the person meant
	Org    string          // of Role and Policy
	Role   hub.Role        // the role of the person meant there
	Policy hub.TokenPolicy // its token policy

	Group      string         // what the target is in: a resource group of its organization, by name or id, or NoGroup
	GroupRole  hub.Role       // the role of the person meant in Group
	Visibility hub.Visibility // of the target
}

// onlyToken tells whether a token is supposed and nothing else about who asks.
func (s Suppose) onlyToken() bool {
	return s.Token != nil && s.Role == hub.RoleNone && s.Policy == "" && s.GroupRole == hub.RoleNone
}

// NoGroup is the Group of what is in none.
const NoGroup = "none"

// empty tells whether the facts about who asks stay as they are.
func (s Suppose) empty() bool {
	return s.Token == nil && s.Role == hub.RoleNone && s.Policy == "" && s.GroupRole == hub.RoleNone
}

// place tells whether something is supposed about the target.
func (s Suppose) place() bool { return s.Group != "" || s.Visibility != "" }

// Answer is a decision explained as far as the asker may know.
type Answer struct {
	Allowed bool                `json:"allowed"`
	Action  string              `json:"action"`
	Target  string              `json:"target"`
	Subject Subject             `json:"subject"`
	Code    hub.Code            `json:"code,omitempty"`
	Reason  string              `json:"reason,omitempty"`
	Message string              `json:"message,omitempty"` // what the subject is told
	Told    string              `json:"told"`              // full, visible or outcome: how much of the rest is here
	Exists  *bool               `json:"exists,omitempty"`  // only when everything may be told
	As      string              `json:"as,omitempty"`      // what was supposed about the target, in words
	Note    string              `json:"note,omitempty"`    // what the rest leaves out, or what the owner's account sees
	Layers  []access.LayerTrace `json:"layers,omitempty"`
	Changes []access.Change     `json:"changes,omitempty"`
}

// Subject says whose credential was asked about.
type Subject struct {
	Kind  string `json:"kind"`
	Name  string `json:"name,omitempty"`
	Token hub.ID `json:"token,omitempty"`
}

// The degrees of telling.
const (
	toldFull    = "full"    // everything
	toldVisible = "visible" // everything, as the target is in sight of the asker
	toldOutcome = "outcome" // what a refusal says, and where that is changed; no more
)

// errNoSubject is the answer about credentials that the asker has no business with, and about those that there are not.
var errNoSubject = hub.Errorf(hub.NotFound, "There is no such token or user about which you may ask.")

// Explain answers a question. NotFound about a token or a person that the asker may not ask about; InvalidInput for
// an action that cannot be asked of the target.
func (s *Service) Explain(ctx context.Context, asker *access.Subject, q Question, ev hub.Event) (Answer, error) {
	who := s.standing(ctx, asker, q)
	group, err := s.group(ctx, asker, &q, who)
	if err != nil {
		return Answer{}, err
	}
	sub, err := s.subject(ctx, asker, q, group, who)
	if err != nil {
		return Answer{}, err
	}
	if who == auditor && sub != asker {
		ev.Type, ev.Message = "access.explain", "Explained "+access.Need{Action: q.Action, Target: q.Target}.String()+" for "+sub.ActorName()
		if err := s.store.RecordEvents(ctx, ev); err != nil {
			return Answer{}, err
		}
	}
	n := access.Need{Action: q.Action, Target: q.Target}
	if who == bearer && sub != asker && q.Target.IsNew() {
		if n.Target, err = s.untaken(ctx, asker, q); err != nil {
			return Answer{}, err
		}
	}
	t, err := s.zone.Trace(ctx, sub, n)
	if err != nil {
		return Answer{}, err
	}
	exists := t.Exists
	supposed := q.Suppose.place() && n.Target.IsRepo()
	if supposed {
		if t, err = s.traceSupposed(ctx, asker, sub, q, group, who); err != nil {
			return Answer{}, err
		}
	}
	a := Answer{
		Allowed: t.Allowed, Action: q.Action.String(), Target: q.Target.String(), Told: toldOutcome,
		Subject: Subject{sub.Kind().String(), sub.ActorName(), sub.TokenID()}, As: q.Suppose.words(group),
	}
	var e *hub.Error
	var moved *access.Moved
	switch {
	case errors.As(t.Told, &moved):
		a.Message = "It is called " + moved.To.FullName() + " now."
	case errors.As(t.Told, &e):
		a.Code, a.Reason, a.Message = e.Code, e.Reason, strings.TrimSpace(e.Message+" "+e.Hint)
	}
	switch {
	case who >= admin:
		a.Told, a.Exists = toldFull, &exists
	case supposed: // nothing in it is about what is hidden
		a.Told = toldVisible
	case s.sees(ctx, asker, sub, t):
		a.Told = toldVisible
		if sub != asker && !t.InSight {
			a.Note = "Your own account can see this, this token cannot."
		}
	case t.First.Layer != "" && e != nil && e.Code == hub.Forbidden:
		a.first(t)
	default:
		return a, nil
	}
	if a.Told != toldOutcome {
		a.Layers, a.Changes = t.Layers, t.Changes
	}
	if who >= admin && sub != asker && sub.UserName() != "" {
		a.inThirdPerson(sub.UserName())
	}
	if id := sub.TokenID(); id != "" && q.Suppose.Token == nil { // one that there is
		for i := range a.Changes {
			a.Changes[i].Where = strings.ReplaceAll(a.Changes[i].Where, "{id}", string(id))
		}
	}
	if t.Target.IsRepo() && !t.Exists && a.Told != toldOutcome {
		a.missing()
	}
	return a, nil
}

// first tells what an organization asks of the credentials of its members before it looks at anything: a refusal that says so
// depends on nothing that is hidden, and neither does where it is changed.
func (a *Answer) first(t access.Trace) {
	a.Layers = []access.LayerTrace{{Layer: "credential", Allows: true, Says: "ok"}, {Layer: "policy", Says: t.First.What}}
	a.Changes = []access.Change{t.First}
	a.Note = "This comes first. What else it takes, and whether there is such a repository, is told to those who see it."
}

// inThirdPerson makes sentences to a person sentences about that person, for somebody else.
func (a *Answer) inThirdPerson(name string) {
	about := strings.NewReplacer("Your ", name+"'s ", " your ", " "+name+"'s ", "You are ", name+" is ", "You cannot ", name+" cannot ",
		" you are ", " "+name+" is ", " you created", " "+name+" created", " you were ", " "+name+" was ")
	a.Layers, a.Changes = slices.Clone(a.Layers), slices.Clone(a.Changes)
	for i := range a.Layers {
		a.Layers[i].Says = about.Replace(a.Layers[i].Says)
	}
	for i := range a.Changes {
		a.Changes[i].What = about.Replace(a.Changes[i].What)
	}
}

// missing says of a repository that is not there what whoever may know it should read: it was decided like one of nobody's,
// whose layers mean nothing.
func (a *Answer) missing() {
	layers := slices.Clone(a.Layers)
	for i := range layers {
		switch layers[i].Layer {
		case "role":
			layers[i].Allows, layers[i].Says = false, "There is no such repository."
		case "gate", "token":
			layers[i].Allows, layers[i].Says = true, "ok"
		}
	}
	a.Layers = layers
}

// sees tells whether the asker may know what a trace says about its target: the subject does, or the asker's own
// browser session does.
func (s *Service) sees(ctx context.Context, asker, sub *access.Subject, t access.Trace) bool {
	if t.InSight {
		return true
	}
	if asker.Kind() != access.KindSession || asker == sub || !t.Target.IsRepo() {
		return false
	}
	_, err := s.zone.Authorize(ctx, asker, access.Need{Action: access.RepoView, Target: t.Target})
	return err == nil
}

// inSight tells whether a token may be told about a target: repositories that it sees, and all that is no repository.
func (s *Service) inSight(ctx context.Context, asker *access.Subject, t access.Target) bool {
	return !t.IsRepo() || s.known(ctx, asker, t)
}
