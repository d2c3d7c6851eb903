package xet

import (
	"context"
	"io"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
)

// PutXorb takes a xorb in: it is verified chunk by chunk while it is stored, and belongs to the caller's domain when the
// call returns. inserted is false only when the domain had it before; that others have it is not told. Repeating it does
// no harm. InvalidInput for a body that is not the xorb h; then nothing is kept.
func (s *Service) PutXorb(ctx context.Context, g access.Grant, h xethash.Hash, body io.Reader) (inserted bool, err error) {
	sc, err := scopeOf(g)
	if err != nil {
		return false, err
	}
	leave, err := enter(ctx, s.busy)
	if err != nil {
		return false, err
	}
	defer leave()
	held, stored, err := s.meta.BeginXetXorb(ctx, sc.domain, h)
	if err != nil {
		return false, err
	}
	r := &guardedReader{guard: s.guard(ctx, g), r: io.LimitReader(body, xorb.MaxUpload+1)}
	if held {
		// The body is read all the same: a client that is cut off while it sends takes that for a failure.
		if _, err := io.Copy(io.Discard, r); err != nil {
			return false, r.explain(err)
		}
		return false, nil
	}
	t, err := s.takeXorb(ctx, h, stored, unknownSize, func(w io.Writer) (xorb.Table, error) { return s.ingest(w, r, h) })
	if err != nil {
		return false, r.explain(err)
	}
	err = s.meta.CompleteXetXorb(ctx, sc.domain, rowOf(h, t), eligible(t))
	if err == nil {
		s.markUse(ctx)
	}
	return err == nil, err
}

// takeXorb stores what fill writes and verifies, and returns the table of the xorb as it is stored. Bytes of another domain
// are kept, but the caller's are verified: they are the proof that he has them.
func (s *Service) takeXorb(ctx context.Context, h xethash.Hash, stored bool, size int64, fill filler) (xorb.Table, error) {
	if stored {
		if _, err := fill(io.Discard); err != nil {
			return nil, err
		}
		return s.table(ctx, h)
	}
	_, err := s.blobs.Stat(ctx, xorbKey(h))
	if hub.Is(err, hub.NotFound) {
		t, err := s.store(ctx, xorbKey(h), size, fill)
		if !hub.Is(err, hub.Conflict) {
			return t, err
		}
		// Somebody stored the same chunks, compressed differently, at the same time.
		return s.table(ctx, h)
	}
	if err != nil {
		return nil, err
	}
	return s.replace(ctx, h, size, fill)
}

// replace stores a xorb in the place of bytes that no row vouches for: left by a crash, or found to be rotten. They go only
// after the new ones are durable elsewhere.
func (s *Service) replace(ctx context.Context, h xethash.Hash, size int64, fill filler) (xorb.Table, error) {
	if err := s.blobs.Delete(ctx, healKey(h)); err != nil { // of an attempt that broke off
		return nil, err
	}
	t, err := s.store(ctx, healKey(h), size, fill)
	if err != nil {
		return nil, err
	}
	end := context.WithoutCancel(ctx)     // what is begun is brought to its end: in between there is one copy
	defer s.blobs.Delete(end, healKey(h)) // what stays is taken away by the next attempt
	old, err := s.checkStored(ctx, h)
	if err == nil {
		return old, nil // whole after all
	}
	if !isRot(err) {
		return nil, err
	}
	if err := s.blobs.Delete(end, xorbKey(h)); err != nil {
		return nil, err
	}
	s.tables.drop(h)
	if _, err := s.blobs.Compose(end, xorbKey(h), []string{healKey(h)}, anyBytes); err != nil {
		return nil, err
	}
	return t, nil
}

// HasXorb returns the size in bytes of a xorb that the caller's domain holds. NotFound.
func (s *Service) HasXorb(ctx context.Context, g access.Grant, h xethash.Hash) (int64, error) {
	sc, err := scopeOf(g)
	if err != nil {
		return 0, err
	}
	x, err := s.meta.XetXorbOf(ctx, sc.domain, h)
	return x.Packed, err
}

// guard decides again, now and then, whether a running transfer may go on. Not for concurrent use.
type guard struct {
	ctx   context.Context
	svc   *Service
	grant access.Grant
	next  time.Time
}

func (s *Service) guard(ctx context.Context, g access.Grant) *guard {
	return &guard{ctx: ctx, svc: s, grant: g, next: s.now().Add(s.cfg.RecheckAfter)}
}

// check returns the refusal, if it has come to one.
func (g *guard) check() error {
	now := g.svc.now()
	if now.Before(g.next) {
		return nil
	}
	g.next = now.Add(g.svc.cfg.RecheckAfter)
	_, err := g.svc.authz.Recheck(g.ctx, g.grant)
	return err
}

// guardedReader is a request body under a guard. It remembers its own failures, so that they are told from those of the store.
type guardedReader struct {
	*guard
	r      io.Reader
	failed error
}

// Read reads on, unless the right to do so is gone.
func (r *guardedReader) Read(p []byte) (int, error) {
	if err := r.check(); err != nil {
		r.failed = err
		return 0, err
	}
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.failed = err
	}
	return n, err
}

// explain gives the failure of the body a code.
func (r *guardedReader) explain(err error) error {
	if r.failed == nil {
		return err
	}
	if hub.CodeOf(r.failed) != hub.Internal {
		return r.failed
	}
	return hub.Wrap(err, hub.InvalidInput, "The upload broke off before its end.")
}
