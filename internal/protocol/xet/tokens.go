package xet

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

const (
	// tokenLife is what clients are told. Source: tokens of the public Hub.
	tokenLife = 15 * time.Minute
	// tokenGrace is accepted beyond, because a client that finds its token expired gives up instead of asking anew.
	tokenGrace = 30 * time.Second
)

// connection is the answer of the token endpoints, in headers and in JSON, as readers differ by version.
// Source: huggingface_hub utils/_xet.py; xet-core xet_client/src/hub_client.
type connection struct {
	CasURL      string `json:"casUrl"`
	AccessToken string `json:"accessToken"`
	Expires     int64  `json:"exp"` // Unix seconds
}

func (c connection) headers() map[string]string {
	return map[string]string{
		"X-Xet-Cas-Url":          c.CasURL,
		"X-Xet-Access-Token":     c.AccessToken,
		"X-Xet-Token-Expiration": strconv.FormatInt(c.Expires, 10),
	}
}

// readToken hands out a token for reading the revision of the path.
func (a *API) readToken(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	to, err := a.xet.Read(r.Context(), g, r.Param("rev"))
	if err != nil {
		return err
	}
	return a.hand(w, r, g, to)
}

// writing is a parsed request for a token for writing.
type writing struct {
	repo     hub.RepoID
	rev      string // "" for a pull request that is still to come: clients then name it "None", or the branch it starts from
	proposal bool   // it is for a pull request
}

func parseWriting(r *httpd.Request) (writing, error) {
	rev := r.Param("rev")
	q := writing{r.Repo, rev, xet.IsProposal(rev)}
	create, err := r.QueryBool("create_pr")
	if create {
		q.rev, q.proposal = "", true
	}
	return q, err
}

// Needs is the right to write, or for pull requests to read: who may open one is decided with it.
func (q writing) Needs() []access.Need {
	action := access.RepoWrite
	if q.proposal {
		action = access.RepoContentRead
	}
	return []access.Need{{Action: action, Target: access.Repo(q.repo)}}
}

// writeToken hands out a token for writing.
func (a *API) writeToken(w http.ResponseWriter, r *httpd.Request, q writing, g access.Grant) error {
	connect := a.xet.Write
	if q.proposal {
		connect = a.xet.Propose
	}
	to, err := connect(r.Context(), g, q.rev)
	if err != nil {
		return err
	}
	return a.hand(w, r, g, to)
}

func (a *API) hand(w http.ResponseWriter, r *httpd.Request, g access.Grant, to xet.Connection) error {
	c := a.connect(r, g, to, r.Param("rev"))
	for k, v := range c.headers() {
		w.Header().Set(k, v)
	}
	w.Header().Set("Cache-Control", "no-store")
	httpd.WriteJSON(w, http.StatusOK, c)
	return nil
}

func (a *API) connect(r *httpd.Request, g access.Grant, to xet.Connection, rev string) connection {
	exp := a.now().Add(tokenLife)
	t := identity.Ticket{Method: tokenMethod, Action: to.Action, RepoID: to.Repo.ID, Size: -1, Bound: bound(rev), Expires: exp.Add(tokenGrace)}
	return connection{CasURL: r.BaseURL + to.Path, AccessToken: a.tickets.Mint(g.Subject(), t), Expires: exp.Unix()}
}

// bound shortens a revision to what a ticket holds.
func bound(rev string) string {
	if len(rev) <= 200 {
		return rev
	}
	sum := sha256.Sum256([]byte(rev))
	return hex.EncodeToString(sum[:])
}

// Offer tells a client of the LFS batch API how to upload an object by Xet: where to get tokens, and the first one.
// Source: @huggingface/hub src/lib/commit.ts; huggingface_hub 0.36 _commit_api.py.
func (a *API) Offer(r *httpd.Request, g access.Grant, repo hub.Repo, rev string) (href string, headers map[string]string, err error) {
	to, err := a.xet.Write(r.Context(), g, rev)
	if hub.Is(err, hub.RevisionNotFound) { // a branch that is about to be pushed: its next token is that of the default branch
		rev = hub.DefaultBranch
		to, err = a.xet.Write(r.Context(), g, "")
	}
	if err != nil {
		return "", nil, err
	}
	headers = a.connect(r, g, to, rev).headers()
	headers["X-Xet-Session-Id"] = r.Header.Get("X-Xet-Session-Id")
	if headers["X-Xet-Session-Id"] == "" {
		headers["X-Xet-Session-Id"] = r.ID
	}
	return r.BaseURL + repo.APIPath() + "/xet-write-token/" + url.PathEscape(rev), headers, nil
}
