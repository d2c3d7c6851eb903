package operator

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/serviceaccounts"
)

func (o Organizations) addMachines(h *Handler) {
	h.calls[operatorapi.ServiceNew] = call(o.machineCreate)
	h.calls[operatorapi.ServiceList] = call(o.machineList)
	h.calls[operatorapi.ServiceShow] = call(o.machineShow)
	h.calls[operatorapi.ServiceDelete] = call(o.machineDelete)
	h.calls[operatorapi.ServiceIssue] = call(o.machineIssue)
	h.calls[operatorapi.ServiceRotate] = call(o.machineRotate)
	h.calls[operatorapi.ServiceEnd] = call(o.machineEnd)
}

func (o Organizations) machineCreate(ctx context.Context, g access.Grant, c operatorapi.ServiceCall) (operatorapi.ServiceAccount, error) {
	f, _, err := o.Machines.Create(ctx, g, c.Org, serviceaccounts.NewAccount{Name: c.Name, Description: c.Description}, origin)
	return machineOf(f), err
}

func (o Organizations) machineList(ctx context.Context, g access.Grant, n operatorapi.Name) (operatorapi.ServiceAccounts, error) {
	all, err := o.Machines.List(ctx, g, n.Name)
	p := operatorapi.ServiceAccounts{Items: []operatorapi.ServiceAccount{}}
	for _, f := range all {
		p.Items = append(p.Items, machineOf(f))
	}
	return p, err
}

func (o Organizations) machineShow(ctx context.Context, g access.Grant, c operatorapi.ServiceCall) (operatorapi.ServiceAccount, error) {
	f, err := o.Machines.Show(ctx, g, c.Org, c.ID)
	return machineOf(f), err
}

func (o Organizations) machineDelete(ctx context.Context, g access.Grant, c operatorapi.ServiceCall) (empty, error) {
	return empty{}, o.Machines.Delete(ctx, g, c.Org, c.ID, origin)
}

func (o Organizations) machineIssue(ctx context.Context, g access.Grant, c operatorapi.ServiceCall) (operatorapi.ServiceToken, error) {
	n := serviceaccounts.NewToken{Name: c.Name, Permissions: c.Permissions, RepoPermissions: c.RepoPermissions,
		EndpointPatterns: c.EndpointPatterns, SkipNetwork: c.SkipNetwork, ExpiresAt: instant(c.ExpiresAt), Never: c.Never}
	for _, text := range c.Repos {
		id, err := parseRepo(text)
		if err != nil {
			return operatorapi.ServiceToken{}, err
		}
		r, _, err := o.Repos.RepoByName(ctx, id)
		if hub.Is(err, hub.RepoNotFound) {
			return operatorapi.ServiceToken{}, hub.Errorf(hub.RepoNotFound, "There is no %s called %s.", id.Type, id.FullName())
		}
		if err != nil {
			return operatorapi.ServiceToken{}, err
		}
		n.Repos = append(n.Repos, r.ID)
	}
	t, err := o.Machines.CreateToken(ctx, g, c.Org, c.ID, n, origin)
	return machineValue(t), err
}

func (o Organizations) machineRotate(ctx context.Context, g access.Grant, c operatorapi.ServiceCall) (operatorapi.ServiceToken, error) {
	t, err := o.Machines.RotateToken(ctx, g, c.Org, c.ID, c.Token, serviceaccounts.Rotation{Overlap: hub.Seconds(c.Overlap), ExpiresAt: ending(c.ExpiresAt, c.Never)}, origin)
	return machineValue(t), err
}

func (o Organizations) machineEnd(ctx context.Context, g access.Grant, c operatorapi.ServiceCall) (empty, error) {
	return empty{}, o.Machines.DeleteToken(ctx, g, c.Org, c.ID, c.Token, origin)
}

func machineValue(c serviceaccounts.Created) operatorapi.ServiceToken {
	out := machineTokenOf(c.ServiceToken)
	out.Value = c.Value.Reveal()
	return out
}

func machineTokenOf(t hub.ServiceToken) operatorapi.ServiceToken {
	return operatorapi.ServiceToken{ID: t.ID, Name: t.Name, Last4: t.Last4, Permissions: t.Permissions, Repos: t.Repos,
		RepoPermissions: t.RepoPermissions, EndpointPatterns: t.EndpointPatterns, SkipNetwork: t.SkipNetwork, CreatedAt: t.CreatedAt,
		RotatedAt: optional(t.RotatedAt), ExpiresAt: optional(t.ExpiresAt), LastUsedAt: optional(t.LastUsedAt)}
}

func machineOf(f serviceaccounts.Full) operatorapi.ServiceAccount {
	out := operatorapi.ServiceAccount{ID: f.ID, Org: f.OrgName, Name: f.Name, Description: f.Description, CreatedAt: f.CreatedAt, Tokens: []operatorapi.ServiceToken{}}
	for _, t := range f.Tokens {
		m := machineTokenOf(t)
		m.Signs = f.Signs[t.ID]
		out.Tokens = append(out.Tokens, m)
	}
	return out
}
