package operator

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/accounts"
)

type empty = operatorapi.Empty

func (h *Handler) userCreate(ctx context.Context, g access.Grant, n operatorapi.NewUser) (operatorapi.User, error) {
	u, err := h.accounts.CreateUser(ctx, g, accounts.NewUser{Name: n.Name, FullName: n.FullName, Email: n.Email, Admin: n.Admin, Password: secret.New(n.Password)})
	return userOf(u), err
}

func (h *Handler) userList(ctx context.Context, g access.Grant, l operatorapi.List) (p operatorapi.Users, err error) {
	us, err := h.accounts.Users(ctx, g, l.After, operatorapi.Page)
	for _, u := range us {
		p.Items = append(p.Items, userOf(u))
	}
	if len(us) == operatorapi.Page {
		p.Next = us[len(us)-1].ID
	}
	return p, err
}

func (h *Handler) userEdit(ctx context.Context, g access.Grant, e operatorapi.EditUser) (operatorapi.User, error) {
	u, err := h.accounts.EditUser(ctx, g, e.Name, accounts.UserChange{FullName: e.FullName, Email: e.Email, Admin: e.Admin})
	return userOf(u), err
}

func (h *Handler) userShow(ctx context.Context, g access.Grant, n operatorapi.Name) (operatorapi.User, error) {
	u, ms, err := h.accounts.UserByName(ctx, g, n.Name)
	out := userOf(u)
	for _, m := range ms {
		out.Orgs = append(out.Orgs, memberOf(m))
	}
	return out, err
}

func (h *Handler) userSuspend(ctx context.Context, g access.Grant, n operatorapi.Name) (empty, error) {
	return empty{}, h.accounts.SetSuspended(ctx, g, n.Name, true)
}

func (h *Handler) userResume(ctx context.Context, g access.Grant, n operatorapi.Name) (empty, error) {
	return empty{}, h.accounts.SetSuspended(ctx, g, n.Name, false)
}

func (h *Handler) userDelete(ctx context.Context, g access.Grant, n operatorapi.Name) (empty, error) {
	return empty{}, h.accounts.DeleteUser(ctx, g, n.Name)
}

func (h *Handler) userSetPassword(ctx context.Context, g access.Grant, n operatorapi.SetPassword) (empty, error) {
	return empty{}, h.accounts.SetPassword(ctx, g, n.Name, secret.New(n.Password))
}

func (h *Handler) orgCreate(ctx context.Context, g access.Grant, n operatorapi.NewOrg) (operatorapi.Org, error) {
	o, err := h.accounts.CreateOrg(ctx, g, accounts.NewOrg{Name: n.Name, FullName: n.FullName, Email: n.Email, Admin: n.Admin, HideMembers: n.HideMembers})
	return orgOf(o), err
}

func (h *Handler) orgList(ctx context.Context, g access.Grant, l operatorapi.List) (p operatorapi.Orgs, err error) {
	list, err := h.accounts.Orgs(ctx, g, l.After, operatorapi.Page)
	for _, o := range list {
		p.Items = append(p.Items, orgOf(o))
	}
	if len(list) == operatorapi.Page {
		p.Next = list[len(list)-1].ID
	}
	return p, err
}

func (h *Handler) orgEdit(ctx context.Context, g access.Grant, e operatorapi.EditOrg) (operatorapi.Org, error) {
	o, err := h.accounts.EditOrg(ctx, g, e.Name, accounts.OrgChange{FullName: e.FullName, Email: e.Email, DefaultVisibility: e.DefaultVisibility})
	return orgOf(o), err
}

func (h *Handler) orgShow(ctx context.Context, g access.Grant, n operatorapi.Name) (operatorapi.Org, error) {
	o, err := h.accounts.OrgByName(ctx, g, n.Name)
	if err != nil {
		return operatorapi.Org{}, err
	}
	out := orgOf(o)
	for after := hub.ID(""); ; {
		ms, err := h.accounts.Members(ctx, g, o.Name, after, operatorapi.Page)
		if err != nil {
			return out, err
		}
		out.Members += len(ms)
		if len(ms) < operatorapi.Page {
			return out, nil
		}
		after = ms[len(ms)-1].UserID
	}
}

func (h *Handler) orgDelete(ctx context.Context, g access.Grant, n operatorapi.Name) (empty, error) {
	return empty{}, h.accounts.DeleteOrg(ctx, g, n.Name)
}

func (h *Handler) memberSet(ctx context.Context, g access.Grant, n operatorapi.SetMember) (operatorapi.Member, error) {
	role, err := hub.ParseRole(n.Role)
	if err != nil {
		return operatorapi.Member{}, err
	}
	m, err := h.accounts.SetMember(ctx, g, n.Org, n.User, role)
	return memberOf(m), err
}

func (h *Handler) memberList(ctx context.Context, g access.Grant, l operatorapi.List) (p operatorapi.Members, err error) {
	ms, err := h.accounts.Members(ctx, g, l.Of, l.After, operatorapi.Page)
	for _, m := range ms {
		p.Items = append(p.Items, memberOf(m))
	}
	if len(ms) == operatorapi.Page {
		p.Next = ms[len(ms)-1].UserID
	}
	return p, err
}

func (h *Handler) memberRemove(ctx context.Context, g access.Grant, n operatorapi.SetMember) (empty, error) {
	return empty{}, h.accounts.RemoveMember(ctx, g, n.Org, n.User)
}

func userOf(u hub.User) operatorapi.User {
	return operatorapi.User{ID: u.ID, Name: u.Name, FullName: u.FullName, Email: u.Email, Admin: u.Admin, Suspended: u.Suspended, Password: u.HasPassword, CreatedAt: u.CreatedAt}
}

func orgOf(o hub.Organization) operatorapi.Org {
	return operatorapi.Org{ID: o.ID, Name: o.Name, FullName: o.FullName, Email: o.Email, CreatedAt: o.CreatedAt, Default: o.DefaultVisibility}
}

func memberOf(m hub.Member) operatorapi.Member {
	return operatorapi.Member{Org: m.OrgName, User: m.UserName, FullName: m.FullName, Role: m.Role.String(), Since: m.CreatedAt}
}
