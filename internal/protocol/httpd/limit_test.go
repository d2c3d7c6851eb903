package httpd

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// people authenticates "Bearer USER TOKEN", where TOKEN may be missing: then it is a session.
type people struct{ world }

func (people) Authenticate(_ context.Context, c Credentials) (*access.Subject, error) {
	authorization := c.Authorization
	f := strings.Fields(authorization)
	switch {
	case len(f) == 0:
		return access.Anonymous(), nil
	case f[1] == "bad":
		return nil, hub.Errorf(hub.InvalidCredentials, hub.MessageInvalidCredentials)
	case f[1] == "deleted":
		return nil, &hub.Error{Code: hub.InvalidCredentials, Reason: access.ReasonTokenRevoked, Message: hub.MessageInvalidCredentials}
	}
	facts := hub.SubjectFacts{User: hub.User{ID: hub.ID(fmt.Sprintf("%024x", f[1])), Name: f[1]}}
	if len(f) > 2 {
		facts.Token = &hub.Token{ID: hub.ID(fmt.Sprintf("%024x", f[2])), UserID: facts.User.ID, Kind: hub.TokenWrite}
	}
	return access.NewSubject(facts, access.Credential{}), nil
}

// counted is a server with limits and a clock that the test moves.
type counted struct {
	*Server
	now time.Time
}

func newCounted(l Limits) *counted {
	c := &counted{now: time.Unix(1_800_000_000, 0)}
	l.Now = func() time.Time { return c.now }
	c.Server = New(Config{Limits: l}, people{}, access.NewAuthorizer(world{}, access.Options{}), slog.New(slog.DiscardHandler))
	answer := func(w http.ResponseWriter, _ *Request, _ Open, _ access.Grant) error { return nil }
	Add(c.Server, Root, "GET /api/thing", ParseOpen, answer)
	Add(c.Server, Root, "GET /page", ParseOpen, answer)
	Add(c.Server, Root, "GET /healthz", ParseOpen, answer, Unlimited())
	c.Repo(RepoWeb, "GET /resolve/{rev}/{path...}", access.RepoView, func(http.ResponseWriter, *Request, access.Grant) error { return nil })
	return c
}

// ask makes n requests and returns the last answer.
func (c *counted) ask(n int, path, credential, addr string) *http.Response {
	var last *http.Response
	for range n {
		r := httptest.NewRequest("GET", path, nil)
		r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(addr), 1).String()
		if credential != "" {
			r.Header.Set("Authorization", "Bearer "+credential)
		}
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		last = w.Result()
	}
	return last
}

// The patterns with which clients read the headers.
// Source: huggingface_hub utils/_http.py, parse_ratelimit_headers.
var (
	rateLimit = regexp.MustCompile(`^"(\w+)"\s*;\s*r\s*=\s*(\d+)\s*;\s*t\s*=\s*(\d+)$`)
	policy    = regexp.MustCompile(`^"fixed window";"(\w+)";q\s*=\s*(\d+).*?w\s*=\s*(\d+)$`)
)

func TestLimits(t *testing.T) {
	c := newCounted(Limits{
		Token: Quotas{API: 3, Resolvers: 5, Pages: 2}, User: Quotas{API: 5, Resolvers: 100, Pages: 100}, Address: Quotas{API: 2, Resolvers: 1, Pages: 1},
	})
	type step struct {
		n                      int
		path, credential, addr string
		status                 int
		limit, policy          string
	}
	const v4, other = "192.0.2.1", "192.0.2.2"
	window := `w=300`
	for i, s := range []step{
		{1, "/api/thing", "", v4, 200, `"api";r=1;t=300`, `"fixed window";"api";q=2;` + window},
		{2, "/api/thing", "", v4, 429, `"api";r=0;t=300`, `"fixed window";"api";q=2;` + window},
		{1, "/api/thing", "", other, 200, `"api";r=1;t=300`, ""},                                    // another address
		{1, "/bob/public/resolve/main/x", "", v4, 200, `"resolvers";r=0;t=300`, ""},                 // another class
		{1, "/page", "", v4, 200, `"pages";r=0;t=300`, ""},                                          //
		{1, "/nothing", "", v4, 429, `"pages";r=0;t=300`, ""},                                       // unknown pages count
		{1, "/healthz", "", v4, 200, "", ""},                                                        // and health does not
		{1, "/api/thing", "a t1", v4, 200, `"api";r=2;t=300`, `"fixed window";"api";q=3;` + window}, // not the address
		{3, "/api/thing", "a t1", v4, 429, `"api";r=0;t=300`, ""},                                   // the token's quota
		{1, "/api/thing", "a t2", v4, 200, `"api";r=1;t=300`, `"fixed window";"api";q=5;` + window}, // the user's is tighter now
		{2, "/api/thing", "a t2", v4, 429, `"api";r=0;t=300`, `"fixed window";"api";q=5;` + window},
		{1, "/api/thing", "a", v4, 429, `"api";r=0;t=300`, ""}, // a session of the same user
		{1, "/api/thing", "b t3", v4, 200, `"api";r=2;t=300`, ""},
	} {
		res := c.ask(s.n, s.path, s.credential, s.addr)
		if res.StatusCode != s.status || res.Header.Get("RateLimit") != s.limit || s.policy != "" && res.Header.Get("RateLimit-Policy") != s.policy {
			t.Errorf("step %d: %d %q %q", i, res.StatusCode, res.Header.Get("RateLimit"), res.Header.Get("RateLimit-Policy"))
		}
		if s.limit != "" && (!rateLimit.MatchString(res.Header.Get("RateLimit")) || !policy.MatchString(res.Header.Get("RateLimit-Policy"))) {
			t.Errorf("step %d: clients cannot read the headers", i)
		}
		if over := s.status == 429; over != (res.Header.Get("Retry-After") == "300") {
			t.Errorf("step %d: Retry-After %q", i, res.Header.Get("Retry-After"))
		}
	}
	c.now = c.now.Add(299*time.Second + 500*time.Millisecond)
	if res := c.ask(1, "/api/thing", "", v4); res.StatusCode != 429 || res.Header.Get("Retry-After") != "1" {
		t.Errorf("just before the next window: %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
	c.now = c.now.Add(500 * time.Millisecond)
	if res := c.ask(1, "/api/thing", "", v4); res.StatusCode != 200 {
		t.Errorf("in the next window: %d", res.StatusCode)
	}
}

// TestFailedCredentials holds that guessing is limited by address, told as 429, and harms nobody else.
func TestFailedCredentials(t *testing.T) {
	c := newCounted(Limits{Failures: 3})
	const v4, v6, neighbour, stranger = "192.0.2.1", "2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"
	for _, addr := range []string{v4, v6} {
		if res := c.ask(3, "/api/thing", "bad", addr); res.StatusCode != 401 {
			t.Errorf("%s: %d", addr, res.StatusCode)
		}
		if res := c.ask(1, "/nothing", "bad", addr); res.StatusCode != 429 || res.Header.Get("Retry-After") != "300" || res.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("%s: %d, Retry-After %q", addr, res.StatusCode, res.Header.Get("Retry-After"))
		}
		if res := c.ask(1, "/api/thing", "a t1", addr); res.StatusCode != 200 {
			t.Errorf("%s: a good credential: %d", addr, res.StatusCode)
		}
	}
	if res := c.ask(1, "/api/thing", "bad", neighbour); res.StatusCode != 429 {
		t.Errorf("the same /64: %d", res.StatusCode)
	}
	if res := c.ask(1, "/api/thing", "bad", stranger); res.StatusCode != 401 {
		t.Errorf("another /64: %d", res.StatusCode)
	}
}

// TestFormerTokens holds that a token that was once good is no guess: it stays 401, within what callers without one may ask.
func TestFormerTokens(t *testing.T) {
	c := newCounted(Limits{Failures: 3, Address: Quotas{API: 20}})
	const here = "192.0.2.1"
	if res := c.ask(10, "/api/thing", "deleted", here); res.StatusCode != 401 {
		t.Errorf("ten uses of a deleted token: %d", res.StatusCode)
	}
	if res := c.ask(3, "/api/thing", "bad", here); res.StatusCode != 401 {
		t.Errorf("a bad one after it: %d", res.StatusCode)
	}
	if res := c.ask(11, "/api/thing", "deleted", here); res.StatusCode != 429 {
		t.Errorf("21 uses of a deleted token: %d", res.StatusCode)
	}
}

// TestLimiterIsBounded meets more callers than are remembered.
func TestLimiterIsBounded(t *testing.T) {
	c := newCounted(Limits{Address: Quotas{API: 1}, Entries: 160})
	for i := range 5000 {
		c.ask(1, "/api/thing", "", netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}).String())
	}
	n := 0
	for i := range c.limiter.shards {
		n += c.limiter.shards[i].windows.Len()
	}
	if n > 160 {
		t.Errorf("%d callers are remembered", n)
	}
}

func TestNoLimits(t *testing.T) {
	c := newCounted(Limits{})
	if res := c.ask(100, "/api/thing", "", "192.0.2.1"); res.StatusCode != 200 || res.Header.Get("RateLimit") != "" {
		t.Errorf("%d %q", res.StatusCode, res.Header.Get("RateLimit"))
	}
}

func TestWarnings(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		facts hub.SubjectFacts
		want  []string
	}{
		"no expiry": {hub.SubjectFacts{Token: &hub.Token{}}, nil},
		"later":     {hub.SubjectFacts{Token: &hub.Token{ExpiresAt: now.Add(8 * 24 * time.Hour)}}, nil},
		"soon":      {hub.SubjectFacts{Token: &hub.Token{Last4: "abcd", ExpiresAt: now.Add(24 * time.Hour)}}, []string{"token-expiry; Your access token (...abcd) expires on 2027-01-02T00:00:00Z."}},
		"rotated": {hub.SubjectFacts{Token: &hub.Token{}, Superseded: &hub.Superseded{Last4: "wxyz", Until: now.Add(time.Hour)}},
			[]string{"token-rotated; This token value (...wxyz) was replaced by a new one and stops working on 2027-01-01T01:00:00Z."}},
		"session": {hub.SubjectFacts{}, nil},
	} {
		w := httptest.NewRecorder()
		c.facts.User.ID = "000000000000000000000001"
		if t := c.facts.Token; t != nil {
			t.ID, t.UserID, t.Kind = "000000000000000000000002", c.facts.User.ID, hub.TokenRead
		}
		warn(w, access.NewSubject(c.facts, access.Credential{}), now)
		if got := w.Header().Values("X-HF-Warning"); fmt.Sprint(got) != fmt.Sprint(c.want) || len(w.Header().Values("Warning")) != len(c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func BenchmarkCount(b *testing.B) {
	c := newCounted(Limits{Token: Quotas{API: 1 << 40}, User: Quotas{API: 1 << 40}})
	s, err := people{}.Authenticate(context.Background(), Credentials{Authorization: "Bearer a t1"})
	if err != nil {
		b.Fatal(err)
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.limiter.take(caller{class: classAPI, kind: byToken, id: s.TokenKey()}, 1<<40)
		}
	})
}

// TestGitIsAskedBeforeItIsRefused: who has used up the requests of his address is refused what is open to all, and still told to
// sign in where that is needed, since git shows its credential only then.
func TestGitIsAskedBeforeItIsRefused(t *testing.T) {
	c := newCounted(Limits{Token: Quotas{Resolvers: 5}, Address: Quotas{Resolvers: 2}})
	c.Repo(RepoWeb, "GET /info/refs", access.RepoContentRead, func(http.ResponseWriter, *Request, access.Grant) error { return nil },
		WithStyle(Style{Challenges: []string{BasicChallenge}, Write: PlainText.Write}))
	const addr = "192.0.2.1"
	for i, s := range []struct {
		n                int
		path, credential string
		status           int
		retry            string
	}{
		{2, "/bob/public/resolve/main/x", "", 200, ""},
		{1, "/bob/public/info/refs", "", 429, "300"},
		{1, "/bob/private/info/refs", "", 401, ""}, // the second that is let through
		{1, "/bob/private/info/refs", "", 429, "300"},
		{1, "/bob/public/info/refs", "a t1", 200, ""},
		{1, "/bob/private/resolve/main/x", "", 429, "300"}, // clients of this show what they have by themselves
	} {
		res := c.ask(s.n, s.path, s.credential, addr)
		if res.StatusCode != s.status || res.Header.Get("Retry-After") != s.retry || (s.status == 401) != (res.Header.Get("WWW-Authenticate") == BasicChallenge) {
			t.Errorf("step %d: %d %v", i, res.StatusCode, res.Header)
		}
	}
}
