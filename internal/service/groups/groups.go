// Package groups keeps an organization's resource groups: parts of its repositories with roles of their own, who is in
// them, which repositories they hold; and the role of a member, which is set together with the groups.
//
// Source: access-model 3.4; Hub documentation, "Resource groups".
package groups

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// Limits. Source: Hub OpenAPI.
const (
	maxName        = 200 // characters
	maxDescription = 1000
	maxUsers       = 1000 // of one call
	maxRepos       = 1000
)

// Store is what the service needs of the metadata store. Error codes are those of store/meta.
type Store interface {
	orgs.Finder
	UserByName(ctx context.Context, name string) (hub.User, error)
	MembershipsOf(ctx context.Context, userID hub.ID) ([]hub.Member, error)
	RepoByName(ctx context.Context, id hub.RepoID) (repo hub.Repo, moved bool, err error)

	CreateGroup(ctx context.Context, g hub.ResourceGroup, members []hub.GroupMember, ev hub.Event, repos ...hub.Event) error
	ChangeGroup(ctx context.Context, id hub.ID, ev hub.Event, change func(*hub.ResourceGroup) (message string, err error)) error
	DeleteGroup(ctx context.Context, id hub.ID, ev hub.Event) error
	GroupByID(ctx context.Context, id hub.ID) (hub.ResourceGroup, error)
	Groups(ctx context.Context, orgID hub.ID) ([]hub.ResourceGroup, error)
	GroupMembers(ctx context.Context, groupID hub.ID) ([]hub.GroupMember, error)
	GroupRepos(ctx context.Context, groupID hub.ID, v hub.Visible) ([]hub.Repo, error)
	AddGroupMembers(ctx context.Context, groupID hub.ID, members []hub.GroupMember, ev hub.Event) error
	SetGroupMember(ctx context.Context, groupID, userID hub.ID, role hub.Role, ev hub.Event) error
	RemoveGroupMember(ctx context.Context, groupID, userID hub.ID, ev hub.Event) error
	SetMemberRole(ctx context.Context, orgID, userID hub.ID, role hub.Role, groups []hub.GroupMember, ev hub.Event) error
	SetRepoGroup(ctx context.Context, repoID, groupID hub.ID, ev hub.Event) error
}

// Authorizer decides whether the maker of a group may put a repository into it.
type Authorizer interface {
	Authorize(ctx context.Context, s *access.Subject, needs ...access.Need) (access.Grant, error)
}

// Service does what a grant allows. Safe for concurrent use.
type Service struct {
	store      Store
	authorizer Authorizer
	now        func() time.Time
}

// New makes a Service. now may be nil for the machine's clock.
func New(store Store, z Authorizer, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{store: store, authorizer: z, now: now}
}

// Full is a group with its people, and those of its repositories that the caller sees.
type Full struct {
	hub.ResourceGroup
	Members []hub.GroupMember
	Repos   []hub.Repo
}

// full completes a group for the caller: a token that may read an organization's settings does not for that see its private
// repositories.
func (s *Service) full(ctx context.Context, g access.Grant, x hub.ResourceGroup) (f Full, err error) {
	f.ResourceGroup = x
	if f.Members, err = s.store.GroupMembers(ctx, x.ID); err != nil {
		return f, err
	}
	v := g.Subject().Visible()
	v.Everything = v.Everything || orgs.IsOperator(g)
	f.Repos, err = s.store.GroupRepos(ctx, x.ID, v)
	return f, err
}

// List lists the groups of an organization that the caller may see: an admin all of them, others those they are in. Needs
// OrgRead on the organization, or InstanceAdmin. NotFound.
func (s *Service) List(ctx context.Context, g access.Grant, org string) ([]Full, error) {
	o, err := orgs.Find(ctx, s.store, g, access.OrgRead, org)
	if err != nil {
		return nil, err
	}
	all, err := s.store.Groups(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	list := []Full{}
	for _, x := range all {
		if !orgs.IsOperator(g) && !sees(g, o.ID, x.ID) {
			continue
		}
		f, err := s.full(ctx, g, x)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

// sees tells whether the caller administers the organization or is in the group.
func sees(g access.Grant, org, group hub.ID) bool {
	return g.Subject().RoleIn(org) == hub.RoleAdmin || g.Subject().InGroup(group)
}

// find returns the group of the grant, or for the operator the one with the given id in the organization. NotFound.
func (s *Service) find(ctx context.Context, g access.Grant, a access.Action, org string, id hub.ID) (hub.ResourceGroup, error) {
	if !orgs.IsOperator(g) {
		return g.Group(a)
	}
	o, err := s.store.OrgByName(ctx, org)
	if err != nil {
		return hub.ResourceGroup{}, err
	}
	if _, err := hub.ParseID(string(id)); err != nil {
		return hub.ResourceGroup{}, noGroup()
	}
	x, err := s.store.GroupByID(ctx, id)
	if err == nil && x.OrgID != o.ID {
		err = noGroup()
	}
	return x, err
}

func noGroup() error { return hub.Errorf(hub.NotFound, "There is no such resource group.") }

// Show returns one group. Needs GroupRead on it, or InstanceAdmin. NotFound.
func (s *Service) Show(ctx context.Context, g access.Grant, org string, id hub.ID) (Full, error) {
	x, err := s.find(ctx, g, access.GroupRead, org, id)
	if err != nil {
		return Full{}, err
	}
	return s.full(ctx, g, x)
}
