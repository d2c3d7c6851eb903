package transfer

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Copy makes a large file of one repository, for which g has RepoContentRead, part of another one, for which it has
// RepoWrite. Between repositories of one owner only rows change, and file must be the chunked file that the source has
// under the digest. Owners have their chunks apart, so from one to another the bytes are read, as if the caller had fetched
// and sent them; file is not looked at then. NotFound when the source does not have the object. It may be repeated.
func (s *Service) Copy(ctx context.Context, g access.Grant, file xethash.Hash, d hub.Digest, ev hub.Event) error {
	source, err := g.Repo(access.RepoContentRead)
	if err != nil {
		return err
	}
	target, err := g.Repo(access.RepoWrite)
	if err != nil {
		return err
	}
	if source.NamespaceID == target.NamespaceID && s.xet != nil {
		return s.xet.Copy(ctx, g, file, d, ev)
	}
	if have, err := s.meta.LFSObjects(ctx, target.ID, []hub.Digest{d}); err != nil || len(have) > 0 {
		return err
	}
	o, err := s.openLarge(ctx, source, d)
	if err != nil {
		return err
	}
	defer o.Close()
	// The bytes are read even where they lie stored in one piece: nothing but the open file keeps them from being swept
	// away before they are linked.
	return s.PutObject(ctx, g, Object{Digest: d, Size: o.Size()}, o, ev)
}
