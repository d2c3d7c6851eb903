package hubapi

import (
	"context"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// xetHashes returns, by their digests, the hashes of the large files that the caller can fetch by Xet. Clients that see one
// go for a token at once, so callers who would not get it see none.
func (a *API) xetHashes(ctx context.Context, view *repos.View, entries []gitrepo.Entry) (map[hub.Digest]string, error) {
	if a.Xet == nil || !view.Content {
		return nil, nil
	}
	sizes := map[hub.Digest]int64{}
	var digests []hub.Digest
	for _, e := range entries {
		if e.LFS != nil {
			sizes[e.LFS.Digest] = e.LFS.Size
			digests = append(digests, e.LFS.Digest)
		}
	}
	refs, err := a.Xet.Refs(ctx, view.Repo.ID, digests)
	if err != nil {
		return nil, err
	}
	hashes := make(map[hub.Digest]string, len(refs))
	for d, ref := range refs {
		if ref.Size == sizes[d] {
			hashes[d] = xethash.Hash(ref.Hash).String()
		}
	}
	return hashes, nil
}
