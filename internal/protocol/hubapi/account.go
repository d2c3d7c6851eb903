package hubapi

import (
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// Limits of what account routes read, in bytes.
const (
	maxRevokeBody = 1 << 20 // 1000 strings of 200 characters, escaped
	maxSetupBody  = 16 << 10
)

func (a *API) registerAccounts(s *httpd.Server) {
	anybody := httpd.WithCredential(func(*httpd.Request) (*access.Subject, error) { return access.Anonymous(), nil })
	httpd.Add(s, httpd.Root, "GET /api/whoami-v2", parseSelf, a.whoAmI)
	httpd.Add(s, httpd.Root, "GET /api/users/{name}/overview", parseProfile, a.userOverview)
	httpd.Add(s, httpd.Root, "GET /api/organizations/{name}/overview", parseProfile, a.orgOverview)
	httpd.Add(s, httpd.Root, "GET /api/organizations/{name}/members", a.parseOrgMembers, a.orgMembers)
	httpd.Add(s, httpd.Root, "POST /api/credentials/revoke", parseRevoke, a.revokeCredentials, anybody, httpd.MaxBody(maxRevokeBody))
	httpd.Add(s, httpd.Root, "POST /api/setup/{link}", parseSetup, a.setUp, anybody, httpd.MaxBody(maxSetupBody))
	httpd.Add(s, httpd.Root, "GET /api/avatars/{name}", httpd.ParseOpen, avatar, anybody)
	httpd.Add(s, httpd.Root, "GET /api/agent-harnesses", httpd.ParseOpen, agentHarnesses, anybody)
	httpd.Add(s, httpd.Root, "HEAD /api/telemetry/{topic...}", httpd.ParseOpen, telemetry, anybody)
}

// telemetry answers what transformers and others send about their own use. Nothing is kept.
// Source: huggingface_hub utils/_telemetry.py.
func telemetry(w http.ResponseWriter, _ *httpd.Request, _ httpd.Open, _ access.Grant) error {
	w.WriteHeader(http.StatusOK)
	return nil
}

// agentHarnesses answers the first request of every Python process: this hub knows no programs that run clients. Clients
// keep the answer for a day; after a failure they would ask each time.
// Source: huggingface_hub utils/_detect_agent.py.
func agentHarnesses(w http.ResponseWriter, _ *httpd.Request, _ httpd.Open, _ access.Grant) error {
	httpd.WriteJSON(w, http.StatusOK, map[string]any{"standardEnvVars": []string{}, "harnesses": struct{}{}})
	return nil
}
