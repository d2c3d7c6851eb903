package httpd

import (
	"net/http"
	"time"

	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Observation is what is counted of a request that has ended. Nothing in it was chosen by the caller: its values are few.
type Observation struct {
	Method string // "other" for one that HTTP does not name
	Route  string // the pattern; "none" where the hub has no such page
	Status int
	Code   hub.Code // of a refusal
	Reason string   // of a refusal; "" without one
	Took   time.Duration
	Failed bool // the hub could not do it
	Panic  bool // because of a panic
	Cut    bool // the connection ended before the answer did
}

// observe tells whoever counts.
func (s *Server) observe(w *responseWriter, r *Request, began time.Time, cut bool) {
	if s.cfg.Observe == nil {
		return
	}
	_, panicked := w.cause.(*guard.Panic)
	s.cfg.Observe(Observation{Method: methodName(r.Method), Route: r.routeText(), Status: w.status, Code: w.errCode, Reason: w.reason,
		Took: time.Since(began), Failed: w.cause != nil, Panic: panicked, Cut: cut})
}

func methodName(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}
