package gitrepo

import (
	"context"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// remember keeps what the refs led to, which is the new base and nothing else, for the first clone of whatever process.
func (r *rebuilding) remember(ctx context.Context) {
	var tips []hub.OID
	for _, ref := range r.refs {
		if !slices.Contains(tips, ref.Target) || len(tips) > 1000 { // one too many costs 20 bytes
			tips = append(tips, ref.Target)
		}
	}
	w := &whole{wants: tips}
	for _, p := range r.made {
		if p.Pack.Kind != kindBase {
			continue
		}
		n := int(p.Pack.Objects)
		set := newBitset(n)
		for i := range set {
			set[i] = ^uint64(0)
		}
		if n&63 != 0 {
			set[len(set)-1] = 1<<(n&63) - 1
		}
		w.packs = append(w.packs, wholePack{p.Pack.ID, set, n})
	}
	r.k.s.closures.replace(wholeKey(r.v), w, w.weight())
	r.k.s.store(ctx, r.v, w, r.live.count(), true)
}

// foresee works out what the refs of a repository lead to when much has come of which nothing is remembered, so that the
// next clone need not.
func (k *Keeper) foresee(ctx context.Context, repo hub.ID) error {
	v, err := k.s.openView(ctx, repo)
	if err != nil {
		return err
	}
	known := 0
	if w := k.s.kept(ctx, v); w != nil {
		known = w.size()
	}
	due := v.objects()-known >= 2*storeAbove
	k.s.release(v)
	if !due {
		return nil // the common case, without reading refs
	}
	v, refs, err := k.s.openState(ctx, repo)
	if err != nil {
		return err
	}
	defer k.s.release(v)
	q := SelectRequest{}
	for _, ref := range refs {
		q.Wants = append(q.Wants, ref.Target)
	}
	_, err = k.s.choose(ctx, v, q)
	return err
}

// size returns how many objects are remembered.
func (w *whole) size() int {
	n := len(w.oids)
	for _, p := range w.packs {
		n += p.set.count()
	}
	return n
}
