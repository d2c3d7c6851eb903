package operator

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

// AddInsight adds the call about what tokens do. To be called before the handler serves.
func (h *Handler) AddInsight(store tokens.InsightStore) {
	h.calls[operatorapi.TokenInsightShow] = call(func(ctx context.Context, g access.Grant, n operatorapi.ID) (operatorapi.TokenInsight, error) {
		in, err := h.tokens.Insight(ctx, g, store, n.ID)
		return h.insightOf(in), err
	})
}

func (h *Handler) insightOf(in tokens.Insight) operatorapi.TokenInsight {
	out := operatorapi.TokenInsight{Token: h.tokenOf(in.Token), Since: in.Since, Can: scopesOf(in.Can), Unused: scopesOf(in.Unused),
		Proposal: scopesOf(in.Proposal), More: in.More, Private: []operatorapi.ReachableRepo{}, Did: []operatorapi.TokenUse{}}
	for _, r := range in.Private {
		out.Private = append(out.Private, operatorapi.ReachableRepo{Repo: r.Repo.String(), Write: r.Write})
	}
	for _, u := range in.Did {
		on := ""
		if u.On.Name != "" {
			on = u.On.String()
		}
		out.Did = append(out.Did, operatorapi.TokenUse{Permission: u.Permission, On: on, First: u.First, Last: u.Last, Uses: u.Uses})
	}
	return out
}

func scopesOf(list []tokens.EntityAtoms) []operatorapi.Scope {
	out := []operatorapi.Scope{}
	for _, e := range list {
		entity := "everything"
		if e.Entity.Name != "" {
			entity = e.Entity.String()
		}
		out = append(out, operatorapi.Scope{Entity: entity, Permissions: e.Permissions})
	}
	return out
}
