package transfer

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// MaxBatch is how many objects one LFS batch may name.
const MaxBatch = 1000

// The kinds of hub.Upload.
const (
	uploadBasic     = "lfs-basic"
	uploadMultipart = "lfs-multipart"
)

// Object is a large file as a client names it.
type Object struct {
	Digest hub.Digest
	Size   int64 // in bytes
}

// Plan says what is to be done with one object of a batch. Exactly one of its states holds.
type Plan struct {
	Object
	Err    error // nothing can be done: a *hub.Error for the caller
	Have   bool  // the repository has it
	Upload bool  // to be sent: in one piece, or in parts when PartSize is not 0

	UploadID hub.ID // of the upload in parts
	PartSize int64  // bytes of each part but the last
	Parts    int
}

// PlanUpload decides for each object whether it must be sent, and opens uploads in parts where multipart says
// that the client can do them. Objects that the caller may read elsewhere are linked to the repository instead.
func (s *Service) PlanUpload(ctx context.Context, g access.Grant, objects []Object, multipart bool, ev hub.Event) ([]Plan, error) {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return nil, err
	}
	have, err := s.linked(ctx, repo, objects)
	if err != nil {
		return nil, err
	}
	plans := make([]Plan, len(objects))
	inParts := false
	for i, o := range objects {
		p := Plan{Object: o}
		size, ok := have[o.Digest]
		switch {
		case o.Size < 0 || o.Size > s.cfg.MaxFile:
			p.Err = hub.Errorf(hub.Unprocessable, "The size must be between 0 and %d bytes.", s.cfg.MaxFile)
		case ok && size != o.Size:
			p.Err = wrongSize(o, size)
		case ok:
			p.Have = true
		default:
			if p.Have, err = s.linkReadable(ctx, g, repo, o, ev); err != nil {
				return nil, err
			}
			p.Upload = !p.Have
			inParts = inParts || p.Upload && multipart && o.Size > s.cfg.PartSize
		}
		plans[i] = p
	}
	if inParts {
		// git-lfs takes one kind of transfer for all objects of a batch, so one big object decides for all.
		err = s.openUploads(ctx, g, repo, plans)
	}
	return plans, err
}

// Patience is how long the uploads of one batch may take to begin: the URLs of the last object must still be good
// when all the others have been sent over a slow line.
func (s *Service) Patience(objects []Object) time.Duration {
	const least, most = 6 * time.Hour, 7 * 24 * time.Hour
	var total int64
	for _, o := range objects {
		if o.Size > 0 && o.Size <= s.cfg.MaxFile {
			total += o.Size
		}
	}
	return min(least+time.Duration(total>>20)*time.Second, most) // at 1 MiB/s
}

func (s *Service) openUploads(ctx context.Context, g access.Grant, repo hub.Repo, plans []Plan) error {
	var objects []Object
	for _, p := range plans {
		if p.Upload {
			objects = append(objects, p.Object)
		}
	}
	lease := s.now().UTC().Add(max(s.cfg.Lease, s.Patience(objects)))
	for i := range plans {
		p := &plans[i]
		if !p.Upload {
			continue
		}
		u := s.newUpload(g, repo, uploadMultipart, p.Object)
		u.PartSize, u.Lease = s.partSize(p.Size), lease
		p.UploadID, p.PartSize, p.Parts = u.ID, u.PartSize, partCount(u)
		if err := s.meta.CreateUpload(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

func wrongSize(o Object, size int64) error {
	return hub.Errorf(hub.Unprocessable, "The object %s has %d bytes, not %d.", o.Digest, size, o.Size)
}

// linkReadable links an object to the repository when the caller may read it in another one, which is as good
// as sending it.
func (s *Service) linkReadable(ctx context.Context, g access.Grant, repo hub.Repo, o Object, ev hub.Event) (bool, error) {
	ok, err := s.meta.LFSReadableLink(ctx, o.Digest, g.Subject().Visible())
	if err != nil || !ok {
		return false, err
	}
	size, err := s.meta.LFSSize(ctx, o.Digest)
	if hub.Is(err, hub.NotFound) || err == nil && size != o.Size {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, s.link(ctx, g, repo, o, lfsEvent(ev, repo, o, "linked"))
}

func lfsEvent(ev hub.Event, repo hub.Repo, o Object, how string) hub.Event {
	ev.Type, ev.RepoID, ev.NamespaceID = "repo.lfs", repo.ID, repo.NamespaceID
	ev.Message = "Large file " + string(o.Digest) + " " + how + "."
	return ev
}

func (s *Service) newUpload(g access.Grant, repo hub.Repo, kind string, o Object) hub.Upload {
	now := s.now().UTC()
	return hub.Upload{
		ID: hub.NewID(), Kind: kind, RepoID: repo.ID, UserID: g.Subject().UserID(), TokenID: g.Subject().TokenID(),
		Digest: o.Digest, Size: o.Size, CreatedAt: now, Lease: now.Add(s.cfg.Lease),
	}
}

// PlanDownload tells for each object whether the repository has it; Err is NotFound where it has not.
func (s *Service) PlanDownload(ctx context.Context, g access.Grant, objects []Object) ([]Plan, error) {
	repo, err := g.Repo(access.RepoContentRead)
	if err != nil {
		return nil, err
	}
	have, err := s.linked(ctx, repo, objects)
	if err != nil {
		return nil, err
	}
	plans := make([]Plan, len(objects))
	for i, o := range objects {
		plans[i] = Plan{Object: o}
		switch size, ok := have[o.Digest]; {
		case !ok:
			plans[i].Err = noObject()
		case size != o.Size:
			plans[i].Err = wrongSize(o, size)
		default:
			plans[i].Have = true
		}
	}
	return plans, nil
}

func noObject() error {
	return hub.Errorf(hub.NotFound, "The object does not exist in this repository.")
}

func (s *Service) linked(ctx context.Context, repo hub.Repo, objects []Object) (map[hub.Digest]int64, error) {
	if len(objects) > MaxBatch {
		return nil, hub.Errorf(hub.TooLarge, "A batch holds at most %d objects.", MaxBatch)
	}
	digests := make([]hub.Digest, len(objects))
	for i, o := range objects {
		digests[i] = o.Digest
	}
	return s.meta.LFSObjects(ctx, repo.ID, digests)
}

// VerifyUpload tells whether the repository has the object with that size: NotFound, Unprocessable.
func (s *Service) VerifyUpload(ctx context.Context, g access.Grant, o Object) error {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return err
	}
	have, err := s.linked(ctx, repo, []Object{o})
	if err != nil {
		return err
	}
	size, ok := have[o.Digest]
	if !ok {
		return noObject()
	}
	if size != o.Size {
		return wrongSize(o, size)
	}
	return nil
}

// OpenObject opens a large file of the repository for reading; the caller closes it. NotFound.
func (s *Service) OpenObject(ctx context.Context, g access.Grant, d hub.Digest) (blob.Object, error) {
	repo, err := g.Repo(access.RepoContentRead)
	if err != nil {
		return nil, err
	}
	return s.openLarge(ctx, repo, d)
}

// OpenChunked opens a large file of a repository that lies as chunks, for the operator's exports; the caller closes it.
// NotFound.
func (s *Service) OpenChunked(ctx context.Context, repoID hub.ID, d hub.Digest) (blob.Object, error) {
	if s.xet == nil {
		return nil, noObject()
	}
	return s.xet.OpenDigest(ctx, repoID, d)
}

// openLarge opens an object that must belong to the repository: a pointer alone opens nothing.
func (s *Service) openLarge(ctx context.Context, repo hub.Repo, d hub.Digest) (blob.Object, error) {
	key, _, err := s.meta.LFSKeyIn(ctx, repo.ID, d)
	switch {
	case err == nil:
		return s.blobs.Open(ctx, key)
	case !hub.Is(err, hub.NotFound):
		return nil, err
	case s.xet == nil:
		return nil, noObject()
	}
	o, err := s.xet.OpenDigest(ctx, repo.ID, d)
	if hub.Is(err, hub.NotFound) {
		return nil, noObject()
	}
	return o, err
}
