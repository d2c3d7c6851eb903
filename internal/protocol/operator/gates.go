package operator

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/gates"
)

func (o Organizations) addGates(h *Handler) {
	h.calls[operatorapi.GateList] = call(o.gateList)
	h.calls[operatorapi.GateAdmitted] = call(o.gateAdmitted)
	for name, f := range map[operatorapi.Call]func(context.Context, access.Grant, operatorapi.GateCall, hub.RepoID) error{
		operatorapi.GateDecide: o.gateDecide, operatorapi.GateGrant: o.gateGrant,
		operatorapi.GateAdmit: o.gateAdmit, operatorapi.GateDismiss: o.gateDismiss,
	} {
		h.calls[name] = call(func(ctx context.Context, g access.Grant, c operatorapi.GateCall) (empty, error) {
			id, err := parseRepo(c.Repo)
			if err != nil {
				return empty{}, err
			}
			return empty{}, f(ctx, g, c, id)
		})
	}
}

func (o Organizations) gateList(ctx context.Context, g access.Grant, c operatorapi.GateCall) (p operatorapi.GateEntries, err error) {
	id, err := parseRepo(c.Repo)
	if err != nil {
		return p, err
	}
	if c.State != "" {
		if _, err := hub.ParseGateState(string(c.State)); err != nil {
			return p, err
		}
	}
	list, next, err := o.Gates.List(ctx, g, id, gates.Query{State: c.State, After: c.After, Limit: operatorapi.Page})
	return gateEntries(list, next), err
}

func (o Organizations) gateAdmitted(ctx context.Context, g access.Grant, c operatorapi.GateCall) (p operatorapi.GateEntries, err error) {
	id, err := parseRepo(c.Repo)
	if err != nil {
		return p, err
	}
	list, err := o.Gates.Admissions(ctx, g, id)
	return gateEntries(list, ""), err
}

func gateEntries(list []hub.GateRequest, next hub.ID) operatorapi.GateEntries {
	p := operatorapi.GateEntries{Items: []operatorapi.GateEntry{}, Next: next}
	for _, x := range list {
		p.Items = append(p.Items, operatorapi.GateEntry{ID: x.ID, Kind: x.Kind, Name: x.SubjectName, State: x.State, At: gates.When(x),
			Until: optional(x.Until), Reviewer: x.Reviewer, Fields: x.Fields})
	}
	return p
}

func (o Organizations) gateDecide(ctx context.Context, g access.Grant, c operatorapi.GateCall, id hub.RepoID) error {
	return o.Gates.Handle(ctx, g, id, gates.Who{User: c.User}, gates.Decision{State: c.State, Reason: c.Reason, Until: instant(c.Until)}, origin)
}

func (o Organizations) gateGrant(ctx context.Context, g access.Grant, c operatorapi.GateCall, id hub.RepoID) error {
	return o.Gates.Grant(ctx, g, id, gates.Who{User: c.User}, instant(c.Until), origin)
}

func (o Organizations) gateAdmit(ctx context.Context, g access.Grant, c operatorapi.GateCall, id hub.RepoID) error {
	return o.Gates.Admit(ctx, g, id, gates.Party{Kind: c.Kind, Name: c.Name, ID: c.ID}, instant(c.Until), origin)
}

func (o Organizations) gateDismiss(ctx context.Context, g access.Grant, c operatorapi.GateCall, id hub.RepoID) error {
	return o.Gates.Dismiss(ctx, g, id, c.ID, origin)
}
