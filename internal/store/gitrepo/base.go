package gitrepo

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

// The kinds of packs that laying out anew makes.
const (
	kindBase    = "base"    // only objects that refs led to
	kindGarbage = "garbage" // only objects that nothing led to, since the pack was made
)

// layout says how a repository is to be laid out anew.
type layout struct {
	drop   bool      // objects that have been unreachable since before are dropped
	before time.Time // zero: never
	now    bool      // and so are all others
	deltas bool      // look for new deltas
}

// buckets is how many garbage packs a time of grace is divided into: objects of one are dropped together.
const buckets = 4

// eraOf returns the id under which objects of a view are kept once they are parsed. It changes whenever objects may have
// been dropped, so that none of them is found in memory: only laying out anew drops any, and that makes another base, or
// leaves none of the packs. Packs come newest first.
func eraOf(packs []*openPack) hub.ID {
	era := hub.ID("")
	for _, p := range packs {
		if p.row.Kind == kindBase {
			return p.row.ID
		}
		era = p.row.ID
	}
	return era
}

// rebuild lays a repository out anew. PreconditionFailed when it has to be tried again.
func (k *Keeper) rebuild(ctx context.Context, repo hub.ID, l hub.Lease, how layout, p Progress) (kept Kept, err error) {
	v, refs, err := k.s.openState(ctx, repo)
	if err != nil {
		return kept, err
	}
	defer k.s.release(v)
	r := &rebuilding{k: k, v: v, lease: l, how: how, progress: p, refs: refs, g: newGraph(ctx, v, nil)}
	if err := r.judge(ctx); err != nil {
		return kept, err
	}
	if how.drop && !r.found && r.dropped.count() == 0 {
		// Most repositories have no garbage, or none that is new: nothing is written for them.
		if k.noted() {
			if err := k.meta.RecordEvents(ctx, k.event(repo, eventGC, "Collected garbage: there was none to be set aside or dropped.")); err != nil {
				return kept, err
			}
		}
		return Kept{PacksBefore: len(v.packs), PacksAfter: len(v.packs), BytesBefore: v.bytes(), BytesAfter: v.bytes(),
			Objects: r.live.count(), Unreachable: r.aside.count() + r.staying.count()}, k.meta.MarkGC(ctx, repo, v.gen)
	}
	if err := r.write(ctx); err != nil {
		r.abandon(ctx, err)
		return kept, err
	}
	gen, err := r.swap(ctx)
	if err != nil {
		r.abandon(ctx, err)
		return kept, err
	}
	r.remember(ctx)
	if how.drop {
		if err := k.meta.MarkGC(ctx, repo, gen); err != nil {
			k.s.cfg.LogError(ctx, "noting a collection", err) // it will be repeated, no more
		}
	}
	return r.result(), nil
}

// bytes returns what the packs of a view take.
func (v *view) bytes() (n int64) {
	for _, p := range v.packs {
		n += p.row.Bytes
	}
	return n
}

// rebuilding is a layout on its way.
type rebuilding struct {
	k        *Keeper
	v        *view
	lease    hub.Lease
	how      layout
	progress Progress
	refs     []hub.Ref // at v.gen
	g        *graph

	commits []int32      // reachable ones, parents first
	live    bitset       // what refs lead to
	aside   bitset       // unreachable objects that go to a new garbage pack
	dropped bitset       // unreachable objects that go away
	stay    map[int]bool // numbers of garbage packs that stay as they are
	staying bitset       // unreachable objects of those

	found bool // garbage outside of garbage packs

	made    []hub.NewPack
	retired []hub.ID
}

// write makes the new packs durable.
func (r *rebuilding) write(ctx context.Context) error {
	for number, p := range r.v.packs {
		if !r.stay[number] {
			r.retired = append(r.retired, p.row.ID)
		}
	}
	var h *hints
	if r.how.deltas {
		h = newHints()
		if err := h.learn(r.g, r.commits); err != nil {
			return err
		}
	}
	total := int64(r.live.count())
	done := int64(0)
	for _, part := range []struct {
		kind string
		set  bitset
		want func(object.Kind) bool
		h    *hints
	}{
		{kindBase, r.live, func(k object.Kind) bool { return k != object.KindBlob }, h},
		{kindBase, r.live, func(k object.Kind) bool { return k == object.KindBlob }, h},
		{kindGarbage, r.aside, func(object.Kind) bool { return true }, nil},
	} {
		w, err := r.k.newPackWriter(r.g, part.h)
		if err != nil {
			return err
		}
		w.pick = func(number, pos int) bool {
			slot, _, _, _ := r.g.find(r.v.packs[number].OID(pos))
			return part.set.has(slot) && part.want(r.v.packs[number].Kind(pos))
		}
		w.progress = func(n int64) { r.progress.Tell("writing packs", done+n, total) }
		if err := w.all(ctx, r.v.oldestFirst()); err != nil {
			w.close()
			return err
		}
		done += int64(w.b.Len())
		err = r.store(ctx, part.kind, w.b)
		w.close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *rebuilding) store(ctx context.Context, kind string, b *pack.Builder) error {
	if b.Len() == 0 {
		return nil
	}
	row, inline, err := r.k.s.storePack(ctx, r.v.repo, kind, b)
	if err != nil {
		return err
	}
	r.made = append(r.made, hub.NewPack{Pack: *row, Inline: inline})
	return nil
}

func (r *rebuilding) result() Kept {
	kept := Kept{PacksBefore: len(r.v.packs), PacksAfter: len(r.made) + len(r.stay), Objects: r.live.count(), Dropped: r.dropped.count()}
	for number, p := range r.v.packs {
		kept.BytesBefore += p.row.Bytes
		if r.stay[number] {
			kept.BytesAfter += p.row.Bytes
			kept.Unreachable += p.Len()
		}
	}
	kept.Unreachable += r.aside.count()
	for _, p := range r.made {
		kept.BytesAfter += p.Pack.Bytes
	}
	return kept
}
