package accounts

import (
	"context"
	"fmt"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// NewOrg is what an organization is made of. Admin is the user who becomes its first administrator.
type NewOrg struct {
	Name     string
	FullName string
	Email    string
	Admin    string

	HideMembers bool // only its members see who is in it; otherwise everybody does, as on the public Hub
}

// CreateOrg makes an organization. Needs InstanceAdmin. InvalidInput; NotFound for the administrator; Conflict when a
// user or an organization has the name already, in whatever case.
func (s *Service) CreateOrg(ctx context.Context, g access.Grant, n NewOrg) (hub.Organization, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return hub.Organization{}, err
	}
	o := hub.Organization{Name: n.Name, FullName: strings.TrimSpace(n.FullName), Email: strings.TrimSpace(n.Email),
		DefaultVisibility: hub.Public, HideMembers: n.HideMembers, CreatedAt: s.now().UTC()}
	if err := hub.CheckNamespace(o.Name); err != nil {
		return hub.Organization{}, err
	}
	if err := checkProfile(o.FullName, o.Email); err != nil {
		return hub.Organization{}, err
	}
	admin, err := s.store.UserByName(ctx, n.Admin)
	if err != nil {
		return hub.Organization{}, err
	}
	ev := event(g, "org.create", fmt.Sprintf("created organization %s with administrator %s", o.Name, admin.Name))
	err = hub.GiveID(s.now(), func(id hub.ID) error {
		o.ID, ev.NamespaceID, ev.TargetID = id, id, admin.ID
		return s.store.CreateOrg(ctx, o, admin.ID, ev)
	})
	if err != nil {
		return hub.Organization{}, err
	}
	return o, nil
}

// OrgChange is what EditOrg changes; nil fields stay as they are.
type OrgChange struct {
	FullName          *string
	Email             *string
	DefaultVisibility *hub.Visibility // of repositories created without one: public or private
}

// EditOrg changes an organization's profile and settings. Needs InstanceAdmin. NotFound, InvalidInput.
func (s *Service) EditOrg(ctx context.Context, g access.Grant, name string, c OrgChange) (hub.Organization, error) {
	o, err := s.OrgByName(ctx, g, name)
	if err != nil {
		return hub.Organization{}, err
	}
	ev := event(g, "org.settings.profile", "")
	if c.DefaultVisibility != nil {
		ev.Type = "org.settings.security.repo_visibility"
	}
	ev.NamespaceID, ev.TargetID = o.ID, o.ID
	err = s.store.ChangeOrg(ctx, o.ID, ev, func(now *hub.Organization) (string, error) {
		before := *now
		err := c.apply(now)
		o = *now
		return describe(before, o), err
	})
	return o, err
}

// describe says what was changed.
func describe(before, after hub.Organization) string {
	var parts []string
	say := func(what, a, b string) {
		if a != b {
			parts = append(parts, fmt.Sprintf("%s %q → %q", what, a, b))
		}
	}
	say("full name", before.FullName, after.FullName)
	say("e-mail address", before.Email, after.Email)
	say("default visibility", string(before.DefaultVisibility), string(after.DefaultVisibility))
	if len(parts) == 0 {
		return "changed nothing of organization " + after.Name
	}
	return "changed organization " + after.Name + ": " + strings.Join(parts, "; ")
}

// apply makes the change to o. InvalidInput.
func (c OrgChange) apply(o *hub.Organization) error {
	if c.FullName != nil {
		o.FullName = strings.TrimSpace(*c.FullName)
	}
	if c.Email != nil {
		o.Email = strings.TrimSpace(*c.Email)
	}
	if c.DefaultVisibility != nil {
		if v := *c.DefaultVisibility; v != hub.Public && v != hub.Private {
			return hub.Errorf(hub.InvalidInput, "The default visibility is public or private.")
		}
		o.DefaultVisibility = *c.DefaultVisibility
	}
	return checkProfile(o.FullName, o.Email)
}

// OrgByName finds an organization. Needs InstanceAdmin. NotFound.
func (s *Service) OrgByName(ctx context.Context, g access.Grant, name string) (hub.Organization, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return hub.Organization{}, err
	}
	return s.store.OrgByName(ctx, name)
}

// Orgs lists up to limit organizations after the given one, oldest first. Needs InstanceAdmin.
func (s *Service) Orgs(ctx context.Context, g access.Grant, after hub.ID, limit int) ([]hub.Organization, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return nil, err
	}
	return s.store.ListOrgs(ctx, after, limit)
}

// DeleteOrg removes an organization and its memberships. Needs InstanceAdmin. NotFound; Conflict while it owns
// repositories.
func (s *Service) DeleteOrg(ctx context.Context, g access.Grant, name string) error {
	o, err := s.OrgByName(ctx, g, name)
	if err != nil {
		return err
	}
	ev := event(g, "org.delete", "deleted organization "+o.Name)
	ev.NamespaceID, ev.TargetID = o.ID, o.ID
	return s.store.DeleteOrg(ctx, o.ID, ev)
}

// SetMember adds a user to an organization or changes his role there, at once for all his credentials. Needs
// InstanceAdmin. NotFound; InvalidInput for no role; Conflict when the last administrator would lose the role.
func (s *Service) SetMember(ctx context.Context, g access.Grant, org, user string, role hub.Role) (hub.Member, error) {
	if role == hub.RoleNone {
		return hub.Member{}, hub.Errorf(hub.InvalidInput, "A member has a role.")
	}
	o, u, old, err := s.membership(ctx, g, org, user)
	if err != nil {
		return hub.Member{}, err
	}
	ev := event(g, "org.add_user", fmt.Sprintf("added %s to %s with role %s", u.Name, o.Name, role))
	if old != nil {
		ev = event(g, "org.change_role", fmt.Sprintf("changed the role of %s in %s from %s to %s", u.Name, o.Name, old.Role, role))
	}
	ev.NamespaceID, ev.TargetID = o.ID, u.ID
	if err := s.store.SetMember(ctx, o.ID, u.ID, role, ev); err != nil {
		return hub.Member{}, err
	}
	m := hub.Member{OrgID: o.ID, OrgName: o.Name, UserID: u.ID, UserName: u.Name, FullName: u.FullName, Role: role, CreatedAt: s.now().UTC()}
	if old != nil {
		m.CreatedAt = old.CreatedAt
	}
	return m, nil
}

// RemoveMember takes a user out of an organization. Needs InstanceAdmin. NotFound; Conflict for the last administrator.
func (s *Service) RemoveMember(ctx context.Context, g access.Grant, org, user string) error {
	o, u, old, err := s.membership(ctx, g, org, user)
	if err != nil {
		return err
	}
	if old == nil {
		return hub.Errorf(hub.NotFound, "%s is not a member of %s.", u.Name, o.Name)
	}
	ev := event(g, "org.remove_user", fmt.Sprintf("removed %s from %s", u.Name, o.Name))
	ev.NamespaceID, ev.TargetID = o.ID, u.ID
	return s.store.RemoveMember(ctx, o.ID, u.ID, ev)
}

// Members lists up to limit members of an organization after the given user. Needs InstanceAdmin. NotFound.
func (s *Service) Members(ctx context.Context, g access.Grant, org string, after hub.ID, limit int) ([]hub.Member, error) {
	o, err := s.OrgByName(ctx, g, org)
	if err != nil {
		return nil, err
	}
	return s.store.Members(ctx, o.ID, after, limit)
}

// membership finds an organization, a user, and what he is there now (nil: no member).
func (s *Service) membership(ctx context.Context, g access.Grant, org, user string) (o hub.Organization, u hub.User, m *hub.Member, err error) {
	if o, err = s.OrgByName(ctx, g, org); err != nil {
		return o, u, nil, err
	}
	if u, err = s.store.UserByName(ctx, user); err != nil {
		return o, u, nil, err
	}
	ms, err := s.store.MembershipsOf(ctx, u.ID)
	for i := range ms {
		if ms[i].OrgID == o.ID {
			return o, u, &ms[i], err
		}
	}
	return o, u, nil, err
}
