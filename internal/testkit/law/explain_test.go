package law_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit/law"
)

// codes are the outcomes of the tables by the codes of refusals.
var codes = map[hub.Code]string{
	hub.RepoNotFound: "hide", hub.GatedRepo: "gated", hub.Forbidden: "deny", hub.Disabled: "disabled", hub.NotFound: "unknown", hub.Conflict: "conflict",
}

// explained asks why about the caller's own credential: the answer has to be the one that the deed itself gets, in the same
// words. Who cannot sign in cannot ask.
func explained(w *law.World, r law.Row) *law.Call {
	target := r.Target
	switch {
	case r.Anonymous() || r.Outcome == "dead" || strings.HasPrefix(r.Outcome, "moved="), strings.ContainsAny(r.Action, "+"), strings.Contains(target, "@"):
		return nil
	case r.Kind() == "ns" && r.Name() == "", strings.HasSuffix(target, ":/x"), strings.HasSuffix(target, ":/secret"):
		return nil // short forms that need a caller
	case r.Kind() == "ns":
		target = "namespace:" + r.Name()
	case r.Kind() == "group":
		org, _, _ := strings.Cut(r.Name(), "/")
		target = "group:" + org + "/" + string(w.Group(r.Name()))
	}
	return &law.Call{Method: "GET", Path: "/api/access/explain?" + url.Values{"action": {r.Action}, "target": {target}}.Encode(), Read: readExplanation}
}

func readExplanation(status int, body []byte) (outcome, message string) {
	var a struct {
		Allowed bool     `json:"allowed"`
		Code    hub.Code `json:"code"`
		Message string   `json:"message"`
	}
	if status == http.StatusNotFound { // a namespace that is not there is no secret
		return "unknown", string(body)
	}
	if status != http.StatusOK || json.Unmarshal(body, &a) != nil {
		return http.StatusText(status), ""
	}
	if a.Allowed {
		return "allow", a.Message
	}
	return codes[a.Code], a.Message
}
