package transfer

import (
	"context"
	"errors"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// SweepMeta finds what may be deleted. Each of its lists first makes sure, in a transaction, that nothing can come to
// refer to what it returns, and returns it again until it is told that the bytes are gone.
type SweepMeta interface {
	// ExpiredUploads ends uploads; their parts can be deleted. Whole objects that they stored and that nothing
	// refers to come out of CondemnedLFS later.
	ExpiredUploads(ctx context.Context, now time.Time, limit int) ([]hub.Upload, error)
	// ExpiredStagedPacks returns packs that were given up before they were published.
	ExpiredStagedPacks(ctx context.Context, now time.Time, limit int) ([]hub.Pack, error)
	// RetiredPacks returns packs that no new reader has opened since before.
	RetiredPacks(ctx context.Context, before time.Time, limit int) ([]hub.Pack, error)
	ForgetPack(ctx context.Context, id hub.ID) error
	// CondemnLFS marks large files without a link; CondemnedLFS chooses those that have been marked since before.
	CondemnLFS(ctx context.Context, limit int) error
	CondemnedLFS(ctx context.Context, before time.Time, limit int) ([]hub.LFSObject, error)
	ForgetLFS(ctx context.Context, d hub.Digest) error
}

// sweepBatch is how many rows of each kind are read at a time.
const sweepBatch = 100

// Sweeper deletes the bytes of uploads, packs and large files that came to nothing or to an end. It only follows
// rows that say so: first the row is put beyond use in a transaction, then the bytes go, then the row.
type Sweeper struct{ s *Service }

// Sweeper returns the value that the daemon runs.
func (s *Service) Sweeper() *Sweeper { return &Sweeper{s} }

// Run sweeps now and then until ctx ends; it returns nil. Failures are logged and tried again.
func (w *Sweeper) Run(ctx context.Context) error {
	t := time.NewTicker(w.s.cfg.SweepEvery)
	defer t.Stop()
	for {
		_, _, err := w.Collect(ctx)
		if err != nil && ctx.Err() == nil {
			w.s.logErr(ctx, "sweeping", err)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Collect makes one round, unless another process is about to; there is never more to do.
func (w *Sweeper) Collect(ctx context.Context) (n hub.Collected, more bool, err error) {
	err = w.s.turn(ctx, "sweep/files", func(ctx context.Context) error {
		swept, err := w.Sweep(ctx)
		n = hub.Collected{Uploads: swept.Uploads, Packs: swept.Packs, Whole: swept.LargeFiles}
		return err
	})
	return n, false, err
}

// Swept counts what one round removed.
type Swept struct{ Uploads, Packs, LargeFiles int }

// Sweep makes one round. A failure of one kind does not keep it from the others; all of them are returned.
func (w *Sweeper) Sweep(ctx context.Context) (n Swept, err error) {
	m, now := w.s.meta, w.s.now()
	return n, errors.Join(
		each(ctx, func() ([]hub.Upload, error) { return m.ExpiredUploads(ctx, now, sweepBatch) }, w.dropUpload, &n.Uploads),
		each(ctx, func() ([]hub.Pack, error) { return m.ExpiredStagedPacks(ctx, now, sweepBatch) }, w.dropPack, &n.Packs),
		each(ctx, func() ([]hub.Pack, error) { return m.RetiredPacks(ctx, now.Add(-w.s.cfg.RetireGrace), sweepBatch) }, w.dropPack, &n.Packs),
		m.CondemnLFS(ctx, 10*sweepBatch),
		each(ctx, func() ([]hub.LFSObject, error) {
			return m.CondemnedLFS(ctx, now.Add(-w.s.cfg.LFSGrace), sweepBatch)
		}, w.dropLarge, &n.LargeFiles),
	)
}

// each reads lists and drops what they hold until one is empty.
func each[T any](ctx context.Context, list func() ([]T, error), drop func(context.Context, T) error, count *int) error {
	for {
		batch, err := list()
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, x := range batch {
			if err := ctx.Err(); err != nil { // the turn may be over: somebody else may store the same bytes anew
				return err
			}
			if err := drop(ctx, x); err != nil {
				return err
			}
			*count++
		}
	}
}

func (w *Sweeper) dropUpload(ctx context.Context, u hub.Upload) error {
	if err := w.s.deleteParts(ctx, u); err != nil {
		return err
	}
	return w.s.meta.DeleteUpload(ctx, u.ID)
}

func (w *Sweeper) dropPack(ctx context.Context, p hub.Pack) error {
	if p.BlobKey != "" {
		if err := w.s.blobs.Delete(ctx, p.BlobKey); err != nil {
			return err
		}
	}
	return w.s.meta.ForgetPack(ctx, p.ID)
}

func (w *Sweeper) dropLarge(ctx context.Context, o hub.LFSObject) error {
	if err := w.s.blobs.Delete(ctx, o.BlobKey); err != nil {
		return err
	}
	return w.s.meta.ForgetLFS(ctx, o.Digest)
}
