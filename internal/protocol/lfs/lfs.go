package lfs

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/locks"
	"github.com/ambit-hub/ambit/internal/service/transfer"
)

// mediaType is the content type of all bodies of this protocol.
const mediaType = "application/vnd.git-lfs+json"

// Tickets makes and reads the tickets in URLs; identity.Authenticator is one.
type Tickets interface {
	Mint(s *access.Subject, t identity.Ticket) string
	Redeem(ctx context.Context, text, method string) (*access.Subject, identity.Ticket, error)
}

// API is the Git LFS API.
type API struct {
	transfer *transfer.Service
	tickets  Tickets
	xet      Xet
	locks    *locks.Service // nil: there are none
	now      func() time.Time
}

// Xet offers uploads by Xet; protocol/xet is it.
type Xet interface {
	// Offer returns where to get tokens for writing, and headers with the first one.
	Offer(r *httpd.Request, g access.Grant, repo hub.Repo, rev string) (href string, headers map[string]string, err error)
}

// WithXet makes the API answer clients that can upload by Xet with that. It returns the API.
func (a *API) WithXet(x Xet) *API {
	a.xet = x
	return a
}

// New makes an API. now may be nil for the machine's clock.
func New(t *transfer.Service, tickets Tickets, now func() time.Time) *API {
	if now == nil {
		now = time.Now
	}
	return &API{transfer: t, tickets: tickets, now: now}
}

// style is how this protocol says no. git-lfs asks its credential helper only after a Basic challenge.
// Source: git-lfs docs/api/batch.md, "Response Errors"; lfsapi/auth.go.
var style = httpd.Style{
	Challenges: []string{httpd.BasicChallenge},
	Write: func(w http.ResponseWriter, _ *httpd.Request, status int, e *hub.Error) {
		// The request id is in the header alone: in the body it would tell any two answers apart.
		reply(w, status, struct {
			Message string `json:"message"`
		}{httpd.Sentence(e)})
	},
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.Encode(v)
}

// Register adds the routes to s.
func (a *API) Register(s *httpd.Server) {
	says := httpd.WithStyle(style)
	ticket := httpd.WithCredential(a.redeem)
	httpd.Add(s, httpd.RepoWeb, "POST /info/lfs/objects/batch", parseBatch, a.batch, says, httpd.WithCredential(a.login))
	s.Repo(httpd.RepoWeb, "GET /info/lfs/objects/{oid}", access.RepoContentRead, a.get, says, ticket)
	s.Repo(httpd.RepoWeb, "PUT /info/lfs/objects/{oid}", access.RepoWrite, a.put, says, ticket, httpd.Upload())
	s.Repo(httpd.RepoWeb, "POST /info/lfs/objects/{oid}/verify", access.RepoWrite, a.verify, says, ticket)
	s.Repo(httpd.RepoWeb, "GET /info/lfs/objects/{oid}/parts", access.RepoWrite, a.listParts, says, ticket)
	s.Repo(httpd.RepoWeb, "POST /info/lfs/objects/{oid}/parts", access.RepoWrite, a.complete, says, ticket, httpd.MaxBody(maxCompletion))
	s.Repo(httpd.RepoWeb, "PUT /info/lfs/objects/{oid}/parts/{part}", access.RepoWrite, a.putPart, says, ticket, httpd.Upload())
	a.registerLocks(s, says)
}
