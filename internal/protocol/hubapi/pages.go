package hubapi

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// setNext adds the Link to the next page: the given path with this request's query, some parameters changed.
// The URL is absolute and a space stands before rel, as the clients' parsers want it.
// Source: huggingface_hub utils/_pagination.py; @huggingface/hub parseLinkHeader.
func setNext(w http.ResponseWriter, r *httpd.Request, path string, change map[string]string) {
	q := r.URL.Query()
	for k, v := range change {
		q.Set(k, v)
	}
	w.Header().Set("Link", "<"+r.BaseURL+path+"?"+q.Encode()+`>; rel="next"`)
}

// revisionPath is the path of a repository's page at a fixed commit, so that all pages of one listing show
// the same state.
func revisionPath(repo hub.RepoID, what string, commit hub.OID, dir string) string {
	p := "/api/" + repo.Type.Plural() + "/" + url.PathEscape(repo.Namespace) + "/" + url.PathEscape(repo.Name) + "/" + what + "/" + commit.String()
	for _, s := range strings.Split(dir, "/") {
		if s != "" {
			p += "/" + url.PathEscape(s)
		}
	}
	return p
}

// Cursors are opaque to callers; a listing's position is a path, which may hold any character.
func encodeCursor(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func decodeCursor(s string) (string, error) {
	if len(s) > 16<<10 {
		return "", badCursor()
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return "", badCursor()
	}
	return string(b), nil
}

func badCursor() error {
	return hub.Errorf(hub.InvalidInput, "The cursor is not one that this hub gave out.")
}

// pageSize reads limit: any positive number, cut to most. Clients pass the total they want, which may be more
// than a page.
func pageSize(r *httpd.Request, def, most int) (int, error) {
	n, err := r.QueryInt("limit", def, 1, 1<<31-1)
	return min(n, most), err
}
