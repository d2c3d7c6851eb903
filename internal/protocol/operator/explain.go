package operator

import (
	"context"
	"encoding/json"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/explain"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// AddExplain adds the calls that answer why. Call it before the handler serves.
func (h *Handler) AddExplain(s *explain.Service) {
	e := explainer{s}
	h.calls[operatorapi.AccessExplain] = call(e.explain)
	h.calls[operatorapi.AccessPolicy] = call(e.policy)
	h.calls[operatorapi.AccessRefused] = call(e.refused)
}

type explainer struct{ *explain.Service }

var operatorLooks = hub.Event{ActorName: "operator"}

func (e explainer) explain(ctx context.Context, g access.Grant, in operatorapi.ExplainQuery) (out operatorapi.Explanation, err error) {
	q, err := e.Query(ctx, g.Subject(), in)
	if err != nil {
		return out, err
	}
	a, err := e.Explain(ctx, g.Subject(), q, operatorLooks)
	if err != nil {
		return out, err
	}
	return out, convert(a, &out)
}

func (e explainer) policy(ctx context.Context, g access.Grant, in operatorapi.PolicyQuery) (out operatorapi.PolicyEffect, err error) {
	p, err := hub.ParseTokenPolicy(string(in.Policy))
	if err != nil {
		return out, err
	}
	effect, err := e.PolicyOf(ctx, g, in.Org, p)
	if err != nil {
		return out, err
	}
	return out, convert(effect, &out)
}

func (e explainer) refused(ctx context.Context, g access.Grant, in operatorapi.ID) (out operatorapi.Refusals, err error) {
	list, err := e.Refusals(ctx, g.Subject(), string(in.ID), operatorLooks)
	if err != nil {
		return out, err
	}
	return out, convert(list, &out.Items)
}

// convert gives an answer the type of the messages, which has the same fields.
func convert(from, to any) error {
	b, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, to)
}
