package httpd

import (
	"net/http"
	"net/url"

	"github.com/ambit-hub/ambit/internal/hub"
)

// sameOrigin refuses a request that would change something and comes from a page of another origin, when its credential is
// the session's cookie: browsers send that along whatever page asks, so the request may not be the person's own. Other
// credentials have to be put into a request by whoever holds them. Programs that are no browsers send neither of the
// headers that tell, and pass.
func (s *Server) sameOrigin(r *Request) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	refusal := hub.Errorf(hub.Forbidden, "This request comes from a page of another site, and nothing is changed for those. Do it on this hub's own pages.")
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return nil
	case "":
	default:
		return refusal
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	o, err := url.Parse(origin)
	own, oerr := url.Parse(r.BaseURL)
	if err != nil || oerr != nil || o.Host == "" || o.Host != own.Host && o.Host != r.Host {
		return refusal
	}
	return nil
}
