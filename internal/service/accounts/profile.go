package accounts

import (
	"context"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Membership is an organization that somebody belongs to.
type Membership struct {
	Org      hub.Organization
	Role     hub.Role
	Readable bool // the caller, with this credential, may read more of it than its name and the role
}

// Self is what the hub knows of the caller.
type Self struct {
	User    hub.User            // zero for a service account
	Service *hub.ServiceAccount // nil for a person
	Orgs    []Membership        // by name
	Groups  []hub.GroupMember   // memberships of resource groups
}

// Self returns who the caller is. Needs WhoAmI.
func (s *Service) Self(ctx context.Context, g access.Grant) (Self, error) {
	if err := g.Has(access.WhoAmI); err != nil {
		return Self{}, err
	}
	if a := g.Subject().Service(); a != nil {
		member := hub.Member{OrgID: a.OrgID, OrgName: a.OrgName, Role: g.Subject().RoleIn(a.OrgID)}
		orgs, err := s.memberships(ctx, g, []hub.Member{member})
		return Self{Service: a, Orgs: orgs}, err
	}
	f, err := s.store.UserFacts(ctx, g.Subject().UserID())
	if hub.Is(err, hub.NotFound) {
		err = gone(err)
	}
	if err != nil {
		return Self{}, err
	}
	orgs, err := s.memberships(ctx, g, f.Memberships)
	return Self{User: f.User, Orgs: orgs, Groups: f.Groups}, err
}

// gone is the refusal of somebody who was deleted since the request began.
func gone(err error) error {
	return hub.Wrap(err, hub.InvalidCredentials, "%s", hub.MessageInvalidCredentials)
}

func (s *Service) memberships(ctx context.Context, g access.Grant, ms []hub.Member) ([]Membership, error) {
	var list []Membership
	for _, m := range ms {
		o, err := s.store.OrgByID(ctx, m.OrgID)
		if hub.Is(err, hub.NotFound) {
			continue // deleted since the subject was read
		}
		if err != nil {
			return nil, err
		}
		list = append(list, Membership{Org: o, Role: m.Role, Readable: g.AllowsOrg(o.ID, access.OrgRead)})
	}
	slices.SortFunc(list, func(a, b Membership) int { return strings.Compare(hub.NameKey(a.Org.Name), hub.NameKey(b.Org.Name)) })
	return list, nil
}

// UserProfile returns the public side of a user, and those of his organizations that the caller may read or that show their
// members to everybody. Needs NamespaceView. NotFound when the namespace is an organization's.
func (s *Service) UserProfile(ctx context.Context, g access.Grant) (hub.User, []Membership, error) {
	ns, err := g.Namespace(access.NamespaceView)
	if err != nil {
		return hub.User{}, nil, err
	}
	if ns.Kind != hub.UserNamespace {
		return hub.User{}, nil, hub.Errorf(hub.NotFound, "There is no user called %s.", ns.Name)
	}
	u, err := s.store.UserByID(ctx, ns.ID)
	if err != nil {
		return hub.User{}, nil, err
	}
	ms, err := s.store.MembershipsOf(ctx, u.ID)
	if err != nil {
		return hub.User{}, nil, err
	}
	var shown []hub.Member
	for _, m := range ms {
		if !g.AllowsOrg(m.OrgID, access.OrgRead) {
			r, err := s.store.OrgRules(ctx, m.OrgID)
			if hub.Is(err, hub.NotFound) || err == nil && !r.MembersPublic {
				continue
			}
			if err != nil {
				return hub.User{}, nil, err
			}
		}
		shown = append(shown, m)
	}
	list, err := s.memberships(ctx, g, shown)
	return u, list, err
}

// OrgProfile returns the public side of an organization. Needs NamespaceView. NotFound when the namespace is a user's.
func (s *Service) OrgProfile(ctx context.Context, g access.Grant) (hub.Organization, error) {
	ns, err := g.Namespace(access.NamespaceView)
	if err != nil {
		return hub.Organization{}, err
	}
	if ns.Kind != hub.OrgNamespace {
		return hub.Organization{}, hub.Errorf(hub.NotFound, "There is no organization called %s.", ns.Name)
	}
	return s.store.OrgByID(ctx, ns.ID)
}

// MembersPublic tells whether an organization of that name shows its members to everybody; false also when there is none.
func (s *Service) MembersPublic(ctx context.Context, name string) (bool, error) {
	o, err := s.store.OrgByName(ctx, name)
	if err == nil {
		var r hub.OrgRules
		r, err = s.store.OrgRules(ctx, o.ID)
		return r.MembersPublic, err
	}
	if hub.Is(err, hub.NotFound) {
		err = nil
	}
	return false, err
}

// publicMembers returns the namespace that g shows, if its members are shown to everybody.
func (s *Service) publicMembers(ctx context.Context, g access.Grant) (hub.Namespace, error) {
	ns, err := g.Namespace(access.NamespaceView)
	if err != nil {
		return ns, err
	}
	r, err := s.store.OrgRules(ctx, ns.ID)
	if err == nil && !r.MembersPublic {
		err = hub.Errorf(hub.Forbidden, "%s shows its members to its members alone.", ns.Name)
	}
	return ns, err
}

// OrgMembers lists up to limit members of an organization after the given user whose name or full name contains
// search, without regard to case. next says where to go on, "" at the end. Needs OrgRead, or NamespaceView where the
// organization shows its members to everybody.
func (s *Service) OrgMembers(ctx context.Context, g access.Grant, search string, after hub.ID, limit int) (list []hub.Member, next hub.ID, err error) {
	ns, err := g.Namespace(access.OrgRead)
	if err != nil {
		if ns, err = s.publicMembers(ctx, g); err != nil {
			return nil, "", err
		}
	}
	search = strings.ToLower(search)
	for {
		page, err := s.store.Members(ctx, ns.ID, after, limit)
		if err != nil {
			return nil, "", err
		}
		for _, m := range page {
			after = m.UserID
			if !strings.Contains(strings.ToLower(m.UserName+"\n"+m.FullName), search) {
				continue
			}
			if list = append(list, m); len(list) == limit {
				return list, after, nil
			}
		}
		if len(page) < limit {
			return list, "", nil
		}
	}
}
