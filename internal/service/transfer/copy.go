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
	source, target, err := fromAndTo(g)
	if err != nil {
		return err
	}
	if source.NamespaceID == target.NamespaceID && s.xet != nil {
		return s.xet.Copy(ctx, g, file, d, ev)
	}
	return s.takeOver(ctx, g, d, ev)
}

// fromAndTo are the repositories that g may read and write.
func fromAndTo(g access.Grant) (source, target hub.Repo, err error) {
	if source, err = g.Repo(access.RepoContentRead); err != nil {
		return source, target, err
	}
	target, err = g.Repo(access.RepoWrite)
	return source, target, err
}

// takeOver is Copy for files in one piece, and for chunked ones of another owner.
func (s *Service) takeOver(ctx context.Context, g access.Grant, d hub.Digest, ev hub.Event) error {
	source, target, err := fromAndTo(g)
	if err != nil {
		return err
	}
	if have, err := s.meta.LFSObjects(ctx, target.ID, []hub.Digest{d}); err != nil || len(have) > 0 {
		return err
	}
	if done, err := s.share(ctx, g, source, target, d, ev); done || err != nil {
		return err
	}
	o, err := s.openLarge(ctx, source, d)
	if err != nil {
		return err
	}
	defer o.Close()
	return s.PutObject(ctx, g, Object{Digest: d, Size: o.Size()}, o, ev)
}

// share links an object that the source has in one piece to the target as well, without reading it; false when it has it
// otherwise or not at all.
func (s *Service) share(ctx context.Context, g access.Grant, source, target hub.Repo, d hub.Digest, ev hub.Event) (bool, error) {
	_, size, err := s.meta.LFSKeyIn(ctx, source.ID, d)
	if hub.Is(err, hub.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	o := Object{Digest: d, Size: size}
	u := s.newUpload(g, target, uploadBasic, o)
	if err := s.meta.CreateUpload(ctx, u); err != nil {
		return false, err
	}
	defer s.endUpload(ctx, u, false)
	// Looked for once more, since nothing kept the bytes from being swept before the intent was there.
	if _, _, err := s.meta.LFSKeyIn(ctx, source.ID, d); err != nil {
		if hub.Is(err, hub.NotFound) {
			err = nil
		}
		return false, err
	}
	return true, s.link(ctx, g, target, o, lfsEvent(ev, target, o, "copied"))
}
