package operator

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/groups"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

func (o Organizations) addGroups(h *Handler) {
	h.calls[operatorapi.GroupNew] = call(o.groupCreate)
	h.calls[operatorapi.GroupList] = call(o.groupList)
	h.calls[operatorapi.GroupShow] = call(o.groupShow)
	h.calls[operatorapi.GroupEdit] = call(o.groupEdit)
	h.calls[operatorapi.GroupDelete] = call(o.groupDelete)
	h.calls[operatorapi.GroupAdd] = call(o.groupAdd)
	h.calls[operatorapi.GroupRole] = call(o.groupRole)
	h.calls[operatorapi.GroupRemove] = call(o.groupRemove)
	h.calls[operatorapi.GroupAssign] = call(o.groupAssign)
}

// find takes a group's id or its name. NotFound.
func (o Organizations) find(ctx context.Context, g access.Grant, c operatorapi.GroupCall) (groups.Full, error) {
	all, err := o.Groups.List(ctx, g, c.Org)
	if err != nil {
		return groups.Full{}, err
	}
	for _, x := range all {
		if string(x.ID) == c.Group || hub.NameKey(x.Name) == hub.NameKey(c.Group) {
			return x, nil
		}
	}
	return groups.Full{}, hub.Errorf(hub.NotFound, "%s has no resource group called %q.", c.Org, c.Group)
}

func parseMembers(in []operatorapi.GroupMember) (out []groups.Person, err error) {
	for _, m := range in {
		role, err := hub.ParseRole(m.Role)
		if err != nil {
			return nil, err
		}
		out = append(out, groups.Person{User: m.User, Role: role})
	}
	return out, nil
}

func parseAutoJoin(c operatorapi.GroupCall) (*groups.AutoJoin, error) {
	if c.AutoJoin == nil {
		return nil, nil
	}
	scope, err := hub.ParseAutoJoin(*c.AutoJoin)
	if err != nil || scope == hub.AutoJoinOff {
		return &groups.AutoJoin{}, err
	}
	role, err := hub.ParseRole(c.AutoRole)
	return &groups.AutoJoin{Role: role, Scope: scope}, err
}

func (o Organizations) groupCreate(ctx context.Context, g access.Grant, c operatorapi.GroupCall) (operatorapi.Group, error) {
	n := groups.NewGroup{Name: c.Group}
	if c.Description != nil {
		n.Description = *c.Description
	}
	var err error
	if n.People, err = parseMembers(c.Members); err != nil {
		return operatorapi.Group{}, err
	}
	j, err := parseAutoJoin(c)
	if err != nil {
		return operatorapi.Group{}, err
	}
	if j != nil {
		n.AutoJoin = *j
	}
	x, err := o.Groups.Create(ctx, g, c.Org, n, origin)
	return groupOf(x), err
}

func (o Organizations) groupList(ctx context.Context, g access.Grant, n operatorapi.Name) (operatorapi.Groups, error) {
	all, err := o.Groups.List(ctx, g, n.Name)
	p := operatorapi.Groups{Items: []operatorapi.Group{}}
	for _, x := range all {
		p.Items = append(p.Items, groupOf(x))
	}
	return p, err
}

func (o Organizations) groupShow(ctx context.Context, g access.Grant, c operatorapi.GroupCall) (operatorapi.Group, error) {
	x, err := o.find(ctx, g, c)
	return groupOf(x), err
}

func (o Organizations) groupEdit(ctx context.Context, g access.Grant, c operatorapi.GroupCall) (operatorapi.Group, error) {
	j, err := parseAutoJoin(c)
	if err != nil {
		return operatorapi.Group{}, err
	}
	return o.change(ctx, g, c, func(x groups.Full) (groups.Full, error) {
		return o.Groups.Edit(ctx, g, c.Org, x.ID, groups.Change{Name: c.Name, Description: c.Description, AutoJoin: j}, origin)
	})
}

// change finds a group and answers with what f makes of it.
func (o Organizations) change(ctx context.Context, g access.Grant, c operatorapi.GroupCall, f func(groups.Full) (groups.Full, error)) (operatorapi.Group, error) {
	x, err := o.find(ctx, g, c)
	if err != nil {
		return operatorapi.Group{}, err
	}
	x, err = f(x)
	return groupOf(x), err
}

func (o Organizations) groupDelete(ctx context.Context, g access.Grant, c operatorapi.GroupCall) (empty, error) {
	x, err := o.find(ctx, g, c)
	if err != nil {
		return empty{}, err
	}
	return empty{}, o.Groups.Delete(ctx, g, c.Org, x.ID, origin)
}

func (o Organizations) groupAdd(ctx context.Context, g access.Grant, c operatorapi.GroupCall) (operatorapi.Group, error) {
	people, err := parseMembers(c.Members)
	if err != nil {
		return operatorapi.Group{}, err
	}
	return o.change(ctx, g, c, func(x groups.Full) (groups.Full, error) { return o.Groups.Add(ctx, g, c.Org, x.ID, people, origin) })
}

func (o Organizations) groupRole(ctx context.Context, g access.Grant, c operatorapi.GroupCall) (operatorapi.Group, error) {
	people, err := parseMembers(c.Members)
	if err != nil {
		return operatorapi.Group{}, err
	}
	return o.change(ctx, g, c, func(x groups.Full) (full groups.Full, err error) {
		full = x
		for _, p := range people {
			if full, err = o.Groups.SetRole(ctx, g, c.Org, x.ID, p, origin); err != nil {
				return full, err
			}
		}
		return full, nil
	})
}

func (o Organizations) groupRemove(ctx context.Context, g access.Grant, c operatorapi.GroupCall) (operatorapi.Group, error) {
	return o.change(ctx, g, c, func(x groups.Full) (full groups.Full, err error) {
		full = x
		for _, m := range c.Members {
			if full, err = o.Groups.Remove(ctx, g, c.Org, x.ID, m.User, origin); err != nil {
				return full, err
			}
		}
		return full, nil
	})
}

func (o Organizations) groupAssign(ctx context.Context, g access.Grant, c operatorapi.GroupCall) (empty, error) {
	id, err := parseRepo(c.Repo)
	if err != nil {
		return empty{}, err
	}
	var group hub.ID
	if c.Group != "" {
		c.Org = id.Namespace
		x, err := o.find(ctx, g, c)
		if err != nil {
			return empty{}, err
		}
		group = x.ID
	}
	_, err = o.Groups.Assign(ctx, g, id, group, origin)
	return empty{}, err
}

func groupOf(x groups.Full) operatorapi.Group {
	out := operatorapi.Group{ID: x.ID, Org: x.OrgName, Name: x.Name, Description: x.Description, AutoJoin: string(x.AutoJoinScope),
		Members: []operatorapi.GroupMember{}, Repos: []string{}, CreatedAt: x.CreatedAt}
	if x.AutoJoinScope != hub.AutoJoinOff {
		out.AutoRole = x.AutoJoinRole.String()
	}
	for _, m := range x.Members {
		out.Members = append(out.Members, operatorapi.GroupMember{User: m.UserName, Role: m.Role.String()})
	}
	for _, r := range x.Repos {
		out.Repos = append(out.Repos, tokens.Entity{Type: hub.EntityType(r.Type), Name: r.FullName()}.String())
	}
	return out
}
