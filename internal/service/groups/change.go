package groups

import (
	"context"
	"fmt"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// Change is what Edit changes; nil fields stay as they are.
type Change struct {
	Name        *string
	Description *string
	AutoJoin    *AutoJoin // switching it off removes nobody
	SpendLimits *hub.SpendLimits
}

// Edit changes a group. Who joins by themselves from now on is in it when Edit returns. Needs GroupSettings on it, or
// InstanceAdmin; spend limits are a matter of money, and need OrgWrite on the organization as well. InvalidInput; Forbidden;
// NotFound; Conflict for a taken name.
func (s *Service) Edit(ctx context.Context, g access.Grant, org string, id hub.ID, c Change, from hub.Event) (Full, error) {
	x, err := s.find(ctx, g, access.GroupSettings, org, id)
	if err != nil {
		return Full{}, err
	}
	if c.SpendLimits != nil {
		if err := s.mayLimit(ctx, g, x); err != nil {
			return Full{}, err
		}
	}
	err = s.store.ChangeGroup(ctx, x.ID, orgs.Event(g, from, "resource_group.settings", "", x.OrgID, x.ID), func(now *hub.ResourceGroup) (string, error) {
		message, err := c.apply(now)
		x = *now
		return message, err
	})
	if err != nil {
		return Full{}, err
	}
	return s.full(ctx, g, x)
}

// apply makes the change to x and says what it is. InvalidInput.
func (c Change) apply(x *hub.ResourceGroup) (message string, err error) {
	before := x.Name
	if c.Name != nil {
		x.Name = *c.Name
	}
	if c.Description != nil {
		x.Description = *c.Description
	}
	if x.Name, x.Description, err = checkTexts(x.Name, x.Description); err != nil {
		return "", err
	}
	message = fmt.Sprintf("changed resource group %q of %s", before, x.OrgName)
	if x.Name != before {
		message += fmt.Sprintf(": it is called %q now", x.Name)
	}
	if c.AutoJoin != nil {
		if err := c.AutoJoin.check(); err != nil {
			return "", err
		}
		if x.AutoJoinRole, x.AutoJoinScope = c.AutoJoin.Role, c.AutoJoin.Scope; x.AutoJoinScope == hub.AutoJoinOff {
			x.AutoJoinRole = hub.RoleNone
			message += ": nobody joins by themselves"
		} else {
			message += fmt.Sprintf(": joined by %s with role %s", x.AutoJoinScope, x.AutoJoinRole)
		}
	}
	if c.SpendLimits != nil {
		if x.SpendLimits = *c.SpendLimits; x.SpendLimits == "" {
			message += ": no spend limits"
		} else {
			message += ": spend limits " + string(x.SpendLimits)
		}
	}
	return message, nil
}

// mayLimit tells whether the caller decides about the organization's money: the group's own admins do not.
func (s *Service) mayLimit(ctx context.Context, g access.Grant, x hub.ResourceGroup) error {
	if orgs.IsOperator(g) {
		return nil
	}
	_, err := s.authorizer.Authorize(ctx, g.Subject(), access.Need{Action: access.OrgWrite, Target: access.Namespace(x.OrgName)})
	return err
}

// Delete removes a group without repositories. Needs GroupDelete on it, or InstanceAdmin. NotFound; Conflict while
// repositories are in it.
func (s *Service) Delete(ctx context.Context, g access.Grant, org string, id hub.ID, from hub.Event) error {
	x, err := s.find(ctx, g, access.GroupDelete, org, id)
	if err != nil {
		return err
	}
	return s.store.DeleteGroup(ctx, x.ID, orgs.Event(g, from, "resource_group.delete", fmt.Sprintf("deleted resource group %q of %s", x.Name, x.OrgName), x.OrgID, x.ID))
}

// Add adds members of the organization, all or none. Needs GroupManage on the group, or InstanceAdmin. InvalidInput for
// unknown names and names that come twice; Forbidden for people who are in it already or are no members of the
// organization, and the message tells which; NotFound.
func (s *Service) Add(ctx context.Context, g access.Grant, org string, id hub.ID, list []Person, from hub.Event) (Full, error) {
	x, err := s.find(ctx, g, access.GroupManage, org, id)
	if err != nil {
		return Full{}, err
	}
	people, err := s.people(ctx, x, list, false)
	if err != nil {
		return Full{}, err
	}
	message := fmt.Sprintf("added to resource group %q of %s:", x.Name, x.OrgName)
	for _, p := range people[:min(len(people), 50)] {
		message += " " + p.UserName + " (" + p.Role.String() + ")"
	}
	if err := s.store.AddGroupMembers(ctx, x.ID, people, orgs.Event(g, from, "resource_group.add_users", message, x.OrgID, x.ID)); err != nil {
		return Full{}, err
	}
	return s.full(ctx, g, x)
}

// SetRole changes the role of somebody in the group. Needs GroupManage on it, or InstanceAdmin. NotFound, InvalidInput.
func (s *Service) SetRole(ctx context.Context, g access.Grant, org string, id hub.ID, p Person, from hub.Event) (Full, error) {
	x, u, err := s.member(ctx, g, org, id, p.User)
	if err != nil {
		return Full{}, err
	}
	if p.Role <= hub.RoleNone || p.Role > hub.RoleAdmin {
		return Full{}, hub.Errorf(hub.InvalidInput, "The role is admin, write, contributor, read or no_access.")
	}
	ev := orgs.Event(g, from, "resource_group.change_role", fmt.Sprintf("changed the role of %s in resource group %q of %s to %s", u.Name, x.Name, x.OrgName, p.Role), x.OrgID, u.ID)
	if err := s.store.SetGroupMember(ctx, x.ID, u.ID, p.Role, ev); err != nil {
		return Full{}, err
	}
	return s.full(ctx, g, x)
}

// Remove takes somebody out of the group. Needs GroupManage on it, or InstanceAdmin. NotFound.
func (s *Service) Remove(ctx context.Context, g access.Grant, org string, id hub.ID, user string, from hub.Event) (Full, error) {
	x, u, err := s.member(ctx, g, org, id, user)
	if err != nil {
		return Full{}, err
	}
	ev := orgs.Event(g, from, "resource_group.remove_users", fmt.Sprintf("removed %s from resource group %q of %s", u.Name, x.Name, x.OrgName), x.OrgID, u.ID)
	if err := s.store.RemoveGroupMember(ctx, x.ID, u.ID, ev); err != nil {
		return Full{}, err
	}
	return s.full(ctx, g, x)
}

func (s *Service) member(ctx context.Context, g access.Grant, org string, id hub.ID, user string) (hub.ResourceGroup, hub.User, error) {
	x, err := s.find(ctx, g, access.GroupManage, org, id)
	if err != nil {
		return x, hub.User{}, err
	}
	u, err := s.store.UserByName(ctx, user)
	return x, u, err
}
