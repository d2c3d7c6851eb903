package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// world is an authenticator and a source of one public repository, one private one and one that moved.
type world struct{}

var alice = access.NewSubject(hub.SubjectFacts{
	Token: &hub.Token{ID: hub.NewID(), UserID: "aaaaaaaaaaaaaaaaaaaaaaaa", Kind: hub.TokenWrite},
	User:  hub.User{ID: "aaaaaaaaaaaaaaaaaaaaaaaa", Name: "alice"},
}, access.Credential{})

func (world) Authenticate(_ context.Context, c Credentials) (*access.Subject, error) {
	authorization := c.Authorization
	switch authorization {
	case "":
		return access.Anonymous(), nil
	case "Bearer alice":
		return alice, nil
	}
	return nil, hub.Errorf(hub.InvalidCredentials, hub.MessageInvalidCredentials)
}

func (world) FindRepo(_ context.Context, id hub.RepoID) (hub.FoundRepo, error) {
	r := hub.Repo{ID: "bbbbbbbbbbbbbbbbbbbbbbbb", RepoID: id, NamespaceID: "cccccccccccccccccccccccc", Visibility: hub.Public}
	switch strings.ToLower(id.FullName()) {
	case "bob/public":
		r.RepoID = hub.RepoID{Type: id.Type, Namespace: "Bob", Name: "Public"}
		return hub.FoundRepo{Repo: &r, Exists: true}, nil
	case "bob/old":
		r.RepoID = hub.RepoID{Type: id.Type, Namespace: "Bob", Name: "Public"}
		return hub.FoundRepo{Repo: &r, Exists: true, Moved: true}, nil
	case "bob/private":
		r.Visibility = hub.Private
		return hub.FoundRepo{Repo: &r, Exists: true}, nil
	}
	return hub.FoundRepo{Repo: hub.NoRepo()}, nil
}

func (world) RepoByID(context.Context, hub.ID) (hub.Repo, error) {
	return hub.Repo{}, hub.Errorf(hub.RepoNotFound, "no")
}

func (world) Namespace(_ context.Context, name string) (hub.Namespace, error) {
	return hub.Namespace{}, hub.Errorf(hub.NotFound, "no")
}

func newServer(t *testing.T, log io.Writer, cfg Config) *Server {
	t.Helper()
	if log == nil {
		log = io.Discard
	}
	w := world{}
	return New(cfg, w, access.NewAuthorizer(w, access.Options{}), slog.New(slog.NewJSONHandler(log, nil)))
}

func call(s http.Handler, method, target string, body io.Reader, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, body)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPathsAreReadOnce(t *testing.T) {
	s := newServer(t, nil, Config{})
	say := func(name string) func(http.ResponseWriter, *Request, access.Grant) error {
		return func(w http.ResponseWriter, r *Request, g access.Grant) error {
			fmt.Fprintf(w, "%s|%s|%s|%s", name, r.Repo, r.Param("rev"), r.Param("path"))
			return nil
		}
	}
	s.Repo(RepoAPI, "GET /", access.RepoView, say("info"))
	s.Repo(RepoAPI, "GET /tree/{rev}/{path...}", access.RepoView, say("tree"))
	s.Repo(RepoWeb, "GET /resolve/{rev}/{path...}", access.RepoContentRead, say("resolve"))
	s.Repo(RepoWeb, "POST /info/lfs/objects/batch", access.RepoView, say("batch"))
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/api/models/bob/public", "info|bob/public||"},
		{"GET", "/api/datasets/bob/public", "info|datasets/bob/public||"},
		{"GET", "/api/models/bob/public/tree/main", "tree|bob/public|main|"},
		{"GET", "/api/models/bob/public/tree/refs%2Fpr%2F1/a%2Fb", "tree|bob/public|refs/pr/1|a/b"},
		{"GET", "/api/models/bob/public/tree/refs/pr/1/a/b", "tree|bob/public|refs/pr/1|a/b"},
		{"GET", "/api/models/bob/public/tree/refs/convert/parquet/a", "tree|bob/public|refs/convert/parquet|a"},
		{"GET", "/api/models/bob/public/tree/refs/heads/a", "tree|bob/public|refs|heads/a"},
		{"GET", "/bob/public/resolve/main/a/b%20c", "resolve|bob/public|main|a/b c"},
		{"GET", "/bob/public/resolve/feature%2Fx/a", "resolve|bob/public|feature/x|a"},
		{"GET", "/datasets/bob/public/resolve/main/resolve/x", "resolve|datasets/bob/public|main|resolve/x"},
		{"GET", "/spaces/bob/public/resolve/main/%2e%2e/x", "resolve|spaces/bob/public|main|../x"},
		{"POST", "/bob/public.git/info/lfs/objects/batch", "batch|bob/public||"},
		{"POST", "/datasets/bob/public.git/info/lfs/objects/batch", "batch|datasets/bob/public||"},
		{"POST", "/bob/public/info/lfs/objects/batch", "batch|bob/public||"},
	} {
		if got := text(t, call(s, c.method, c.path, nil)); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.method, c.path, got, c.want)
		}
	}
	// net/http itself refuses a request line with a broken escape; locate must not trust that.
	if _, _, err := locate("/api/models/bob/public/tree/%zz"); !hub.Is(err, hub.InvalidInput) {
		t.Errorf("broken escape: %v", err)
	}
}

// Everything that an anonymous or signed-in caller can see of a hidden repository, a missing one, and an
// unknown page below either must be the same.
func TestHiddenIsMissing(t *testing.T) {
	s := newServer(t, nil, Config{})
	ok := func(w http.ResponseWriter, r *Request, g access.Grant) error { return nil }
	s.Repo(RepoAPI, "GET /", access.RepoView, ok)
	s.Repo(RepoAPI, "POST /commit/{rev}", access.RepoWrite, ok)
	s.Repo(RepoWeb, "GET /resolve/{rev}/{path...}", access.RepoContentRead, ok)
	for _, tail := range []struct{ method, api, web string }{
		{"GET", "/api/models/%s", ""}, {"HEAD", "/api/models/%s", ""}, {"POST", "/api/models/%s/commit/main", ""},
		{"GET", "/api/models/%s/nosuchpage", ""}, {"DELETE", "/api/models/%s", ""},
		{"GET", "", "/%s/resolve/main/x"}, {"GET", "", "/%s/nosuchpage"}, {"PUT", "", "/%s/resolve/main/x"},
	} {
		for _, auth := range []string{"", "Bearer alice"} {
			var answers []string
			for _, repo := range []string{"bob/private", "bob/missing", "nobody/private"} {
				r := call(s, tail.method, fmt.Sprintf(tail.api+tail.web, repo), nil, "Authorization", auth)
				r.Header.Del("X-Request-Id")
				var h bytes.Buffer
				r.Header.Write(&h)
				answers = append(answers, fmt.Sprint(r.StatusCode, h.String(), text(t, r)))
				want := 404
				if auth == "" {
					want = 401
				}
				if r.StatusCode != want || r.Header.Get("X-Error-Code") != "RepoNotFound" {
					t.Errorf("%s %s %q: %d %s", tail.method, repo, auth, r.StatusCode, r.Header.Get("X-Error-Code"))
				}
			}
			if answers[0] != answers[1] || answers[0] != answers[2] {
				t.Errorf("%v %q differ:\n%s", tail, auth, strings.Join(answers, "\n----\n"))
			}
		}
	}
}

func TestErrorsHaveOneShape(t *testing.T) {
	var log bytes.Buffer
	s := newServer(t, &log, Config{MaxBody: 64})
	var fail error
	type in struct{ Open }
	parse := func(r *Request) (in, error) { var v any; return in{}, r.JSON(&v) }
	Add(s, Root, "POST /api/do", parse, func(w http.ResponseWriter, r *Request, _ in, _ access.Grant) error { return fail })
	s.Repo(RepoWeb, "GET /resolve/{rev}/{path...}", access.RepoContentRead, func(http.ResponseWriter, *Request, access.Grant) error { panic("a secret thing") })

	check := func(r *http.Response, status int, code, message string) {
		t.Helper()
		body := text(t, r)
		if r.StatusCode != status || r.Header.Get("X-Error-Code") != code || !strings.Contains(r.Header.Get("X-Error-Message"), message) || r.Header.Get("X-Request-Id") == "" {
			t.Errorf("got %d %v %s", r.StatusCode, r.Header, body)
		}
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			var v struct{ Error string }
			if err := json.Unmarshal([]byte(body), &v); err != nil || v.Error == "" {
				t.Errorf("body %q: %v", body, err)
			}
		}
	}
	check(call(s, "POST", "/api/do", strings.NewReader("{")), 400, "", "not valid JSON")
	check(call(s, "POST", "/api/do", strings.NewReader("{} {}")), 400, "", "more than one")
	check(call(s, "POST", "/api/do", strings.NewReader(`"`+strings.Repeat("x", 100)+`"`)), 413, "", "larger than 64 bytes")
	check(call(s, "GET", "/api/do", nil), 405, "", "not allowed")
	check(call(s, "GET", "/api/nothing", nil), 404, "", "no such page")
	check(call(s, "GET", "/api/nothing", nil, "Authorization", "Bearer wrong"), 401, "", hub.MessageInvalidCredentials)
	check(call(s, "POST", "/api/do", nil, "Authorization", "Bearer wrong"), 401, "", hub.MessageInvalidCredentials)
	fail = hub.Errorf(hub.EntryNotFound, "Größe\nx: %s…", "日")
	r := call(s, "POST", "/api/do", strings.NewReader("{}"))
	if got := r.Header.Get("X-Error-Message"); got != "Gr??e x: ?..." {
		t.Errorf("X-Error-Message = %q", got)
	}
	check(r, 404, "EntryNotFound", "")
	fail = errors.New("SELECT secret FROM tables")
	r = call(s, "POST", "/api/do", strings.NewReader("{}"))
	check(r, 500, "", "request id")
	r = call(s, "GET", "/bob/public/resolve/main/x", nil)
	check(r, 500, "", "request id")
	if !strings.Contains(log.String(), "SELECT secret") || !strings.Contains(log.String(), "TestErrorsHaveOneShape") {
		t.Error("the cause of a 500 is not in the log")
	}
	if strings.Contains(log.String(), "a secret thing") {
		t.Error("the log holds what a panic held")
	}
	if r := call(s, "GET", "/api/nothing", nil, "Authorization", "Bearer wrong"); r.Header.Get("WWW-Authenticate") != BearerChallenge {
		t.Errorf("challenge %q", r.Header.Get("WWW-Authenticate"))
	}
}

func TestAConflictNamesAnAbsoluteURL(t *testing.T) {
	s := newServer(t, nil, Config{})
	Add(s, Root, "POST /api/do", ParseOpen, func(http.ResponseWriter, *Request, Open, access.Grant) error {
		return &hub.Error{Code: hub.Conflict, Message: "There.", URL: "/datasets/a/b"}
	})
	if got := text(t, call(s, "POST", "http://hub.example:81/api/do", nil)); !strings.Contains(got, `"url":"http://hub.example:81/datasets/a/b"`) {
		t.Error(got)
	}
}

func TestMovedRepositoriesRedirectRelatively(t *testing.T) {
	s := newServer(t, nil, Config{})
	ok := func(w http.ResponseWriter, r *Request, g access.Grant) error { return nil }
	s.Repo(RepoAPI, "GET /tree/{rev}/{path...}", access.RepoView, ok)
	s.Repo(RepoWeb, "GET /resolve/{rev}/{path...}", access.RepoContentRead, ok)
	s.Repo(RepoWeb, "POST /info/lfs/objects/batch", access.RepoView, ok)
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/api/datasets/bob/old/tree/refs%2Fpr%2F1/a%20b?recursive=true", "/api/datasets/Bob/Public/tree/refs%2Fpr%2F1/a%20b?recursive=true"},
		{"HEAD", "/bob/old/resolve/main/a%2Fb", "/Bob/Public/resolve/main/a%2Fb"},
		{"POST", "/spaces/bob/old.git/info/lfs/objects/batch", "/spaces/Bob/Public.git/info/lfs/objects/batch"},
	} {
		r := call(s, c.method, c.path, nil)
		if r.StatusCode != 307 || r.Header.Get("Location") != c.want {
			t.Errorf("%s %s: %d %s", c.method, c.path, r.StatusCode, r.Header.Get("Location"))
		}
	}
}

func TestARouteMustSayWhatItNeeds(t *testing.T) {
	s := newServer(t, nil, Config{})
	Add(s, Root, "GET /api/forgot", func(*Request) (forgot, error) { return forgot{}, nil }, func(w http.ResponseWriter, _ *Request, _ forgot, _ access.Grant) error {
		io.WriteString(w, "open!")
		return nil
	})
	if r := call(s, "GET", "/api/forgot", nil, "Authorization", "Bearer alice"); r.StatusCode != 500 || strings.Contains(text(t, r), "open!") {
		t.Errorf("a route without needs answered %d", r.StatusCode)
	}
	s.Repo(RepoAPI, "GET /zero", access.NoAction, func(w http.ResponseWriter, _ *Request, _ access.Grant) error {
		io.WriteString(w, "open!")
		return nil
	})
	if r := call(s, "GET", "/api/models/bob/public/zero", nil); r.StatusCode < 400 || strings.Contains(text(t, r), "open!") {
		t.Errorf("the zero action answered %d", r.StatusCode)
	}
}

type forgot struct{}

func (forgot) Needs() []access.Need { return nil }

func TestTheLogHasOneLineAndNoSecrets(t *testing.T) {
	var log bytes.Buffer
	s := newServer(t, &log, Config{})
	s.Repo(RepoWeb, "GET /resolve/{rev}/{path...}", access.RepoContentRead, func(w http.ResponseWriter, r *Request, g access.Grant) error {
		io.WriteString(w, "12345")
		return nil
	})
	call(s, "GET", "/bob/public/resolve/main/x?token=hf_leak1", nil, "Authorization", "Bearer alice", "Cookie", "token=leak2", "X-Amzn-Trace-Id", "trace-7")
	call(s, "GET", "/bob/public/resolve/main/x?token=hf_leak1", nil, "Authorization", "Bearer hf_leak3")
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || strings.Contains(log.String(), "leak") {
		t.Fatalf("log:\n%s", log.String())
	}
	var l map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &l); err != nil {
		t.Fatal(err)
	}
	if l["status"] != 200.0 || l["bytes"] != 5.0 || l["user"] != "alice" || l["route"] != "/{repo}/resolve/{rev}/{path...}" || !strings.HasSuffix(l["request_id"].(string), ";trace-7") {
		t.Errorf("%v", l)
	}
}

func TestACallersRequestIDComesBack(t *testing.T) {
	s := newServer(t, nil, Config{})
	for _, c := range []struct{ header, sent, want string }{
		{"X-Request-Id", "job-17", "^job-17$"},
		{"X-Request-Id", "two words", "^[0-9a-f]{18}$"},
		{"X-Request-Id", "hf_abcdefghijklmnopqrstuvwxyzabcd", "^[0-9a-f]{18}$"},
		{"X-Request-Id", strings.Repeat("x", 129), "^[0-9a-f]{18}$"},
		{"X-Amzn-Trace-Id", "trace-7", "^[0-9a-f]{18};trace-7$"},
	} {
		got := call(s, "GET", "/nowhere", nil, c.header, c.sent).Header.Get("X-Request-Id")
		if !regexp.MustCompile(c.want).MatchString(got) {
			t.Errorf("%s %q: X-Request-Id %q, want %s", c.header, c.sent, got, c.want)
		}
	}
}

func TestForwardedHeadersAreBelievedOnlyFromTrustedProxies(t *testing.T) {
	for _, c := range []struct {
		trusted, remote, xff, proto, host string
		wantIP, wantBase                  string
	}{
		{"", "10.0.0.1:9", "1.2.3.4", "https", "evil.example", "10.0.0.1", "http://example.com"},
		{"10.0.0.0/8", "10.0.0.1:9", "1.2.3.4", "https", "hub.example", "1.2.3.4", "https://hub.example"},
		{"10.0.0.0/8", "10.0.0.1:9", "6.6.6.6, 1.2.3.4, 10.0.0.7", "", "", "1.2.3.4", "http://example.com"},
		{"10.0.0.0/8", "10.0.0.1:9", "6.6.6.6:1, 1.2.3.4:5678", "", "", "1.2.3.4", "http://example.com"},
		{"10.0.0.0/8", "10.0.0.1:9", "[2001:db8::1]:5678", "", "", "2001:db8::1", "http://example.com"},
		{"10.0.0.0/8", "10.0.0.1:9", "[2001:db8::1]", "", "", "2001:db8::1", "http://example.com"},
		{"10.0.0.0/8", "10.0.0.1:9", "2001:db8::1, garbage:80", "", "", "10.0.0.1", "http://example.com"},
		{"10.0.0.0/8", "10.0.0.1:9", "garbage", "ftp", "a b", "10.0.0.1", "http://localhost"},
		{"10.0.0.0/8", "9.9.9.9:9", "1.2.3.4", "https", "evil.example", "9.9.9.9", "http://example.com"},
	} {
		cfg := Config{}
		if c.trusted != "" {
			cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(c.trusted)}
		}
		s := newServer(t, nil, cfg)
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		r.Header.Set("X-Forwarded-For", c.xff)
		r.Header.Set("X-Forwarded-Proto", c.proto)
		r.Header.Set("X-Forwarded-Host", c.host)
		ip, base := s.peer(r)
		if ip.String() != c.wantIP || base != c.wantBase {
			t.Errorf("%+v: %s %s", c, ip, base)
		}
	}
}

func TestPreflight(t *testing.T) {
	s := newServer(t, nil, Config{})
	r := call(s, "OPTIONS", "/api/models/bob/private", nil)
	if r.StatusCode != 204 || r.Header.Get("Access-Control-Allow-Origin") != "*" || r.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
}

// Before a caller hears what is wrong with a request he must be somebody who may make it; on routes open to all
// everybody hears it.
func TestAnonymousCallersSignInBeforeTheyDebug(t *testing.T) {
	s := newServer(t, nil, Config{})
	unread := func(*Request) (listing, error) { return listing{}, hub.Errorf(hub.InvalidInput, "Bad limit.") }
	Add(s, Root, "GET /api/models", unread, func(http.ResponseWriter, *Request, listing, access.Grant) error { return nil })
	broken := func(*Request) (creation, error) { return creation{}, hub.Errorf(hub.InvalidInput, "Bad body.") }
	Add(s, Root, "POST /api/repos/create", broken, func(http.ResponseWriter, *Request, creation, access.Grant) error { return nil })
	for _, c := range []struct {
		method, path, auth string
		want               int
	}{
		{"GET", "/api/models", "", 400}, {"GET", "/api/models", "Bearer alice", 400},
		{"POST", "/api/repos/create", "", 401}, {"POST", "/api/repos/create", "Bearer alice", 400},
	} {
		if r := call(s, c.method, c.path, nil, "Authorization", c.auth); r.StatusCode != c.want {
			t.Errorf("%+v: %d", c, r.StatusCode)
		}
	}
}

type listing struct{}

func (listing) Needs() []access.Need {
	return []access.Need{{Action: access.RepoList, Target: access.Hub()}}
}

type creation struct{}

func (creation) Needs() []access.Need {
	return []access.Need{{Action: access.RepoCreate, Target: access.NewRepo(hub.RepoID{Name: "x"})}}
}

// The Python client ends a refusal with a full stop of its own.
func TestARefusalInTheHeaderHasNoFullStop(t *testing.T) {
	s := newServer(t, nil, Config{})
	var e *hub.Error
	Add(s, Root, "POST /api/do", ParseOpen, func(http.ResponseWriter, *Request, Open, access.Grant) error { return e })
	for code, want := range map[hub.Code]string{hub.Forbidden: "No", hub.Disabled: hub.MessageDisabled, hub.Conflict: "No."} {
		e = hub.Errorf(code, "No.")
		if code == hub.Disabled {
			e.Message = hub.MessageDisabled
		}
		if got := call(s, "POST", "/api/do", nil).Header.Get("X-Error-Message"); got != want {
			t.Errorf("%s: %q", code, got)
		}
	}
}

// TestClientsPrintARefusalOnce: body and header of a 403 are the same to the full stop, which the Python client adds itself; it
// prints both where they differ.
func TestClientsPrintARefusalOnce(t *testing.T) {
	for _, style := range []Style{HubJSON, PlainText} {
		w := httptest.NewRecorder()
		style.Write(w, &Request{}, http.StatusForbidden, hub.Errorf(hub.Forbidden, "This is not allowed."))
		if body := w.Body.String(); !strings.Contains(body, "This is not allowed") || strings.Contains(body, "allowed.") {
			t.Errorf("a body of %q", body)
		}
	}
}
