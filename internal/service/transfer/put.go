package transfer

import (
	"context"
	"io"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// PutObject takes a large file in one piece. It may be repeated: bytes that are there already are read, checked
// and dropped. Unprocessable when size or SHA-256 differ from what o says; then nothing is kept.
func (s *Service) PutObject(ctx context.Context, g access.Grant, o Object, body io.Reader, ev hub.Event) error {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return err
	}
	if o.Size > s.cfg.MaxFile {
		return hub.Errorf(hub.TooLarge, "The file is larger than %d bytes.", s.cfg.MaxFile)
	}
	// The intent comes first: while it lives, no bytes of this digest are taken away.
	u := s.newUpload(g, repo, uploadBasic, o)
	if err := s.meta.CreateUpload(ctx, u); err != nil {
		return err
	}
	stored, err := s.receive(ctx, o, u, body)
	if err == nil {
		err = s.link(ctx, g, repo, o, lfsEvent(ev, repo, o, "uploaded"))
	}
	s.endUpload(ctx, u, err != nil && stored)
	return err
}

// receive makes the object's bytes durable, or checks that the caller has those that are there already. stored
// tells whether bytes may now lie in the store that no row names.
func (s *Service) receive(ctx context.Context, o Object, u hub.Upload, r io.Reader) (stored bool, err error) {
	body := s.body(ctx, r, u)
	_, err = s.meta.LFSSize(ctx, o.Digest)
	switch {
	case err == nil:
		// Nothing is said about it, not even its size, to a caller who has not shown to have all of it.
		return false, discard(ctx, body, o)
	case !hub.Is(err, hub.NotFound):
		return false, err
	}
	_, err = s.blobs.Create(ctx, blobKey(o.Digest), body, blob.Expect{Size: o.Size, SHA256: o.Digest})
	switch {
	case err == nil:
		return true, nil
	case body.failed != nil:
		return false, readFailure(err)
	case hub.Is(err, hub.Unprocessable):
		return false, err
	}
	return true, err
}

func discard(ctx context.Context, body io.Reader, o Object) error {
	v := blob.NewVerifier(ctx, body, blob.Expect{Size: o.Size, SHA256: o.Digest})
	if _, err := io.Copy(io.Discard, struct{ io.Reader }{v}); err != nil {
		return readFailure(err)
	}
	_, err := v.Finish()
	return err
}

// readFailure gives the failure of a request body a code; a client that went away hears nothing of it.
func readFailure(err error) error {
	if hub.CodeOf(err) != hub.Internal {
		return err
	}
	return hub.Wrap(err, hub.InvalidInput, "The upload broke off before its end.")
}

// bodyReader marks failures of the request body, so that they are not taken for failures of the store, and
// keeps the upload's lease alive while bytes arrive.
type bodyReader struct {
	io.Reader
	failed error
	every  time.Duration
	next   time.Time
	now    func() time.Time
	extend func()
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		b.failed = err
	}
	if now := b.now(); b.extend != nil && now.After(b.next) {
		b.next = now.Add(b.every)
		b.extend()
	}
	return n, err
}

func (s *Service) body(ctx context.Context, r io.Reader, u hub.Upload) *bodyReader {
	every := s.cfg.Lease / 4
	return &bodyReader{Reader: r, every: every, next: s.now().Add(every), now: s.now, extend: func() {
		if err := s.meta.ExtendUpload(ctx, u.ID, s.now().Add(s.cfg.Lease)); err != nil && ctx.Err() == nil {
			s.logErr(ctx, "extending the lease of an upload", err)
		}
	}}
}

// blobKey is where the bytes of a large file lie, whoever stores them. store/meta knows it too.
func blobKey(d hub.Digest) string { return "lfs/" + string(d) }

// link makes an object whose bytes are durable part of the repository, after deciding again whether the caller
// may.
func (s *Service) link(ctx context.Context, g access.Grant, repo hub.Repo, o Object, ev hub.Event) error {
	if _, err := s.authz.Recheck(ctx, g); err != nil {
		return err
	}
	return s.meta.CompleteLFS(ctx, repo.ID, o.Digest, o.Size, blobKey(o.Digest), ev)
}

// endUpload forgets an intent whose bytes are published, or were never stored. With orphan set the bytes may lie
// there without a row: then the intent is left to the sweeper, which finds them by it. It works also when the
// caller has left.
func (s *Service) endUpload(ctx context.Context, u hub.Upload, orphan bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var err error
	if orphan {
		err = s.meta.ExtendUpload(ctx, u.ID, s.now())
	} else {
		err = s.meta.DeleteUpload(ctx, u.ID)
	}
	if err != nil && !hub.Is(err, hub.NotFound) {
		s.logErr(ctx, "ending an upload", err)
	}
}
