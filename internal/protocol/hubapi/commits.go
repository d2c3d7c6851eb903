package hubapi

import (
	"html"
	"net/http"
	"strconv"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// Pages of a history.
const (
	commitsPage    = 50
	maxCommitsPage = 1000
)

// commit is one entry of a history.
// Source: huggingface_hub hf_api.py, GitCommitInfo; @huggingface/hub list-commits.ts.
type commit struct {
	ID        hub.OID    `json:"id"`
	Title     string     `json:"title"`
	Message   string     `json:"message"`
	Authors   []author   `json:"authors"`
	Date      string     `json:"date"`
	Formatted *formatted `json:"formatted,omitempty"`
}

type author struct {
	User string `json:"user"`
}

// formatted is HTML, which callers show as it is.
type formatted struct {
	Title   string `json:"title"`
	Message string `json:"message"` // always there: huggingface_hub tests/test_hf_api.py, test_list_commits_include_formatted
}

func commitOf(c gitrepo.Commit, withHTML bool) commit {
	out := commit{ID: c.OID, Title: c.Title(), Message: c.Body(), Date: date(c.Author.When), Authors: []author{{c.Author.Name}}}
	if withHTML {
		out.Formatted = &formatted{Title: html.EscapeString(out.Title), Message: html.EscapeString(out.Message)}
	}
	return out
}

// listCommits lists a history, newest first, in numbered pages.
func (a *API) listCommits(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	p, err := r.QueryInt("p", 0, 0, 1_000_000)
	if err != nil {
		return err
	}
	limit, err := pageSize(r, commitsPage, maxCommitsPage)
	if err != nil {
		return err
	}
	withHTML := false
	for _, e := range r.Query("expand") {
		if e != "formatted" {
			return hub.Errorf(hub.InvalidInput, "Unknown value of expand: a history knows only formatted.")
		}
		withHTML = true
	}
	view, err := a.Repos.View(r.Context(), g, r.Param("rev"))
	if err != nil {
		return err
	}
	defer view.Close()
	page, total, err := view.Log(r.Context(), p*limit, limit)
	if err != nil {
		return err
	}
	out := make([]commit, len(page))
	for i, c := range page {
		out[i] = commitOf(c, withHTML)
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(total))
	if (p+1)*limit < total {
		setNext(w, r, revisionPath(view.Repo.RepoID, "commits", view.Commit, ""), map[string]string{"p": strconv.Itoa(p + 1), "limit": strconv.Itoa(limit)})
	}
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}
