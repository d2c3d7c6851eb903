package xet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xetterms"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Worker does what nobody waits for: it verifies large files, removes what nothing needs, and re-reads what is stored.
type Worker struct{ s *Service }

// Worker returns the value that the daemon runs.
func (s *Service) Worker() *Worker { return &Worker{s} }

// scrubPause is how long the scrubber rests after each xorb, so that it takes a small part of the disk's time.
const scrubPause = time.Second

// retryVerify is how long a file that could not be read is left alone.
const retryVerify = time.Hour

// Run works until ctx ends; it returns nil. Failures are logged and tried again.
func (w *Worker) Run(ctx context.Context) error {
	sweep := time.NewTicker(w.s.cfg.SweepEvery)
	defer sweep.Stop()
	scrub := time.NewTicker(scrubPause)
	defer scrub.Stop()
	w.report(ctx, "verifying files", w.Verify(ctx)) // of an earlier process
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.s.wake:
			w.report(ctx, "verifying files", w.Verify(ctx))
		case <-sweep.C:
			_, _, err := w.Collect(ctx)
			w.report(ctx, "sweeping chunks", errors.Join(err, w.Verify(ctx)))
		case <-scrub.C:
			_, err := w.Scrub(ctx, 1)
			w.report(ctx, "checking stored chunks", err)
		}
	}
}

func (w *Worker) report(ctx context.Context, doing string, err error) {
	if err != nil && ctx.Err() == nil {
		w.s.logErr(ctx, doing, err)
	}
}

// Verify computes the SHA-256 of every file that has none. Claims that differ are dead from then on.
func (w *Worker) Verify(ctx context.Context) error {
	for {
		files, err := w.s.meta.UnverifiedXet(ctx, w.s.now().Add(-retryVerify), 16)
		if err != nil || len(files) == 0 {
			return err
		}
		for _, f := range files {
			d, err := w.s.verify(ctx, f)
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				w.s.logErr(ctx, "verifying the file "+xethash.Hash(f.Hash).String(), err)
			}
			if err := w.s.meta.SetXetDigest(ctx, f.ID, d); err != nil {
				return err
			}
		}
	}
}

func (s *Service) verify(ctx context.Context, f hub.XetFile) (hub.Digest, error) {
	terms, err := xetterms.Decode(f.Terms)
	if err != nil {
		return "", err
	}
	return s.digest(ctx, terms, "")
}

// Swept counts what one round removed.
type Swept struct{ Links, Files, Holdings, Xorbs int }

// sweepBatch is how many rows of each kind one transaction handles.
const sweepBatch = 200

// Sweep makes one round: registrations that no commit took up, files that no repository has, xorbs that no file of their
// domain needs, and bytes that no domain holds. What one step removes the next may find; graces lie between them.
func (w *Worker) Sweep(ctx context.Context) (n Swept, err error) {
	m, now := w.s.meta, w.s.now()
	repeat := func(total *int, step func() (int, error)) error {
		for {
			k, err := step()
			*total += k
			if err != nil || k < sweepBatch {
				return err
			}
		}
	}
	err = errors.Join(
		repeat(&n.Links, func() (int, error) { return m.DropXetLinks(ctx, now.Add(-w.s.cfg.Window), sweepBatch) }),
		repeat(&n.Files, func() (int, error) { return m.DropXetFiles(ctx, sweepBatch) }),
		repeat(&n.Holdings, func() (int, error) { return m.DropXetHoldings(ctx, now.Add(-w.s.cfg.Window), sweepBatch) }),
		repeat(&n.Xorbs, func() (int, error) { return w.dropXorbs(ctx, now.Add(-w.s.cfg.XorbGrace)) }),
	)
	if n != (Swept{}) {
		w.s.markUse(ctx)
	}
	return n, err
}

func (w *Worker) dropXorbs(ctx context.Context, before time.Time) (n int, err error) {
	hashes, err := w.s.meta.CondemnXetXorbs(ctx, before, sweepBatch)
	if err != nil {
		return 0, err
	}
	for _, h := range hashes {
		if err := ctx.Err(); err != nil { // the turn may be over: somebody else may store the same bytes anew
			return n, err
		}
		for _, key := range []string{xorbKey(h), healKey(h)} {
			if err := w.s.blobs.Delete(ctx, key); err != nil {
				return n, err
			}
		}
		w.s.tables.drop(h)
		if err := w.s.meta.ForgetXetXorb(ctx, h); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Scrub checks up to limit xorbs whose turn it is, and returns how many it found rotten. Those are logged, and stored anew
// when somebody uploads them again.
func (w *Worker) Scrub(ctx context.Context, limit int) (rotten int, err error) {
	xorbs, err := w.s.meta.UncheckedXorbs(ctx, w.s.now().Add(-w.s.cfg.ScrubEvery), limit)
	if err != nil {
		return 0, err
	}
	for _, x := range xorbs {
		damage, err := w.s.CheckXorb(ctx, x)
		if err != nil {
			return rotten, err
		}
		if damage != nil {
			rotten++
		}
	}
	return rotten, nil
}

// CheckXorb reads a stored xorb, hashes its chunks, and notes the outcome. rotten is what is wrong with it, nil if nothing; it
// is logged too. err tells that it could not be found out.
func (s *Service) CheckXorb(ctx context.Context, x hub.XetXorb) (rotten, err error) {
	t, rotten := s.checkStored(ctx, x.Hash)
	if rotten == nil && rowOf(x.Hash, t) != x {
		rotten = rot(x.Hash, fmt.Errorf("its row says %d chunks and %d bytes", x.Chunks, x.Packed))
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if rotten != nil && !isRot(rotten) {
		return nil, rotten
	}
	if rotten != nil {
		// A xorb that was swept since it was listed is gone, not rotten.
		if _, err := s.meta.XetXorb(ctx, x.Hash); hub.Is(err, hub.NotFound) {
			return nil, nil
		}
		s.logErr(ctx, "stored bytes are damaged", rotten)
	}
	return rotten, s.meta.SetXetChecked(ctx, x.Hash, rotten != nil)
}
