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

// token hands out a token for the repository and revision of the path.
func (a *API) token(action access.Action) func(http.ResponseWriter, *httpd.Request, access.Grant) error {
	return func(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
		createPR, err := r.QueryBool("create_pr")
		if err != nil {
			return err
		}
		rev := r.Param("rev")
		check := rev
		if createPR && action == access.RepoWrite {
			check = "" // the revision is still to come, and clients name it "None"
		}
		c, err := a.connect(r, g, action, rev, check)
		if err != nil {
			return err
		}
		for k, v := range c.headers() {
			w.Header().Set(k, v)
		}
		w.Header().Set("Cache-Control", "no-store")
		httpd.WriteJSON(w, http.StatusOK, c)
		return nil
	}
}

func (a *API) connect(r *httpd.Request, g access.Grant, action access.Action, rev, check string) (connection, error) {
	repo, to, err := a.xet.Connect(r.Context(), g, action, check)
	if err != nil {
		return connection{}, err
	}
	exp := a.now().Add(tokenLife)
	t := identity.Ticket{Method: tokenMethod, Action: action, RepoID: repo.ID, Size: -1, Bound: bound(rev), Expires: exp.Add(tokenGrace)}
	return connection{CasURL: r.BaseURL + to.Path, AccessToken: a.tickets.Mint(g.Subject(), t), Expires: exp.Unix()}, nil
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
	c, err := a.connect(r, g, access.RepoWrite, rev, "")
	if err != nil {
		return "", nil, err
	}
	headers = c.headers()
	headers["X-Xet-Session-Id"] = r.Header.Get("X-Xet-Session-Id")
	if headers["X-Xet-Session-Id"] == "" {
		headers["X-Xet-Session-Id"] = r.ID
	}
	return r.BaseURL + repo.APIPath() + "/xet-write-token/" + url.PathEscape(rev), headers, nil
}
