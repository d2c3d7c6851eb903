package daemon

import (
	"context"
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

type pinger interface {
	Ping(ctx context.Context) error
}

// registerHealth adds what supervisors and load balancers ask: /healthz, whether the process answers, and /readyz,
// whether it can do its work (503 when the database does not answer).
func registerHealth(s *httpd.Server, db pinger) {
	answer := func(w http.ResponseWriter) error {
		w.Header().Set("Cache-Control", "no-store")
		httpd.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
		return nil
	}
	httpd.Add(s, httpd.Root, "GET /healthz", httpd.ParseOpen, func(w http.ResponseWriter, _ *httpd.Request, _ httpd.Open, _ access.Grant) error {
		return answer(w)
	}, httpd.Unlimited())
	httpd.Add(s, httpd.Root, "GET /readyz", httpd.ParseOpen, func(w http.ResponseWriter, r *httpd.Request, _ httpd.Open, _ access.Grant) error {
		if err := db.Ping(r.Context()); err != nil {
			return hub.Wrap(err, hub.Unavailable, "The database does not answer.")
		}
		return answer(w)
	}, httpd.Unlimited())
}
