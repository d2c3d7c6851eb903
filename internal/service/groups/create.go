package groups

import (
	"context"
	"fmt"
	"slices"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// Person is somebody by name with a role in a group.
type Person struct {
	User string
	Role hub.Role
}

// AutoJoin gives a role to everybody in its scope, now and later. The zero AutoJoin gives none.
type AutoJoin struct {
	Role  hub.Role
	Scope hub.AutoJoin
}

func (j AutoJoin) check() error {
	if j.Scope == hub.AutoJoinOff {
		return nil
	}
	if _, err := hub.ParseAutoJoin(string(j.Scope)); err != nil {
		return err
	}
	if j.Role <= hub.RoleNone || j.Role > hub.RoleAdmin {
		return hub.Errorf(hub.InvalidInput, "Joining by itself needs a role: admin, write, contributor, read or no_access.")
	}
	return nil
}

// NewGroup is what a group is made of.
type NewGroup struct {
	Name        string
	Description string
	People      []Person
	Repos       []hub.RepoID
	AutoJoin    AutoJoin
}

// Create makes a group. Whoever is not an admin of the organization must name an administrator of the group, who may be
// the creator; repositories can be put into it by those who may assign them. Needs GroupCreate on the organization, or
// InstanceAdmin. InvalidInput; NotFound; Forbidden for people who are no members; Conflict for a taken name; and the errors
// of deciding RepoAssignGroup.
func (s *Service) Create(ctx context.Context, g access.Grant, org string, n NewGroup, from hub.Event) (Full, error) {
	o, err := orgs.Find(ctx, s.store, g, access.GroupCreate, org)
	if err != nil {
		return Full{}, err
	}
	x := hub.ResourceGroup{OrgID: o.ID, OrgName: o.Name, CreatedBy: g.Subject().ActorID(), CreatedAt: s.now().UTC()}
	if x.Name, x.Description, err = checkTexts(n.Name, n.Description); err != nil {
		return Full{}, err
	}
	if err := n.AutoJoin.check(); err != nil {
		return Full{}, err
	}
	x.AutoJoinRole, x.AutoJoinScope = n.AutoJoin.Role, n.AutoJoin.Scope
	people, err := s.people(ctx, x, n.People, true)
	if err != nil {
		return Full{}, err
	}
	admin := orgs.IsOperator(g) || g.AllowsOrg(o.ID, access.OrgWrite)
	if !admin && !slices.ContainsFunc(people, func(m hub.GroupMember) bool { return m.Role == hub.RoleAdmin }) {
		return Full{}, hub.Errorf(hub.InvalidInput, "A resource group that is not made by an admin of %s needs at least one member with the role admin.", o.Name)
	}
	repos, err := s.repos(ctx, g, o, n.Repos)
	if err != nil {
		return Full{}, err
	}
	err = hub.GiveID(s.now(), func(id hub.ID) error {
		x.ID = id
		for i := range people {
			people[i].GroupID = id
		}
		ev := orgs.Event(g, from, "resource_group.create", fmt.Sprintf("created resource group %q of %s with %d members", x.Name, o.Name, len(people)), o.ID, id)
		var moves []hub.Event
		for _, r := range repos {
			moves = append(moves, assignEvent(g, from, r, x))
		}
		return s.store.CreateGroup(ctx, x, people, ev, moves...)
	})
	if err != nil {
		return Full{}, err
	}
	return s.full(ctx, g, x)
}

func checkTexts(name, description string) (string, string, error) {
	name, err := orgs.Text("name of the resource group", name, 1, maxName, false)
	if err != nil {
		return "", "", err
	}
	description, err = orgs.Text("description", description, 0, maxDescription, true)
	return name, description, err
}

// people finds whom the list names. An unknown name is InvalidInput, as is one that comes twice: the caller has to see
// what was wrong with the list, not with the group.
func (s *Service) people(ctx context.Context, x hub.ResourceGroup, list []Person, mayBeEmpty bool) ([]hub.GroupMember, error) {
	if len(list) > maxUsers || len(list) == 0 && !mayBeEmpty {
		return nil, hub.Errorf(hub.InvalidInput, "Name 1 to %d users.", maxUsers)
	}
	var out []hub.GroupMember
	for _, p := range list {
		if p.Role <= hub.RoleNone || p.Role > hub.RoleAdmin {
			return nil, hub.Errorf(hub.InvalidInput, "Every user of a resource group has one of the roles admin, write, contributor, read or no_access.")
		}
		u, err := s.store.UserByName(ctx, p.User)
		if hub.Is(err, hub.NotFound) {
			return nil, hub.Errorf(hub.InvalidInput, "There is no user called %q.", p.User)
		}
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(m hub.GroupMember) bool { return m.UserID == u.ID }) {
			return nil, hub.Errorf(hub.InvalidInput, "%s is named twice.", u.Name)
		}
		out = append(out, hub.GroupMember{GroupID: x.ID, GroupName: x.Name, OrgID: x.OrgID, UserID: u.ID, UserName: u.Name, FullName: u.FullName, Role: p.Role, CreatedAt: s.now().UTC()})
	}
	return out, nil
}

// repos finds the repositories that a new group begins with: each needs RepoAssignGroup, as if it were put into the group
// by itself, so that a credential that does not see one learns nothing of it here. What is not the organization's is
// InvalidInput.
func (s *Service) repos(ctx context.Context, g access.Grant, o hub.Organization, ids []hub.RepoID) ([]hub.Repo, error) {
	if len(ids) > maxRepos {
		return nil, hub.Errorf(hub.InvalidInput, "Name at most %d repositories.", maxRepos)
	}
	var out []hub.Repo
	for _, id := range ids {
		if hub.NameKey(id.Namespace) != hub.NameKey(o.Name) {
			return nil, hub.Errorf(hub.InvalidInput, "%s does not belong to %s.", id.FullName(), o.Name)
		}
		r, err := s.assignable(ctx, g, id)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(x hub.Repo) bool { return x.ID == r.ID }) {
			return nil, hub.Errorf(hub.InvalidInput, "%s is named twice.", r.FullName())
		}
		out = append(out, r)
	}
	return out, nil
}

func (s *Service) assignable(ctx context.Context, g access.Grant, id hub.RepoID) (hub.Repo, error) {
	if orgs.IsOperator(g) {
		r, _, err := s.store.RepoByName(ctx, id)
		return r, err
	}
	seen, err := s.authorizer.Authorize(ctx, g.Subject(), access.Need{Action: access.RepoAssignGroup, Target: access.Repo(id)})
	if err != nil {
		return hub.Repo{}, err
	}
	return seen.Repo(access.RepoAssignGroup)
}
