package meta

import (
	"cmp"
	"context"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Limits of a listing's query.
const (
	MaxListLimit   = 1000 // repositories on a page
	maxSearchTerms = 16
	maxTags        = 64
	maxFullName    = 2*hub.MaxName + 1 // bytes; no longer term can be part of a name
)

// sortColumns are what a listing can be ordered by. Those of type string order names.
var sortColumns = map[hub.RepoSort]string{
	hub.SortCreated:   "r.created_at",
	hub.SortModified:  "r.updated_at",
	hub.SortDownloads: "r.downloads",
	hub.SortLikes:     "r.likes",
	hub.SortTrending:  "r.trending",
	hub.SortID:        "r.full_key",
}

const (
	ofType    = `r.type = ?`
	ofAuthor  = `n.name_key = ?`
	ofSearch  = `r.full_key LIKE ? ESCAPE '\'`
	ofTag     = `EXISTS (SELECT 1 FROM repo_tags t WHERE t.repo_id = r.id AND t.tag = ?)`
	ofTask    = `r.pipeline_tag = ?`
	ofGated   = `r.gated <> ''`
	ofUngated = `r.gated = ''`
	ofNothing = `1 = 0`
)

// ListRepos returns a page of repositories in descending order, and the cursor of the next page, empty at the end.
// Repositories that change between two pages may be missed or come twice; all others come exactly once. InvalidInput
// for a limit, order, cursor or number of terms that is not allowed.
func (db *DB) ListRepos(ctx context.Context, q hub.RepoQuery) (repos []hub.Repo, next string, err error) {
	q.Sort = cmp.Or(q.Sort, hub.SortTrending)
	text, args, err := listing(q)
	if err != nil {
		return nil, "", err
	}
	// Composed texts are many, so their statements are not kept.
	rows := db.over(direct{eng: db.eng, on: db.pool})
	repos, err = collect(ctx, rows, scanRepo, text, args...)
	if err != nil {
		return nil, "", db.fail(err, "listing repositories")
	}
	if len(repos) > q.Limit {
		repos = repos[:q.Limit]
		next = cursorAfter(q.Sort, repos[q.Limit-1]).String()
	}
	return repos, next, nil
}

// listing composes the query of one page and one row more.
func listing(q hub.RepoQuery) (text string, args []any, err error) {
	column, ok := sortColumns[q.Sort]
	switch {
	case !ok:
		return "", nil, hub.Errorf(hub.InvalidInput, "A listing cannot be sorted by %q.", string(q.Sort))
	case q.Limit < 1 || q.Limit > MaxListLimit:
		return "", nil, hub.Errorf(hub.InvalidInput, "The limit of a listing is a number from 1 to %d.", MaxListLimit)
	case len(q.Search) > maxSearchTerms:
		return "", nil, hub.Errorf(hub.InvalidInput, "A search has at most %d terms.", maxSearchTerms)
	case len(q.Tags) > maxTags:
		return "", nil, hub.Errorf(hub.InvalidInput, "A listing is filtered by at most %d tags.", maxTags)
	}
	where := []string{isVisible}
	args = visibleArgs(q.Visible)
	add := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	if q.Type != "" {
		add(ofType, q.Type)
	}
	if q.Author != "" {
		add(ofAuthor, hub.NameKey(q.Author))
	}
	for _, term := range q.Search {
		if len(term) > maxFullName { // SQLite refuses patterns that are much longer
			add(ofNothing)
			continue
		}
		add(ofSearch, "%"+likeEscaper.Replace(strings.ToLower(term))+"%")
	}
	for _, tag := range q.Tags {
		add(ofTag, tag)
	}
	if q.PipelineTag != "" {
		add(ofTask, q.PipelineTag)
	}
	if q.Gated != nil && *q.Gated {
		add(ofGated)
	} else if q.Gated != nil {
		add(ofUngated)
	}
	if q.Cursor != "" {
		c, err := parseCursor(q.Sort, q.Cursor)
		if err != nil {
			return "", nil, err
		}
		add("("+column+", r.id) < (?, ?)", c.value(), c.ID)
	}
	args = append(args, q.Limit+1)
	return repoColumns + "WHERE " + strings.Join(where, " AND ") + " ORDER BY " + column + " DESC, r.id DESC LIMIT ?", args, nil
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
