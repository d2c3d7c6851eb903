package gitrepo

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

const (
	// MaxLivePacks is the number of live packs that merging leaves a repository at most.
	MaxLivePacks = 16
	// compactAbove is the number of live packs above which packs are merged: lookups try one pack after another.
	compactAbove = 8
)

// Compact merges packs of a repository until its live packs grow geometrically: each has at least twice the bytes of
// all smaller ones together. So there are few of them, and each object is copied O(log n) times in its life. It
// does nothing while there are only a few packs. It never drops an object. When another merge was faster it
// changes nothing and returns nil.
func (s *Store) Compact(ctx context.Context, repoID hub.ID) error {
	v, err := s.openView(ctx, repoID)
	if err != nil {
		return err
	}
	defer s.release(v)
	merge := toMerge(v.packs)
	if len(merge) < 2 {
		return nil
	}
	dir, err := s.tempDir()
	if err != nil {
		return err
	}
	b := pack.NewBuilder(dir, s.cfg.SpoolMemory)
	defer b.Close()
	c := pack.NewCopier(b)
	var retired []hub.ID
	for _, p := range merge {
		err := p.Order(func(pos int) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return c.Copy(p.Pack, pos)
		})
		if err != nil {
			return err
		}
		retired = append(retired, p.row.ID)
	}
	row, inline, err := s.storePack(ctx, repoID, kindCompact, b)
	if err != nil {
		return err
	}
	if _, err := s.meta.SwapPacks(ctx, repoID, *row, inline, retired); err != nil {
		s.unstage(ctx, *row, err)
		if hub.Is(err, hub.PreconditionFailed) {
			return nil
		}
		return err
	}
	return nil
}

// toMerge returns the packs to merge into one, oldest first; none while there are few.
func toMerge(packs []*openPack) []*openPack {
	if len(packs) <= compactAbove {
		return nil
	}
	bySize := slices.Clone(packs)
	slices.SortStableFunc(bySize, func(a, b *openPack) int { return cmp.Compare(a.row.PackBytes, b.row.PackBytes) })
	n, sum := 0, int64(0)
	for i, p := range bySize {
		// Everything up to the last pack that is too small for what precedes it is merged, and then the packs
		// that the result would outgrow.
		if i > 0 && p.row.PackBytes < 2*sum {
			n = i + 1
		}
		sum += p.row.PackBytes
	}
	merged := int64(0)
	for _, p := range bySize[:n] {
		merged += p.row.PackBytes
	}
	for n > 0 && n < len(bySize) && bySize[n].row.PackBytes < 2*merged {
		merged += bySize[n].row.PackBytes
		n++
	}
	if len(bySize)-n+1 > MaxLivePacks {
		n = len(bySize) - MaxLivePacks + 1
	}
	slices.SortStableFunc(bySize[:n], func(a, b *openPack) int { return cmp.Compare(a.row.BornGen, b.row.BornGen) })
	return bySize[:n]
}

// Run merges packs of repositories that were published to, until ctx ends; then it returns nil. Failures are
// logged: the next publication of the repository tries again.
func (s *Store) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	for range s.cfg.CompactWorkers {
		workers.Go(func() {
			for {
				repo, ok := s.compactions.take(ctx)
				if !ok {
					return
				}
				err := s.Compact(ctx, repo)
				if err != nil && !hub.Is(err, hub.RepoNotFound) && ctx.Err() == nil {
					s.cfg.LogError(ctx, "merging packs failed", err)
				}
			}
		})
	}
	workers.Wait()
	return nil
}
