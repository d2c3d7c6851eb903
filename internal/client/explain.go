package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Explain asks the hub why the token may or may not do something. Errors are those of the hub.
func (h *Hub) Explain(ctx context.Context, q operatorapi.ExplainQuery) (e operatorapi.Explanation, err error) {
	v := url.Values{"action": {q.Action}, "target": {q.Target}}
	for key, value := range map[string]string{
		"token": string(q.Token), "user": q.User, "service": q.Service, "kind": q.Kind, "org": q.Org, "role": q.Role, "policy": q.Policy,
		"group": q.Group, "group_role": q.GroupRole, "visibility": q.Visibility,
	} {
		if value != "" {
			v.Set(key, value)
		}
	}
	for _, s := range q.Scopes {
		v.Add("scope", s)
	}
	if q.Gated {
		v.Set("gated", "true")
	}
	return e, h.do(ctx, http.MethodGet, "/api/access/explain?"+v.Encode(), "", nil, &e)
}

// Refusals looks up what the hub refused in a request.
func (h *Hub) Refusals(ctx context.Context, requestID string) (r operatorapi.Refusals, err error) {
	return r, h.do(ctx, http.MethodGet, "/api/access/denials/"+url.PathEscape(requestID), "", nil, &r)
}

// PolicyEffect asks which tokens a token policy of an organization would stop.
func (h *Hub) PolicyEffect(ctx context.Context, org string, p hub.TokenPolicy) (e operatorapi.PolicyEffect, err error) {
	path := "/api/organizations/" + url.PathEscape(org) + "/settings/tokens/effect?policy=" + url.QueryEscape(string(p))
	return e, h.do(ctx, http.MethodGet, path, "", nil, &e)
}
