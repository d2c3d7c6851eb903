package lfs

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// ticketParam is the query parameter that carries a ticket. Queries are never logged.
const ticketParam = "ticket"

type ticketKey struct{}

// scheme is how a ticket stands in the Authorization header, for clients that signed in over SSH: they ask for batches and
// locks with it.
const scheme = "Ticket "

// forRepo is what tickets for all of a repository's large files are bound to.
const forRepo = "lfs"

// Login returns what a client that signed in over SSH sends with its requests, until expires.
func Login(tickets Tickets, s *access.Subject, repo hub.ID, a access.Action, expires time.Time) (authorization string) {
	return scheme + tickets.Mint(s, identity.Ticket{Method: http.MethodPost, Action: a, RepoID: repo, Size: -1, Bound: forRepo, Expires: expires})
}

// login takes the ticket in the Authorization header as the request's credential, if there is one.
func (a *API) login(r *httpd.Request) (*access.Subject, error) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), scheme)
	if !ok {
		return nil, nil
	}
	s, t, err := a.tickets.Redeem(r.Context(), text, http.MethodPost)
	if err != nil {
		return nil, err
	}
	if t.Bound != forRepo {
		return nil, otherTicket()
	}
	r.Request = r.WithContext(context.WithValue(r.Context(), ticketKey{}, t))
	return s, nil
}

// holds makes sure that a request with a ticket does no more than the ticket is for.
func holds(r *httpd.Request, repo hub.Repo, a access.Action) error {
	t, ok := r.Context().Value(ticketKey{}).(identity.Ticket)
	if ok && (t.RepoID != repo.ID || t.Action != a && t.Action != access.RepoWrite) {
		return otherTicket()
	}
	return nil
}

func otherTicket() error {
	return &hub.Error{Code: hub.Forbidden, Reason: "ticket.other", Message: "This link is for something else."}
}

// redeem takes the ticket of the URL as the request's credential. Without one the Authorization header counts.
func (a *API) redeem(r *httpd.Request) (*access.Subject, error) {
	text := r.URL.Query().Get(ticketParam)
	if text == "" {
		return nil, nil
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	s, t, err := a.tickets.Redeem(r.Context(), text, method)
	if err != nil {
		return nil, err
	}
	r.Request = r.WithContext(context.WithValue(r.Context(), ticketKey{}, t))
	return s, nil
}

// object reads which object a request below /objects/{oid} is about, and holds it to its ticket. Without a
// ticket the size is -1 and the upload comes from the query, for clients with a credential of their own.
func (a *API) object(r *httpd.Request, g access.Grant, action access.Action) (identity.Ticket, error) {
	d, err := hub.ParseDigest(r.Param("oid"))
	if err != nil {
		return identity.Ticket{}, hub.Errorf(hub.Unprocessable, "An object is named by its sha256: 64 lower-case hexadecimal digits.")
	}
	repo, err := g.Repo(action)
	if err != nil {
		return identity.Ticket{}, err
	}
	t, ok := r.Context().Value(ticketKey{}).(identity.Ticket)
	if !ok {
		t = identity.Ticket{Action: action, RepoID: repo.ID, Digest: d, Size: -1, Upload: hub.ID(r.URL.Query().Get("upload"))}
	}
	if t.Action != action || t.RepoID != repo.ID || t.Digest != d {
		return identity.Ticket{}, otherTicket()
	}
	return t, nil
}

// links builds the URLs of one batch.
type links struct {
	api     *API
	subject *access.Subject
	repo    hub.Repo
	base    string // of the repository's objects
	expires time.Time
	life    time.Duration
}

func (a *API) links(r *httpd.Request, g access.Grant, repo hub.Repo, life time.Duration) links {
	return links{api: a, subject: g.Subject(), repo: repo, base: r.BaseURL + repo.WebPath() + ".git/info/lfs/objects/", expires: a.now().Add(life + time.Second), life: life}
}

// to returns the URL of an object, or of what lies below it, that allows t's method and action.
func (l links) to(t identity.Ticket, below string) string {
	t.RepoID, t.Expires = l.repo.ID, l.expires
	q := url.Values{ticketParam: {l.api.tickets.Mint(l.subject, t)}}
	return l.base + string(t.Digest) + below + "?" + q.Encode()
}

func partPath(n int) string { return "/parts/" + strconv.Itoa(n) }
