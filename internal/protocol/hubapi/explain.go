package hubapi

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// registerExplain adds the routes that answer why. Whoever is signed in may ask; how much is told goes by who asks
// (access/explain). They are ours: the Hub has none like them.
func (a *API) registerExplain(s *httpd.Server) {
	httpd.Add(s, httpd.Root, "GET /api/access/explain", parseSelf, a.explain)
	httpd.Add(s, httpd.Root, "GET /api/access/denials/{id}", parseSelf, a.refusals)
	orgRoute(s, "GET", "/settings/tokens/effect", access.OrgTokens, a.policyEffect)
}

// explain answers ?action=&target= for the caller's own credential, or for token=, user=, service= or a supposed kind= with
// scope= (repeatable) and gated=; role= and policy= with org= are supposed too, and of the target
// visibility= and group= (name, id or none) with group_role=.
func (a *API) explain(w http.ResponseWriter, r *httpd.Request, _ self, _ access.Grant) error {
	v := r.URL.Query()
	gated, err := r.QueryBool("gated")
	if err != nil {
		return err
	}
	q, err := a.Explain.Query(r.Context(), r.Subject, operatorapi.ExplainQuery{
		Action: v.Get("action"), Target: explained(v), Token: hub.ID(v.Get("token")), User: v.Get("user"), Service: v.Get("service"), Kind: v.Get("kind"),
		Scopes: r.Query("scope"), Gated: gated, Org: v.Get("org"), Role: v.Get("role"), Policy: v.Get("policy"),
		Group: v.Get("group"), GroupRole: v.Get("group_role"), Visibility: v.Get("visibility"),
	})
	if err != nil {
		return err
	}
	answer, err := a.Explain.Explain(r.Context(), r.Subject, q, r.Event("access.explain"))
	if err != nil {
		return err
	}
	if answer.Code == hub.GatedRepo {
		answer.Message = r.WithPage(answer.Message, q.Target.RepoID())
	}
	return private(w, answer)
}

// explained is the target in a query: target=, or as much of a repository as other routes call it, resource= or repo= with
// type=.
func explained(v url.Values) string {
	text := cmp.Or(v.Get("target"), v.Get("resource"), v.Get("repo"))
	if t := cmp.Or(v.Get("type"), v.Get("repoType")); t != "" && !strings.Contains(text, ":") {
		return t + ":" + text
	}
	return text
}

// refusals looks up what was refused in the request whose id is in the path.
func (a *API) refusals(w http.ResponseWriter, r *httpd.Request, _ self, _ access.Grant) error {
	list, err := a.Explain.Refusals(r.Context(), r.Subject, r.Param("id"), r.Event("access.explain"))
	if err != nil {
		return err
	}
	return private(w, map[string]any{"items": list})
}

// policyEffect tells which tokens ?policy= would stop, before it is set.
func (a *API) policyEffect(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	p, err := hub.ParseTokenPolicy(r.URL.Query().Get("policy"))
	if err != nil {
		return err
	}
	e, err := a.Explain.Policy(r.Context(), g, p)
	if err != nil {
		return err
	}
	return private(w, e)
}

// private answers with what no cache may keep.
func private(w http.ResponseWriter, v any) error {
	w.Header().Set("Cache-Control", "private, no-store")
	httpd.WriteJSON(w, http.StatusOK, v)
	return nil
}
