package repos

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Readme returns README.md of the default branch of the repository on which g allows a: nil where there is none, or none
// of at most MaxReadme bytes. It stays readable before a gate, so that a is any action on the repository.
func (s *Service) Readme(ctx context.Context, g access.Grant, a access.Action) ([]byte, error) {
	repo, err := g.Repo(a)
	if err != nil {
		return nil, err
	}
	v, err := s.open(ctx, repo, "", false)
	if hub.Is(err, hub.RevisionNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer v.Close()
	return v.small(ctx, "README.md", MaxReadme)
}
