package gitrepo

import (
	"cmp"
	"context"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

const (
	// MaxLivePacks is the number of live packs that merging leaves a repository at most.
	MaxLivePacks = 16
	// compactAbove is the number of packs above which packs are merged: lookups try one pack after another.
	compactAbove = 8
	// maxTail is the number of packs behind the base that merging leaves at most: with two of the base and those of
	// garbage there are never more than MaxLivePacks.
	maxTail = MaxLivePacks - 2 - (buckets + 1)
	// A base that holds less than this share of the bytes, in percent, is made anew instead of another merge.
	baseShare = 70
)

// Merge merges packs of a repository until those behind its base grow geometrically: each has at least twice the bytes
// of all smaller ones together. So there are few of them, and each object is copied O(log n) times in its life. It
// does nothing while there are only a few packs. It never drops an object. Conflict when another job is at work on
// the repository; nil when another one was faster.
func (k *Keeper) Merge(ctx context.Context, repo hub.ID) error {
	v, err := k.s.openView(ctx, repo)
	if err != nil {
		return err
	}
	due := len(tailOf(v)) > compactAbove
	k.s.release(v)
	if !due {
		return nil // the common case, without a lease
	}
	err = k.withLease(ctx, repo, func(ctx context.Context, l hub.Lease) error { return k.merge(ctx, repo, l) })
	if hub.Is(err, hub.PreconditionFailed) {
		return nil
	}
	return err
}

// tailOf returns the numbers of the packs that merging may touch.
func tailOf(v *view) []int {
	var tail []int
	for number, p := range v.packs {
		if p.row.Kind != kindBase && p.row.Kind != kindGarbage {
			tail = append(tail, number)
		}
	}
	return tail
}

func (k *Keeper) merge(ctx context.Context, repo hub.ID, l hub.Lease) error {
	v, err := k.s.openView(ctx, repo)
	if err != nil {
		return err
	}
	defer k.s.release(v)
	if k.wantsBase(v) {
		_, err := k.rebuild(ctx, repo, l, layout{deltas: true}, nil)
		return err
	}
	numbers := smallTail(v)
	if len(numbers) < 2 {
		return nil
	}
	g := newGraph(ctx, v, nil)
	w, err := k.newPackWriter(g, newHints())
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.h.learnFrom(g, numbers); err != nil {
		return err
	}
	w.pick = func(number, _ int) bool { return slices.Contains(numbers, number) }
	if err := w.all(ctx, numbers); err != nil {
		return err
	}
	row, inline, err := k.s.storePack(ctx, repo, kindCompact, w.b)
	if err != nil {
		return err
	}
	s := hub.PackSwap{RepoID: repo, New: []hub.NewPack{{Pack: *row, Inline: inline}}, Lease: l}
	for _, number := range numbers {
		s.Retired = append(s.Retired, v.packs[number].row.ID)
	}
	if _, err := k.meta.ReplacePacks(ctx, s); err != nil {
		k.s.unstage(ctx, *row, err)
		return err
	}
	return nil
}

// wantsBase tells whether the base has become too small a part of the repository.
func (k *Keeper) wantsBase(v *view) bool {
	var all, base, largest int64
	for _, p := range v.packs {
		switch p.row.Kind {
		case kindGarbage:
			continue
		case kindBase:
			base += p.row.PackBytes
		default: // a big push is as good as a base
			largest = max(largest, p.row.PackBytes)
		}
		all += p.row.PackBytes
	}
	return all <= k.cfg.Rebuild && max(base, largest)*100 < all*baseShare
}

// smallTail returns the numbers of the packs to merge into one, oldest first; none while there are few.
func smallTail(v *view) []int {
	numbers := tailOf(v)
	if len(numbers) <= compactAbove {
		return nil
	}
	slices.SortStableFunc(numbers, func(a, b int) int { return cmp.Compare(v.packs[a].row.PackBytes, v.packs[b].row.PackBytes) })
	n, sum := 0, int64(0)
	for i, number := range numbers {
		size := v.packs[number].row.PackBytes
		// Everything up to the last pack that is too small for what precedes it.
		if i > 0 && size < 2*sum {
			n = i + 1
		}
		sum += size
	}
	merged := int64(0)
	for _, number := range numbers[:n] {
		merged += v.packs[number].row.PackBytes
	}
	for n > 0 && n < len(numbers) && v.packs[numbers[n]].row.PackBytes < 2*merged {
		merged += v.packs[numbers[n]].row.PackBytes
		n++
	}
	n = max(n, len(numbers)-maxTail+1)
	slices.SortStableFunc(numbers[:n], func(a, b int) int { return cmp.Compare(v.packs[a].row.BornGen, v.packs[b].row.BornGen) })
	return numbers[:n]
}

// learnFrom looks at the commits of some packs, in the order in which they lie there.
func (h *hints) learnFrom(g *graph, numbers []int) error {
	var commits []int32
	for _, number := range numbers {
		p := g.v.packs[number]
		err := p.Order(func(pos int) error {
			if p.Kind(pos) != object.KindCommit {
				return nil
			}
			i, err := g.commit(p.OID(pos))
			commits = append(commits, i)
			return err
		})
		if err != nil {
			return err
		}
	}
	for i := range commits {
		// Garbage may lack what it leads to; it needs no deltas.
		if err := h.learn(g, commits[i:i+1]); err != nil && g.ctx.Err() != nil {
			return err
		}
	}
	return nil
}
