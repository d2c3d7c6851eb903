package repos

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/modelcard"
	"github.com/ambit-hub/ambit/internal/hub"
)

// List returns a page of the repositories that q selects and the caller may see. g must hold RepoList.
func (s *Service) List(ctx context.Context, g access.Grant, q hub.RepoQuery) (page []hub.Repo, next string, err error) {
	if err := g.Has(access.RepoList); err != nil {
		return nil, "", err
	}
	q.Visible = g.Subject().Visible()
	for i, t := range q.Tags {
		q.Tags[i] = modelcard.QueryTag(q.Type, t)
	}
	return s.meta.ListRepos(ctx, q)
}

// Peek opens a repository that List returned to the same caller at its default branch.
func (s *Service) Peek(ctx context.Context, g access.Grant, repo hub.Repo) (*View, error) {
	if err := g.Has(access.RepoList); err != nil {
		return nil, err
	}
	// A list may show gated repositories whose files the caller cannot read, so it never shows what is masked.
	return s.open(ctx, repo, "", false)
}

// Owned is one repository in the list of all that a namespace owns.
type Owned struct {
	hub.RepoID
	ID         hub.ID
	Visibility hub.Visibility
	Bytes      int64
	Updated    int64 // Unix milliseconds
}

// MaxOwned is the number of repositories of a namespace up to which Owned lists them.
const MaxOwned = 20_000

// Owned lists the repositories of one or all types in the namespace of g, which must hold NamespaceListAll, as
// far as the caller may see them. search is a substring of the name, without regard to case.
func (s *Service) Owned(ctx context.Context, g access.Grant, types []hub.RepoType, search string) ([]Owned, error) {
	ns, err := g.Namespace(access.NamespaceListAll)
	if err != nil {
		return nil, err
	}
	var out []Owned
	for _, t := range types {
		q := hub.RepoQuery{Type: t, Author: ns.Name, Visible: g.Subject().Visible(), Sort: hub.SortCreated, Limit: 200}
		if search != "" {
			q.Search = []string{search}
		}
		for {
			page, next, err := s.meta.ListRepos(ctx, q)
			if err != nil {
				return nil, err
			}
			for _, r := range page {
				out = append(out, Owned{RepoID: r.RepoID, ID: r.ID, Visibility: r.Visibility,
					Bytes: r.GitBytes + r.LFSBytes, Updated: r.UpdatedAt.UnixMilli()})
			}
			if len(out) > MaxOwned {
				return nil, hub.Errorf(hub.TooLarge, "%s owns more than %d repositories; narrow the list with search or type.", ns.Name, MaxOwned)
			}
			if next == "" {
				break
			}
			q.Cursor = next
		}
	}
	return out, nil
}
