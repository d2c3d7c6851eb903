package hubapi

import (
	"bufio"
	"net/http"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/modelcard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/repos"
)

// Limits of listings.
const (
	maxListPage     = 1000
	maxOpenedPage   = 50 // repositories of a page for which each one's files are looked at
	maxFilters      = 32
	maxFilterLength = 200 // bytes
)

// listRequest is a parsed listing. What was wrong with it is told only after authorization, as everybody may
// list.
type listRequest struct {
	query  hub.RepoQuery
	fields selection
	none   bool // a filter that nothing on this hub matches
	err    error
}

// Needs says that anybody may list; results are cut to what the caller may see.
func (q listRequest) Needs() []access.Need {
	return []access.Need{{Action: access.RepoList, Target: access.Hub()}}
}

func parseList(t hub.RepoType) func(*httpd.Request) (listRequest, error) {
	return func(r *httpd.Request) (listRequest, error) {
		q := listRequest{query: hub.RepoQuery{Type: t}}
		q.err = q.parse(t, r)
		return q, nil
	}
}

func (q *listRequest) parse(t hub.RepoType, r *httpd.Request) (err error) {
	v := r.URL.Query()
	q.query.Author, q.query.Cursor = v.Get("author"), v.Get("cursor")
	q.query.Search, q.query.Tags = r.Query("search"), r.Query("filter")
	if err := checkFilters(q.query.Author, q.query.Search, q.query.Tags); err != nil {
		return err
	}
	if q.query.Sort, err = parseSort(v.Get("sort"), v.Get("direction")); err != nil {
		return err
	}
	if err := q.parseFields(t, r); err != nil {
		return err
	}
	most := maxListPage
	if q.fields["siblings"] || q.fields.ofFiles() {
		most = maxOpenedPage
	}
	if q.query.Limit, err = pageSize(r, most, most); err != nil {
		return err
	}
	if v.Get("gated") != "" && t != hub.Space {
		b, err := r.QueryBool("gated")
		if err != nil {
			return err
		}
		q.query.Gated = &b
	}
	return q.parseOwn(t, r)
}

// parseOwn reads the filters that only one type has.
func (q *listRequest) parseOwn(t hub.RepoType, r *httpd.Request) error {
	v := r.URL.Query()
	var unknown []string
	switch t {
	case hub.Model:
		q.query.PipelineTag = v.Get("pipeline_tag")
		q.none = v.Get("inference") != "" || v.Get("inference_provider") != "" // no model here is served by anybody
		unknown = []string{"apps", "num_parameters"}
	case hub.Space:
		return q.parseUses(r)
	}
	for _, name := range unknown {
		if len(r.Query(name)) > 0 {
			return hub.Errorf(hub.NotImplemented, "This hub cannot filter %s by %s.", t.Plural(), name)
		}
	}
	return nil
}

// parseUses reads what a Space must say to use, and whether to show it.
// Source: huggingface_hub hf_api.py, list_spaces.
func (q *listRequest) parseUses(r *httpd.Request) error {
	models, datasets := r.Query("models"), r.Query("datasets")
	if err := checkFilters("", q.query.Search, q.query.Tags, models, datasets); err != nil {
		return err
	}
	for _, id := range models {
		q.query.Tags = append(q.query.Tags, modelcard.UsesTag(hub.Model, id))
	}
	for _, id := range datasets {
		q.query.Tags = append(q.query.Tags, modelcard.UsesTag(hub.Dataset, id))
	}
	linked, err := r.QueryBool("linked")
	if linked && len(r.Query("expand")) == 0 {
		q.fields["models"], q.fields["datasets"] = true, true
	}
	return err
}

func (q *listRequest) parseFields(t hub.RepoType, r *httpd.Request) (err error) {
	if names := r.Query("expand"); len(names) > 0 {
		q.fields, err = expanded(t, names)
		return err
	}
	in := uint8(inList)
	full, err := r.QueryBool("full")
	if err != nil {
		return err
	}
	if full {
		in |= inFull
	}
	q.fields = defaults(t, in)
	for _, name := range []string{"cardData", "config"} {
		on, err := r.QueryBool(name)
		if err != nil {
			return err
		}
		if on {
			q.fields[name] = true
		}
	}
	return nil
}

func checkFilters(author string, lists ...[]string) error {
	n, longest := 0, len(author)
	for _, l := range lists {
		n += len(l)
		for _, s := range l {
			longest = max(longest, len(s))
		}
	}
	if n > maxFilters || longest > maxFilterLength {
		return hub.Errorf(hub.InvalidInput, "A listing takes at most %d search and filter values of at most %d bytes.", maxFilters, maxFilterLength)
	}
	return nil
}

// parseSort reads the order. Listings always descend, which old clients spell out as direction=-1.
func parseSort(sort, direction string) (hub.RepoSort, error) {
	if direction != "" && direction != "-1" {
		return "", hub.Errorf(hub.InvalidInput, "Listings are sorted in descending order only; direction may be -1.")
	}
	switch sort {
	case "":
		return hub.SortTrending, nil
	case "lastModified", "last_modified":
		return hub.SortModified, nil
	case "createdAt", "created_at":
		return hub.SortCreated, nil
	case "trendingScore", "trending_score":
		return hub.SortTrending, nil
	case "likes", "likes30d":
		return hub.SortLikes, nil
	case "downloads":
		return hub.SortDownloads, nil
	case "id":
		return hub.SortID, nil
	}
	return "", hub.Errorf(hub.InvalidInput, "Unknown sort: use lastModified, createdAt, downloads, likes, trendingScore or id.")
}

func (a *API) listRepos(w http.ResponseWriter, r *httpd.Request, q listRequest, g access.Grant) error {
	if q.err != nil {
		return q.err
	}
	if q.none {
		httpd.WriteJSON(w, http.StatusOK, []string{})
		return nil
	}
	page, next, err := a.Repos.List(r.Context(), g, q.query)
	if err != nil {
		return err
	}
	if next != "" {
		setNext(w, r, strings.TrimSuffix(r.URL.EscapedPath(), "/"), map[string]string{"cursor": next})
	}
	return respond(w, func(out *bufio.Writer) error {
		return array(out, func(emit func(any) error) error {
			for _, repo := range page {
				if err := a.emitItem(r, g, repo, q.fields, emit); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (a *API) emitItem(r *httpd.Request, g access.Grant, repo hub.Repo, s selection, emit func(any) error) error {
	d := described{repo: repo, card: repo.Card, api: a}
	if s["siblings"] || s.ofFiles() {
		view, err := a.peek(r, g, repo, s)
		if hub.Is(err, hub.RepoNotFound) {
			return nil // deleted since it was listed
		}
		if err != nil {
			return err
		}
		defer view.Close()
		d.view = view
	}
	m, err := d.members(r.Context(), s)
	if err != nil {
		return err
	}
	return emit(m)
}

// ofFiles tells whether something is asked for that stands in files, and so is only for those who may read them.
func (s selection) ofFiles() bool { return s["config"] || s["safetensors"] }

// peek opens a repository of a list. Whether its files may be read is decided only where it matters.
func (a *API) peek(r *httpd.Request, g access.Grant, repo hub.Repo, s selection) (*repos.View, error) {
	if a.Authz == nil || !s.ofFiles() {
		return a.Repos.Peek(r.Context(), g, repo)
	}
	one, err := a.Authz.Authorize(r.Context(), g.Subject(), access.Need{Action: access.RepoView, Target: access.Repo(repo.RepoID)})
	if err != nil {
		return nil, err
	}
	return a.Repos.View(r.Context(), one, "")
}
