package repos

import (
	"context"
	"errors"

	"github.com/ambit-hub/ambit/internal/hub"
)

// cleanedTries is how often a change of refs begins anew because garbage was collected under it.
const cleanedTries = 10

// unlessCleaned makes a change of a repository, anew from its start when garbage was collected meanwhile: what the change
// stood on may be gone. repo is as the caller's grant has it; change must read objects after it has been given a repo.
func (s *Service) unlessCleaned(ctx context.Context, repo hub.Repo, change func(repo hub.Repo) error) error {
	for try := 1; ; try++ {
		err := change(repo)
		if !errors.Is(err, hub.ErrEpoch) || try == cleanedTries {
			return err
		}
		now, err := s.meta.RepoByID(ctx, repo.ID)
		if err != nil {
			return err
		}
		repo.GCEpoch = now.GCEpoch
	}
}
