package httpd

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// TestCountryOnTheWordOfAProxy: where a caller is, only a trusted proxy can say.
func TestCountryOnTheWordOfAProxy(t *testing.T) {
	s := New(Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, CountryHeader: "CF-IPCountry"}, nil, nil, slog.New(slog.DiscardHandler))
	for _, c := range []struct{ peer, header, want string }{
		{"192.0.2.1:99", "DE", "DE"}, {"192.0.2.1:99", " fr ", "FR"}, {"192.0.2.1:99", "XX", ""}, {"192.0.2.1:99", "T1", ""}, {"192.0.2.1:99", "Germany", ""},
		{"192.0.2.1:99", "", ""}, {"203.0.113.9:99", "NZ", ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("CF-IPCountry", c.header)
		if got := s.country(r); got != c.want {
			t.Errorf("%s says %q: %q, want %q", c.peer, c.header, got, c.want)
		}
	}
	if got := New(Config{TrustedProxies: s.cfg.TrustedProxies}, nil, nil, nil).country(httptest.NewRequest("GET", "/", nil)); got != "" {
		t.Errorf("without a setting: %q", got)
	}
}

// TestAddressReachesDecisions: the address of the peer, or that which a trusted proxy names, is what an organization
// with networks of its own sees; refusals are told to the hook with the id of their request.
func TestAddressReachesDecisions(t *testing.T) {
	sub := access.NewSubject(hub.SubjectFacts{
		User:        hub.User{ID: "aaaaaaaaaaaaaaaaaaaaaaa1", Name: "alice"},
		Memberships: []hub.Member{{OrgID: "bbbbbbbbbbbbbbbbbbbbbbb1", OrgName: "acme", Role: hub.RoleAdmin}},
		Rules:       []hub.OrgRules{{OrgID: "bbbbbbbbbbbbbbbbbbbbbbb1", IPRanges: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}},
	}, access.Credential{})
	var denied []string
	s := New(Config{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		Denied:         func(id string, _ *access.Subject, e *hub.Error) { denied = append(denied, id+" "+e.Reason) },
	}, nil, access.NewAuthorizer(world{}, access.Options{}), slog.New(slog.DiscardHandler))
	s.Repo(RepoAPI, "GET /x", access.RepoView, func(w http.ResponseWriter, r *Request, g access.Grant) error { return nil },
		WithCredential(func(*Request) (*access.Subject, error) { return sub, nil }))
	for _, c := range []struct {
		peer, forwarded string
		want            int
	}{
		{"10.1.2.3:99", "", http.StatusNotFound}, // let through the policy, and there is nothing of that name
		{"203.0.113.9:99", "", http.StatusForbidden},
		{"203.0.113.9:99", "10.1.2.3", http.StatusForbidden}, // nobody has to be believed
		{"192.0.2.1:99", "10.1.2.3", http.StatusNotFound},
	} {
		r := httptest.NewRequest("GET", "/api/models/acme/none/x", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		w := httptest.NewRecorder()
		denied = nil
		s.ServeHTTP(w, r)
		if w.Code != c.want || len(denied) != 1 || denied[0][:len(w.Header().Get("X-Request-Id"))] != w.Header().Get("X-Request-Id") {
			t.Errorf("%s for %q: %d, told %q", c.peer, c.forwarded, w.Code, denied)
		}
	}
}
