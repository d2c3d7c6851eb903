package explain

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// standing is how much somebody is told.
type standing int

const (
	bearer  standing = iota // about the own credential
	owner                   // about the own tokens, in a browser session
	admin                   // about an organization's members and service accounts there
	auditor                 // about everything
)

func (s *Service) auditor(ctx context.Context, asker *access.Subject) bool {
	_, err := s.zone.Authorize(ctx, asker, access.Need{Action: access.InstanceAdmin, Target: access.Hub()})
	return err == nil
}

func (s *Service) standing(ctx context.Context, asker *access.Subject, q Question) standing {
	if s.auditor(ctx, asker) {
		return auditor
	}
	if name := q.Target.NamespaceName(); name != "" && s.administers(ctx, asker, name) {
		return admin
	}
	if asker.Kind() == access.KindSession {
		return owner
	}
	return bearer
}

// untaken is where something is to be created, without its name unless the token that asks sees what has it: the person would
// be told that it is taken, and this token must not learn so.
func (s *Service) untaken(ctx context.Context, asker *access.Subject, q Question) (access.Target, error) {
	if s.known(ctx, asker, access.Repo(q.Target.RepoID())) {
		return q.Target, nil
	}
	if q.Suppose.Group != "" {
		return access.Target{}, errNoSubject
	}
	name := q.Target.NamespaceName()
	if name == "" {
		name = asker.UserName()
	}
	return access.Namespace(name), nil
}

// administers tells whether the asker answers for the tokens that reach an organization.
func (s *Service) administers(ctx context.Context, asker *access.Subject, org string) bool {
	_, err := s.zone.Authorize(ctx, asker, access.Need{Action: access.OrgTokens, Target: access.Namespace(org)})
	return err == nil
}

// subject finds whose credential is meant, with the facts that are supposed.
func (s *Service) subject(ctx context.Context, asker *access.Subject, q Question, group hub.ResourceGroup, who standing) (*access.Subject, error) {
	if q.Token == "" && q.User == "" && q.Service == "" && q.Suppose.empty() && !q.SSH {
		return asker, nil
	}
	f, err := s.facts(ctx, asker, q)
	if hub.Is(err, hub.NotFound) || hub.Is(err, hub.Unauthorized) {
		return nil, errNoSubject
	}
	if err != nil {
		return nil, err
	}
	own := f.Service == nil && f.User.ID != "" && f.User.ID == asker.UserID()
	switch {
	case who == auditor, who == owner && own:
	case who == admin && (own && asker.Kind() == access.KindSession || s.member(ctx, f, q.Target.NamespaceName())):
	case f.Service != nil && s.administers(ctx, asker, f.Service.OrgName): // wherever its token is used
	case own && (q.Suppose.onlyToken() || q.SSH && q.Suppose.empty()) && s.inSight(ctx, asker, q.Target): // what the person is there whoami tells as well
	case own && q.Token == asker.TokenID() && q.Token != "" && q.Suppose.empty() && !q.SSH:
		return asker, nil
	default:
		return nil, errNoSubject
	}
	if f, err = s.suppose(ctx, f, q.Suppose, group, who); err != nil {
		return nil, err
	}
	if q.SSH {
		f.Token = nil
		return access.NewSSHSubject(f).From(asker.Addr()), nil
	}
	return access.NewSubject(f, access.Credential{}).From(asker.Addr()), nil
}

func (s *Service) facts(ctx context.Context, asker *access.Subject, q Question) (hub.SubjectFacts, error) {
	switch {
	case q.Token != "":
		return s.store.TokenFactsByID(ctx, q.Token)
	case q.Service != "":
		return s.serviceFacts(ctx, q)
	case q.User != "":
		u, err := s.store.UserByName(ctx, q.User)
		if err != nil {
			return hub.SubjectFacts{}, err
		}
		return s.store.UserFacts(ctx, u.ID)
	case asker.UserID() == "":
		return hub.SubjectFacts{}, errNoSubject
	case q.Suppose.Token == nil && asker.TokenID() != "":
		return s.store.TokenFactsByID(ctx, asker.TokenID())
	}
	return s.store.UserFacts(ctx, asker.UserID())
}

// member tells whether the facts are those of a member or a service account of the organization.
func (s *Service) member(ctx context.Context, f hub.SubjectFacts, org string) bool {
	ns, err := s.store.Namespace(ctx, org)
	if err != nil {
		return false
	}
	for _, m := range f.Memberships {
		if m.OrgID == ns.ID {
			return true
		}
	}
	return false
}
