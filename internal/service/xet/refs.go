package xet

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Refs returns those of the repository's large files that clients can fetch by Xet.
func (s *Service) Refs(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]hub.XetRef, error) {
	if len(digests) == 0 {
		return nil, nil
	}
	return s.meta.XetRefs(ctx, repoID, digests)
}

// Copy links a file of one repository, for which g has RepoContentRead, to another of the same owner, for which it has
// RepoWrite. NotFound when the first does not have the file under this digest, Unprocessable across owners: their chunks
// are kept apart.
func (s *Service) Copy(ctx context.Context, g access.Grant, file xethash.Hash, d hub.Digest, ev hub.Event) error {
	source, err := g.Repo(access.RepoContentRead)
	if err != nil {
		return err
	}
	target, err := g.Repo(access.RepoWrite)
	if err != nil {
		return err
	}
	if source.NamespaceID != target.NamespaceID {
		return hub.Errorf(hub.Unprocessable, "Files are copied between repositories of one owner only: upload them again.")
	}
	ev.RepoID, ev.NamespaceID = target.ID, target.NamespaceID
	ev.Message = "Copied the large file " + string(d) + " from " + source.FullName() + "."
	return s.meta.CopyXet(ctx, source.ID, target.ID, file, d, ev)
}
