package groups

import (
	"context"
	"fmt"
	"slices"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// GroupRole is a role in a group named by its id.
type GroupRole struct {
	ID   hub.ID
	Role hub.Role
}

// SetMemberRole gives a member a role and exactly the named groups: none removes the member from all of them. Needs
// OrgWrite on the organization, or InstanceAdmin. InvalidInput for a group that the organization does not have; NotFound
// for somebody who is no member; Forbidden for a role above the caller's own, and for the last administrator.
// Source: Hub documentation, "Programmatic user access control".
func (s *Service) SetMemberRole(ctx context.Context, g access.Grant, org, user string, role hub.Role, in []GroupRole, from hub.Event) error {
	o, err := orgs.Find(ctx, s.store, g, access.OrgWrite, org)
	if err != nil {
		return err
	}
	if role <= hub.RoleNone || role > hub.RoleAdmin {
		return hub.Errorf(hub.InvalidInput, "The role is admin, write, contributor, read or no_access.")
	}
	if !orgs.IsOperator(g) && role > g.Subject().RoleIn(o.ID) {
		return hub.Errorf(hub.Forbidden, "Nobody can be given a role above your own in %s.", o.Name)
	}
	u, old, err := s.memberOf(ctx, o, user)
	if err != nil {
		return err
	}
	groups, err := s.groupRoles(ctx, o, u, in)
	if err != nil {
		return err
	}
	message := fmt.Sprintf("changed the role of %s in %s from %s to %s, in %d resource groups", u.Name, o.Name, old, role, len(groups))
	err = s.store.SetMemberRole(ctx, o.ID, u.ID, role, groups, orgs.Event(g, from, "org.change_role", message, o.ID, u.ID))
	if hub.Is(err, hub.Conflict) {
		return hub.Wrap(err, hub.Forbidden, "%s is the last admin of %s: name another one first.", u.Name, o.Name)
	}
	return err
}

// memberOf finds a member and the present role. NotFound also for users who are no members.
func (s *Service) memberOf(ctx context.Context, o hub.Organization, name string) (hub.User, hub.Role, error) {
	none := hub.Errorf(hub.NotFound, "%s has no such member.", o.Name)
	u, err := s.store.UserByName(ctx, name)
	if hub.Is(err, hub.NotFound) {
		return u, 0, none
	}
	if err != nil {
		return u, 0, err
	}
	ms, err := s.store.MembershipsOf(ctx, u.ID)
	if err != nil {
		return u, 0, err
	}
	for _, m := range ms {
		if m.OrgID == o.ID {
			return u, m.Role, nil
		}
	}
	return u, 0, none
}

func (s *Service) groupRoles(ctx context.Context, o hub.Organization, u hub.User, in []GroupRole) ([]hub.GroupMember, error) {
	all, err := s.store.Groups(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	var out []hub.GroupMember
	for _, w := range in {
		i := slices.IndexFunc(all, func(x hub.ResourceGroup) bool { return x.ID == w.ID })
		switch {
		case i < 0:
			return nil, hub.Errorf(hub.InvalidInput, "%s has no resource group with the id %q.", o.Name, string(w.ID))
		case w.Role <= hub.RoleNone || w.Role > hub.RoleAdmin:
			return nil, hub.Errorf(hub.InvalidInput, "The role in a resource group is admin, write, contributor, read or no_access.")
		case slices.ContainsFunc(out, func(m hub.GroupMember) bool { return m.GroupID == w.ID }):
			return nil, hub.Errorf(hub.InvalidInput, "The resource group %q is named twice.", all[i].Name)
		}
		out = append(out, hub.GroupMember{GroupID: w.ID, GroupName: all[i].Name, OrgID: o.ID, UserID: u.ID, UserName: u.Name, Role: w.Role, CreatedAt: s.now().UTC()})
	}
	return out, nil
}
