package access

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// noTime is for questions that do not depend on whether the credential is live: it is before every end.
var noTime = time.Unix(0, 0)

// Source finds targets. store/meta satisfies it.
type Source interface {
	// FindRepo finds a repository without regard to case and follows names left behind by moves.
	FindRepo(ctx context.Context, id hub.RepoID) (hub.FoundRepo, error)
	// RepoByID is RepoNotFound for a row that is gone.
	RepoByID(ctx context.Context, id hub.ID) (hub.Repo, error)
	// Namespace finds a user or organization without regard to case. NotFound if there is none.
	Namespace(ctx context.Context, name string) (hub.Namespace, error)
}

// GroupSource finds resource groups. A Source that is none has no groups.
type GroupSource interface {
	// GroupByID is NotFound for a group that is gone.
	GroupByID(ctx context.Context, id hub.ID) (hub.ResourceGroup, error)
}

// Refresher reads a subject anew from its credential; identity.Authenticator is one. The error is
// InvalidCredentials when the credential is no longer valid.
type Refresher interface {
	Refresh(ctx context.Context, s *Subject) (*Subject, error)
}

// Options are the optional parts of an Authorizer.
type Options struct {
	Refresher Refresher        // needed for Recheck of anything but anonymous and operator grants
	Now       func() time.Time // time.Now if nil
}

// Authorizer decides needs. It keeps no state of its own and is safe for concurrent use.
type Authorizer struct {
	src       Source
	groups    GroupSource // nil if src has none
	refresher Refresher
	now       func() time.Time
}

// NewAuthorizer makes an Authorizer over src.
func NewAuthorizer(src Source, o Options) *Authorizer {
	if o.Now == nil {
		o.Now = time.Now
	}
	groups, _ := src.(GroupSource)
	return &Authorizer{src: src, groups: groups, refresher: o.Refresher, now: o.Now}
}

// Authorize decides whether s may do everything in needs. On yes the Grant carries the targets.
// On no the error is a *Moved, or a *hub.Error whose Code, Reason and Message suit this caller:
//
//   - InvalidCredentials: the credential has died since it was accepted
//   - RepoNotFound: the repository is missing or hidden, which are told apart by nothing
//   - NotFound: there is no such user or organization, or no such resource group, which is the answer to those as well
//     who are not in it
//   - Disabled, GatedRepo, Forbidden: the caller may see the target and not do this to it
//   - Unauthorized: signing in is needed
//   - Conflict: RepoCreate was refused, but the repository exists and the caller may see it; URL is its path
//
// Any other error is a failure of the source. A call without needs is refused.
func (a *Authorizer) Authorize(ctx context.Context, s *Subject, needs ...Need) (Grant, error) {
	if s == nil || len(needs) == 0 {
		return Grant{}, hub.Errorf(hub.Internal, "authorization without subject or needs")
	}
	now := a.now()
	if err := s.Check(now); err != nil {
		return Grant{}, err
	}
	g := Grant{subject: s, given: make([]given, len(needs))} // never grown: denials point into it
	var denials []denial
	for i, n := range needs {
		g.given[i].need = n
		d, err := a.one(ctx, s, &g.given[i], now)
		switch {
		case err != nil && len(denials) == 0:
			return Grant{}, err
		case err != nil:
			return Grant{}, noteAsked(refuse(s, denials), needs)
		case d != nil:
			denials = append(denials, *d)
		}
	}
	if len(denials) > 0 {
		e := noteAsked(refuse(s, denials), needs)
		if e.Code == hub.RepoNotFound {
			e.Hint = a.otherType(ctx, s, needs[0].Target, now)
		}
		return Grant{}, e
	}
	return g, nil
}

// noteAsked notes in a refusal what it was about, as it was asked for: that depends on nothing that is hidden.
func noteAsked(e *hub.Error, needs []Need) *hub.Error {
	text := make([]string, len(needs))
	for i, n := range needs {
		text[i] = n.String()
	}
	e.Asked = strings.Join(text, " + ")
	return e
}

// otherType looks for repositories of the same name and another type that the caller may see: asking for the
// wrong type is the commonest way to find nothing. It does the same for what is missing and what is hidden.
func (a *Authorizer) otherType(ctx context.Context, s *Subject, t Target, now time.Time) string {
	if t.kind != repoTarget {
		return ""
	}
	for _, typ := range hub.RepoTypes {
		f, err := a.src.FindRepo(ctx, hub.RepoID{Type: typ, Namespace: t.repo.Namespace, Name: t.repo.Name})
		if typ == t.repo.Type || f.Moved || err != nil || !f.Exists {
			continue
		}
		if o := objectOf(f.Repo); RepoView.allowedBy(allowed(abstract(s, &o, now))) {
			return "There is a " + string(typ) + " called " + f.Repo.FullName() + ": did you mean that type of repository?"
		}
	}
	return ""
}

// Recheck decides a grant's needs again, now and with the subject as it is now: before something that took
// long is published. Repositories are found by id, so a rename in between does no harm. Errors are those
// of Authorize.
func (a *Authorizer) Recheck(ctx context.Context, g Grant) (Grant, error) {
	if g.subject == nil || len(g.given) == 0 {
		return Grant{}, hub.Errorf(hub.Internal, "recheck of an empty grant")
	}
	s := g.subject
	switch s.Kind() {
	case KindAnonymous, KindOperator:
	default:
		if a.refresher == nil {
			return Grant{}, hub.Errorf(hub.Internal, "recheck without a refresher")
		}
		fresh, err := a.refresher.Refresh(ctx, s)
		if err != nil {
			return Grant{}, err
		}
		s = fresh
	}
	needs := make([]Need, len(g.given))
	named := make([]Need, len(g.given)) // for the refusal: as they were called when they were granted
	for i, gv := range g.given {
		needs[i], named[i] = gv.need, gv.need
		if gv.need.Target.kind == repoTarget {
			needs[i].Target = RepoRow(gv.repo.ID)
		}
		if gv.repo.ID != "" {
			named[i].Target = Repo(gv.repo.RepoID)
		}
	}
	again, err := a.Authorize(ctx, s, needs...)
	var e *hub.Error
	if errors.As(err, &e) && e.Asked != "" {
		noteAsked(e, named)
	}
	return again, err
}

// one finds the target of gv.need and decides. It returns a denial, or an error, or neither for a yes.
func (a *Authorizer) one(ctx context.Context, s *Subject, gv *given, now time.Time) (*denial, error) {
	n := &gv.need
	if !n.Action.takes(n.Target.kind) {
		return nil, hub.Errorf(hub.Internal, "%s asked of the wrong kind of target", n.Action)
	}
	o, st, moved, err := a.look(ctx, s, gv, now)
	if err != nil {
		return nil, err
	}
	gv.bits = allowed(st)
	if !n.Action.allowedBy(gv.bits) {
		d := &denial{given: gv, state: st, layers: decide(st), space: o.namespace}
		return d, a.noteExisting(ctx, s, d, now)
	}
	if moved {
		return nil, &Moved{From: n.Target.repo, To: gv.repo.RepoID}
	}
	return nil, nil
}

// noteExisting lets a refused creation be answered with a conflict when the repository is there already and
// the caller may see it, so that create-if-absent works with a token for that very repository. Anonymous
// callers are asked to sign in either way.
func (a *Authorizer) noteExisting(ctx context.Context, s *Subject, d *denial, now time.Time) error {
	if d.need.Action != RepoCreate && d.need.Action != RepoCreatePublic || d.need.Target.kind != newRepoTarget || s.IsAnonymous() {
		return nil
	}
	id := d.need.Target.repo
	if id.Namespace == "" {
		id.Namespace = s.UserName()
	}
	f, err := a.src.FindRepo(ctx, id)
	if err != nil {
		return err
	}
	o := objectOf(f.Repo)
	if RepoView.allowedBy(allowed(abstract(s, &o, now))) && f.Exists && !f.Moved {
		d.conflict = alreadyExists(f.Repo.RepoID)
	}
	return nil
}
