package httpd

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
)

type anybody struct{}

func (anybody) Authenticate(context.Context, Credentials) (*access.Subject, error) {
	return access.Anonymous(), nil
}

// TestCookiesOfOtherSites: what changes something is not done on the word of a cookie that another site's page sent along.
func TestCookiesOfOtherSites(t *testing.T) {
	s := New(Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.9/32")}}, anybody{}, access.NewAuthorizer(world{}, access.Options{}), slog.New(slog.DiscardHandler))
	ok := func(w http.ResponseWriter, _ *Request, _ Open, _ access.Grant) error {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	Add(s, Root, "POST /api/x", ParseOpen, ok)
	Add(s, Root, "GET /api/x", ParseOpen, ok)
	for _, c := range []struct {
		method, cookie, auth, site, origin, forwarded string
		want                                          int
	}{
		{"POST", "c", "", "", "", "", 204}, // no browser
		{"POST", "c", "", "same-origin", "https://evil.example", "", 204},
		{"POST", "c", "", "none", "", "", 204}, // typed in
		{"POST", "c", "", "cross-site", "", "", 403},
		{"POST", "c", "", "same-site", "http://hub.example", "", 403}, // another host of the same owner
		{"POST", "c", "", "", "http://hub.example", "", 204},
		{"POST", "c", "", "", "https://evil.example", "", 403},
		{"POST", "c", "", "", "null", "", 403},
		{"POST", "c", "", "", "://", "", 403},
		{"POST", "c", "", "", "https://public.example", "public.example", 204}, // behind a proxy
		{"POST", "c", "Bearer hf_x", "cross-site", "https://evil.example", "", 204},
		{"POST", "", "", "cross-site", "https://evil.example", "", 204}, // nothing that anybody could abuse
		{"GET", "c", "", "cross-site", "https://evil.example", "", 204},
	} {
		r := httptest.NewRequest(c.method, "http://hub.example/api/x", nil)
		for name, v := range map[string]string{"Cookie": "token=" + c.cookie, "Authorization": c.auth, "Sec-Fetch-Site": c.site, "Origin": c.origin, "X-Forwarded-Host": c.forwarded} {
			if v != "" && v != "token=" {
				r.Header.Set(name, v)
			}
		}
		if r.RemoteAddr = "203.0.113.1:1"; c.forwarded != "" {
			r.RemoteAddr = "192.0.2.9:1"
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: %d %s", c, w.Code, w.Body)
		}
	}
}
