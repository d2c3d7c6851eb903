// Package duplicates makes repositories out of others.
package duplicates

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/repos"
)

// Repos makes and deletes repositories; repos.Service is one.
type Repos interface {
	Create(ctx context.Context, g access.Grant, n repos.NewRepo, ev hub.Event) (hub.Repo, error)
	Delete(ctx context.Context, g access.Grant, ev hub.Event) error
}

// Filler copies the files of one repository into another; transfer.Service is one.
type Filler interface {
	Fill(ctx context.Context, g access.Grant, message string, ev hub.Event) error
}

// Authorizer decides; access.Authorizer is one.
type Authorizer interface {
	Authorize(ctx context.Context, s *access.Subject, needs ...access.Need) (access.Grant, error)
}

// Service makes repositories out of others. It is safe for concurrent use.
type Service struct {
	repos    Repos
	files    Filler
	authz    Authorizer
	logError func(context.Context, string, error)
}

// New makes a Service. logError is told about what could not be undone; nil is allowed.
func New(r Repos, f Filler, a Authorizer, logError func(context.Context, string, error)) *Service {
	if logError == nil {
		logError = func(context.Context, string, error) {}
	}
	return &Service{r, f, a, logError}
}

// undoTime is how long deleting a half-filled repository may take.
const undoTime = 10 * time.Second

// Duplicate makes the repository that g allows to create, with the files of the default branch of the one for which it
// has RepoContentRead, as one commit. Without a wish in n it is not seen by more people than the source: what is not public is
// not made public. A Space keeps its kind. When the files cannot be copied, the new repository is deleted again;
// a hub that ends in between leaves it without them.
//
// Codes are those of repos.Create and transfer.Fill; Conflict has the URL of the repository that exists.
func (s *Service) Duplicate(ctx context.Context, g access.Grant, n repos.NewRepo, ev hub.Event) (hub.Repo, error) {
	source, err := g.Repo(access.RepoContentRead)
	if err != nil {
		return hub.Repo{}, err
	}
	if n.Visibility == "" && source.Visibility != hub.Public {
		n.Visibility = source.Visibility
	}
	n.SDK = source.SDK
	repo, err := s.repos.Create(ctx, g, n, ev)
	if err != nil {
		return hub.Repo{}, err
	}
	both, err := s.authz.Authorize(ctx, g.Subject(), access.Need{Action: access.RepoContentRead, Target: access.Repo(source.RepoID)},
		access.Need{Action: access.RepoWrite, Target: access.Repo(repo.RepoID)})
	if err == nil {
		filled := ev
		filled.Type = "repo.commit"
		err = s.files.Fill(ctx, both, title(source), filled)
	}
	if err != nil {
		s.undo(ctx, g.Subject(), repo, ev)
		return hub.Repo{}, err
	}
	return repo, nil
}

// title is the message of the commit. Everybody who sees the new repository reads it, so it names only what everybody
// may know.
func title(source hub.Repo) string {
	if source.Visibility != hub.Public {
		return "Duplicate from another repository"
	}
	return "Duplicate from " + source.FullName()
}

// undo deletes what was just made, also when the caller has left.
func (s *Service) undo(ctx context.Context, who *access.Subject, repo hub.Repo, ev hub.Event) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	ev.Type = "repo.delete"
	g, err := s.authz.Authorize(ctx, who, access.Need{Action: access.RepoDelete, Target: access.Repo(repo.RepoID)})
	if err == nil {
		err = s.repos.Delete(ctx, g, ev)
	}
	if err != nil {
		s.logError(ctx, "deleting a repository that could not be filled", err)
	}
}
