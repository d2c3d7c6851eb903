package httpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Authenticator turns what a caller presents into a subject: no credential gives the anonymous one, a bad
// credential an error of code InvalidCredentials.
type Authenticator interface {
	Authenticate(ctx context.Context, c Credentials) (*access.Subject, error)
}

// Credentials is what a caller presents, and where it comes from.
type Credentials struct {
	Authorization string // the header's value
	Cookie        string // the value of the session cookie
	IP            netip.Addr
	Agent         string // as the caller names its program; at most 256 bytes
}

// Authorizer decides.
type Authorizer interface {
	Authorize(ctx context.Context, s *access.Subject, needs ...access.Need) (access.Grant, error)
}

// Config holds the edge's limits and the proxies it believes.
type Config struct {
	MaxBody        int64              // bytes of a body on routes that do not say otherwise
	IdleTimeout    time.Duration      // how long a body may stand still while it is read or written
	RecheckEvery   time.Duration      // how often a running request's grants are decided again: 10 s if zero, never if negative
	TrustedProxies []netip.Prefix     // peers whose X-Forwarded-For, -Host and -Proto are believed
	CountryHeader  string             // header in which those proxies name the caller's country; empty: none does
	SessionCookie  string             // name of the session cookie
	PublicURL      string             // origin that BaseURL always is; empty: that of each request
	Limits         Limits             // of requests
	Uploads        Uploads            // of one user at a time
	OnGrant        func(access.Grant) // hears of every grant; nil: nobody. It must be quick and not block

	// Observe is told about each request that has ended. It must be quick and not block. Nil is allowed.
	Observe func(Observation)

	// Denied is told about each refusal of an access decision, with the id of its request; s is nil for a credential
	// that was not accepted. It must not block. Nil is allowed.
	Denied func(requestID string, s *access.Subject, e *hub.Error)
}

// Server is the router and the pipeline. Add all routes before serving; afterwards it is safe for
// concurrent use.
type Server struct {
	cfg           Config
	authenticator Authenticator
	authorizer    Authorizer
	log           *slog.Logger
	routes        [3][]*route
	byFirst       [3]routeIndex // the same
	limiter       *limiter      // nil: nothing is limited
	uploads       underWay
}

// New makes a server without routes.
func New(cfg Config, a Authenticator, z Authorizer, log *slog.Logger) *Server {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	if cfg.IdleTimeout == 0 {
		cfg.IdleTimeout = time.Minute
	}
	if cfg.RecheckEvery == 0 {
		cfg.RecheckEvery = 10 * time.Second
	}
	if cfg.SessionCookie == "" {
		cfg.SessionCookie = "token"
	}
	return &Server{cfg: cfg, authenticator: a, authorizer: z, log: log, limiter: newLimiter(cfg.Limits),
		uploads: underWay{Uploads: cfg.Uploads, by: map[hub.ID]Uploads{}}}
}

func (s *Server) add(m Mount, methodAndPattern string, opts []Option, serve func(http.ResponseWriter, *Request) error) {
	method, path, ok := strings.Cut(methodAndPattern, " ")
	if !ok {
		panic(fmt.Sprintf("httpd: %q is not \"METHOD /pattern\"", methodAndPattern))
	}
	rt := &route{method: method, mount: m, pattern: compilePattern(path), text: mountTexts[m] + path, style: HubJSON, maxBody: s.cfg.MaxBody, serve: serve}
	if m == RepoWeb {
		rt.style = PlainText
	}
	for _, o := range opts {
		o(rt)
	}
	s.routes[m] = append(s.routes[m], rt)
	s.byFirst[m].add(rt)
}

// Routes lists every route as "METHOD mount pattern", for the documentation and its test.
func (s *Server) Routes() []string {
	var out []string
	for _, rs := range s.routes {
		for _, r := range rs {
			out = append(out, r.method+" "+r.text)
		}
	}
	return out
}

// mountTexts say what lies before a mount's patterns.
var mountTexts = [...]string{Root: "", RepoAPI: "/api/{type}s/{repo}", RepoWeb: "/{repo}"}

// ServeHTTP runs the pipeline for one request.
func (s *Server) ServeHTTP(hw http.ResponseWriter, hr *http.Request) {
	debug.SetPanicOnFault(true) // a pack that is cut off, or on a broken disk, fails its request and not the hub: see guard
	start := time.Now()
	w := &responseWriter{ResponseWriter: hw, rc: *http.NewResponseController(hw), idle: s.cfg.IdleTimeout}
	w.watch.s, w.watch.w = s, w
	r := &Request{Request: hr, ID: requestID(hr), watch: &w.watch}
	r.IP, r.BaseURL = s.peer(hr)
	r.Country = s.country(hr)
	h := w.Header()
	h["X-Request-Id"] = []string{r.ID} // as Set would
	setCORS(h)
	defer func() {
		p := recover()
		w.watch.stop()
		if p != nil && p != http.ErrAbortHandler {
			w.cause = guard.Caught(p)
			if w.status == 0 {
				s.fail(w, r, w.cause)
				p = nil
			} else {
				p = http.ErrAbortHandler
			}
		}
		s.logRequest(w, r, start, p != nil)
		s.observe(w, r, start, p != nil)
		if p != nil {
			panic(p)
		}
	}()
	err := s.serve(w, r)
	if cut := w.watch.stop(); cut != nil {
		err = cut // whatever the handler made of it
	}
	if err != nil {
		s.fail(w, r, err)
	}
}

func (s *Server) serve(w *responseWriter, r *Request) error {
	if r.Method == http.MethodOptions {
		return preflight(w)
	}
	if err := s.find(r); err != nil {
		// The path is unknown or malformed. Who asks still matters: a bad credential is 401 everywhere, and below
		// a repository only those who may see it learn that the page is missing.
		return s.notFound(w, r, err)
	}
	if err := s.admit(w, r); err != nil {
		return err
	}
	if r.Body != http.NoBody { // where there is nothing to read a deadline would end the connection, while the work goes on
		r.Body = &idleBody{ReadCloser: r.Body, w: w}
		if r.route.maxBody >= 0 {
			r.Body = http.MaxBytesReader(w, r.Body, r.route.maxBody)
		}
	}
	leave, err := s.uploads.hold(w, r)
	if err != nil {
		return err
	}
	defer leave()
	done, err := s.attempt(w, r)
	if err != nil {
		return err
	}
	err = r.route.serve(w, r)
	done(err)
	if moved, ok := errors.AsType[*access.Moved](err); ok {
		return s.redirect(w, r, moved.To)
	}
	return err
}

// authorize decides about a request, and tells OnGrant of a yes.
func (s *Server) authorize(r *Request, needs ...access.Need) (access.Grant, error) {
	g, err := s.authorizer.Authorize(r.Context(), r.Subject, needs...)
	if err == nil && r.over != nil {
		return access.Grant{}, r.over()
	}
	if err == nil {
		r.watch.granted(g)
		if s.cfg.OnGrant != nil {
			s.cfg.OnGrant(g)
		}
	}
	return g, err
}

// admit finds out who calls, and whether the caller may make another request.
func (s *Server) admit(w http.ResponseWriter, r *Request) error {
	if err := s.authenticate(r); err != nil {
		return s.failed(w, r, err)
	}
	warn(w, r.Subject, time.Now())
	return s.count(w, r)
}

func (s *Server) authenticate(r *Request) error {
	err := s.identify(r)
	if r.Subject != nil {
		r.Subject = r.Subject.From(r.IP) // some organizations are open to their own networks only
	}
	return err
}

func (s *Server) identify(r *Request) (err error) {
	if r.route != nil && r.route.cred != nil {
		if r.Subject, err = r.route.cred(r); r.Subject != nil || err != nil {
			return err
		}
	}
	cookie := ""
	if c, err := r.Cookie(s.cfg.SessionCookie); err == nil {
		cookie = c.Value
	}
	if cookie != "" && r.Header.Get("Authorization") == "" {
		if err := s.sameOrigin(r); err != nil {
			return err
		}
	}
	r.Subject, err = s.authenticator.Authenticate(r.Context(), Credentials{r.Header.Get("Authorization"), cookie, r.IP, truncate(r.UserAgent(), 256)})
	return err
}

// find sets the request's route, variables and repository.
func (s *Server) find(r *Request) error {
	root, repo, err := locate(r.URL.EscapedPath())
	if err != nil {
		return err
	}
	found := false // a pattern matched, with another method
	for _, loc := range []*location{&root, repo} {
		if loc == nil {
			continue
		}
		for _, rt := range s.byFirst[loc.mount].candidates(loc.rest) {
			if !rt.pattern.match(loc.rest, &r.vars) {
				continue
			}
			if rt.method != r.Method && !(rt.method == http.MethodGet && r.Method == http.MethodHead) {
				found = true
				continue
			}
			r.route, r.Repo, r.rest = rt, loc.repo, loc.rest
			return nil
		}
	}
	if repo != nil {
		r.Repo = repo.repo
	}
	if found {
		return hub.Errorf(hub.MethodNotAllowed, "The method %s is not allowed here.", r.Method)
	}
	return hub.Errorf(hub.NotFound, "There is no such page on this hub.")
}

func (s *Server) notFound(w http.ResponseWriter, r *Request, err error) error {
	if aerr := s.admit(w, r); aerr != nil {
		return aerr
	}
	if r.Repo.Name == "" {
		return err
	}
	need := access.Need{Action: access.RepoView, Target: access.Repo(r.Repo)}
	if _, verr := s.authorizer.Authorize(r.Context(), r.Subject, need); verr != nil {
		if _, moved := errors.AsType[*access.Moved](verr); moved {
			return err
		}
		return verr
	}
	return err
}

// redirect sends the caller to a repository's new name with a relative Location, because the Python client
// follows only those on HEAD, and with 307, because that keeps method and body.
// Source: huggingface_hub file_download.py, get_hf_file_metadata.
func (s *Server) redirect(w http.ResponseWriter, r *Request, to hub.RepoID) error {
	base := to.WebPath()
	if r.route.mount == RepoAPI {
		base = to.APIPath()
	} else if r.route.mount == Root {
		return hub.Errorf(hub.RepoNotFound, "Repository not found")
	}
	path := r.URL.EscapedPath()
	segs := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if n := len(segs) - len(r.rest); r.route.mount == RepoWeb && n > 0 && strings.HasSuffix(segs[n-1], ".git") {
		base += ".git"
	}
	loc := base
	if k := rawTail(segs, r.Repo, r.route.mount); len(k) > 0 {
		loc += "/" + strings.Join(k, "/")
	}
	if q := r.URL.RawQuery; q != "" {
		loc += "?" + q
	}
	w.Header().Set("Location", loc)
	w.WriteHeader(http.StatusTemporaryRedirect)
	return nil
}

// rawTail returns the raw segments behind the repository's own.
func rawTail(segs []string, repo hub.RepoID, m Mount) []string {
	n := 2
	if m == RepoAPI {
		n = 4
	} else if repo.Type != hub.Model {
		n = 3
	}
	if len(segs) <= n {
		return nil
	}
	return segs[n:]
}

func setCORS(h http.Header) {
	h["Access-Control-Allow-Origin"] = allOrigins // credentials travel in a header, never in a cookie, across origins
	h["Access-Control-Expose-Headers"] = allExposed
}

// Values that every answer has, shared by all: nobody changes them.
var allOrigins, allExposed = []string{"*"}, []string{exposed}

// exposed are the headers that the JS client reads in a browser.
// Source: @huggingface/hub and the public Hub's own list.
const exposed = "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges," +
	"Content-Range,Content-Disposition,X-Linked-Size,X-Linked-ETag,X-Xet-Access-Token,X-Xet-Token-Expiration,X-Xet-Refresh-Route,X-Xet-Cas-Url,X-Xet-Hash," +
	"RateLimit,RateLimit-Policy,Retry-After,X-HF-Warning,X-Token-Expires"

func preflight(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept, Range, If-None-Match, X-Request-Id, X-Xet-Session-Id, X-Range-Dirty")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
	return nil
}
