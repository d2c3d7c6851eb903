package transfer

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// maxParts is the largest number of parts of one upload: beyond it the parts grow, so that the list of their
// URLs stays of reasonable size.
const maxParts = 5000

func (s *Service) partSize(size int64) int64 {
	part := s.cfg.PartSize
	if least := (size + maxParts - 1) / maxParts; part < least {
		part = (least + 1<<20 - 1) >> 20 << 20
	}
	return part
}

func partCount(u hub.Upload) int { return int((u.Size + u.PartSize - 1) / u.PartSize) }

// Part is one stored part of an upload.
type Part struct {
	Number int
	Size   int64  // in bytes
	ETag   string // without quotes
}

// multipart finds an upload in parts of the repository of g; NotFound.
func (s *Service) multipart(ctx context.Context, g access.Grant, id hub.ID) (hub.Repo, hub.Upload, error) {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return repo, hub.Upload{}, err
	}
	u, err := s.meta.UploadByID(ctx, id)
	if err == nil && (u.RepoID != repo.ID || u.Kind != uploadMultipart) {
		err = hub.Errorf(hub.NotFound, "There is no such upload; it may have expired. Start again with a new batch request.")
	}
	return repo, u, err
}

// PutPart takes one part; number counts from 1. Sending a part again replaces it, and the older bytes are deleted once the newer
// are durable and named. Unprocessable when it has not
// exactly the length that its number asks for.
func (s *Service) PutPart(ctx context.Context, g access.Grant, id hub.ID, number int, r io.Reader) (Part, error) {
	_, u, err := s.multipart(ctx, g, id)
	if err != nil {
		return Part{}, err
	}
	n := partCount(u)
	if number < 1 || number > n {
		return Part{}, hub.Errorf(hub.InvalidInput, "The upload has parts 1 to %d.", n)
	}
	size := u.PartSize
	if number == n {
		size = u.Size - int64(n-1)*u.PartSize
	}
	key := fmt.Sprintf("%s%d-%s", partPrefix(u), number, hub.NewID())
	body := s.body(ctx, r, u)
	info, err := s.blobs.Create(ctx, key, body, blob.Expect{Size: size})
	if err != nil {
		if body.failed != nil {
			err = readFailure(err)
		}
		return Part{}, err
	}
	p := hub.UploadPart{Number: number, Size: size, ETag: string(info.SHA256), BlobKey: key}
	if err := s.addPart(ctx, u, p); err != nil {
		return Part{}, err
	}
	if err := s.meta.ExtendUpload(ctx, u.ID, s.now().Add(s.cfg.Lease)); err != nil {
		return Part{}, err
	}
	return Part{Number: number, Size: size, ETag: p.ETag}, nil
}

// addPart makes p a part of the upload. It waits while the upload is being completed, which reads the parts that there are.
func (s *Service) addPart(ctx context.Context, u hub.Upload, p hub.UploadPart) error {
	leave, err := s.upload.Enter(ctx, u.ID)
	if err != nil {
		s.drop(context.WithoutCancel(ctx), p.BlobKey)
		return err
	}
	defer leave()
	unused, err := s.meta.AddUploadPart(ctx, u.ID, p)
	if hub.Is(err, hub.NotFound) { // after any other error the part may be there: the sweeper knows
		unused = p.BlobKey
	}
	if unused != "" {
		s.drop(context.WithoutCancel(ctx), unused)
	}
	return err
}

// partPrefix begins the keys of all parts of an upload. They share one folder with those of others: folders stay when they
// are empty, so that none may be made for each upload.
func partPrefix(u hub.Upload) string { return "part/" + string(u.ID) + "-" }

func (s *Service) drop(ctx context.Context, key string) {
	if err := s.blobs.Delete(ctx, key); err != nil {
		s.logErr(ctx, "deleting a part", err)
	}
}

// UploadedParts lists the parts that have arrived, so that a client can go on where it stopped, and the length of
// a part in bytes.
func (s *Service) UploadedParts(ctx context.Context, g access.Grant, id hub.ID) (parts []Part, partSize int64, err error) {
	_, u, err := s.multipart(ctx, g, id)
	if err != nil {
		return nil, 0, err
	}
	stored, err := s.meta.UploadParts(ctx, u.ID)
	for _, p := range stored {
		parts = append(parts, Part{Number: p.Number, Size: p.Size, ETag: p.ETag})
	}
	return parts, u.PartSize, err
}

// CompleteParts puts the parts together, verifies size and SHA-256, and makes the object part of the repository.
// parts must name every part with its ETag. It may be repeated. InvalidInput when parts are missing or others;
// Unprocessable when the whole is not what was announced: then the upload has ended and nothing is kept.
func (s *Service) CompleteParts(ctx context.Context, g access.Grant, id hub.ID, d hub.Digest, parts []Part, ev hub.Event) error {
	leave, err := s.upload.Enter(ctx, id)
	if err != nil {
		return err
	}
	defer leave()
	repo, u, err := s.multipart(ctx, g, id)
	if hub.Is(err, hub.NotFound) {
		return s.completedBefore(ctx, repo, d, err)
	}
	if err != nil {
		return err
	}
	o := Object{Digest: u.Digest, Size: u.Size}
	if d != u.Digest {
		return hub.Errorf(hub.InvalidInput, "The upload is for another object.")
	}
	keys, err := s.compose(ctx, u, parts)
	if err != nil {
		return err
	}
	if err := s.link(ctx, g, repo, o, lfsEvent(ev, repo, o, "uploaded in "+strconv.Itoa(len(keys))+" parts")); err != nil {
		return err
	}
	s.forgetParts(ctx, u)
	return nil
}

// composeTries is how often parts are put together of which some were replaced meanwhile, on another node.
const composeTries = 3

// compose puts the parts together under the key of the object, and returns their keys.
func (s *Service) compose(ctx context.Context, u hub.Upload, parts []Part) (keys []string, err error) {
	for range composeTries {
		keys, err = s.partKeys(ctx, u, parts)
		if err != nil {
			return nil, err
		}
		_, err = s.blobs.Compose(ctx, blobKey(u.Digest), keys, blob.Expect{Size: u.Size, SHA256: u.Digest})
		if hub.Is(err, hub.Unprocessable) {
			s.forgetParts(ctx, u)
		}
		if !hub.Is(err, hub.NotFound) {
			return keys, err
		}
	}
	return nil, err
}

// completedBefore answers a repeated completion: fine if the repository has the object, else missing.
func (s *Service) completedBefore(ctx context.Context, repo hub.Repo, d hub.Digest, missing error) error {
	have, err := s.meta.LFSObjects(ctx, repo.ID, []hub.Digest{d})
	if err != nil {
		return err
	}
	if _, ok := have[d]; ok {
		return nil
	}
	return missing
}

// partKeys checks what the client believes to have sent against what is stored.
func (s *Service) partKeys(ctx context.Context, u hub.Upload, parts []Part) ([]string, error) {
	stored, err := s.meta.UploadParts(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	byNumber := map[int]hub.UploadPart{}
	for _, p := range stored {
		byNumber[p.Number] = p
	}
	n := partCount(u)
	if len(parts) != n {
		return nil, hub.Errorf(hub.InvalidInput, "The upload has %d parts, the completion names %d.", n, len(parts))
	}
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b Part) int { return a.Number - b.Number })
	keys := make([]string, n)
	for i, p := range parts {
		have, ok := byNumber[i+1]
		switch {
		case p.Number != i+1:
			return nil, hub.Errorf(hub.InvalidInput, "The completion must name each of the parts 1 to %d once.", n)
		case !ok:
			return nil, hub.Errorf(hub.InvalidInput, "Part %d has not arrived.", p.Number)
		case strings.Trim(p.ETag, `"`) != have.ETag:
			return nil, hub.Errorf(hub.InvalidInput, "Part %d is not the one that was stored: its ETag differs.", p.Number)
		}
		keys[i] = have.BlobKey
	}
	return keys, nil
}

// forgetParts ends an upload whose bytes are published or refused. The row goes last: until then the sweeper
// knows where to look.
func (s *Service) forgetParts(ctx context.Context, u hub.Upload) {
	ctx = context.WithoutCancel(ctx)
	if err := s.deleteParts(ctx, u); err != nil {
		s.logErr(ctx, "deleting the parts of an upload", err)
		return
	}
	s.endUpload(ctx, u, false)
}

func (s *Service) deleteParts(ctx context.Context, u hub.Upload) error {
	var keys []string
	err := s.blobs.Keys(ctx, partPrefix(u), func(key string, _ int64) error {
		keys = append(keys, key)
		return nil
	})
	for _, key := range keys {
		if err == nil {
			err = s.blobs.Delete(ctx, key)
		}
	}
	return err
}
