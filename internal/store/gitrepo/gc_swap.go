package gitrepo

import (
	"context"
	"fmt"

	"github.com/ambit-hub/ambit/internal/hub"
)

// abandon takes back what was stored for nothing.
func (r *rebuilding) abandon(ctx context.Context, cause error) {
	for _, p := range r.made {
		if p.Pack.BlobKey == "" {
			continue
		}
		if cause == errChanged {
			r.k.s.discard(ctx, p.Pack)
			continue
		}
		r.k.s.unstage(ctx, p.Pack, cause)
	}
}

// errChanged says that what was to be dropped is needed again.
var errChanged = hub.Errorf(hub.PreconditionFailed, "The repository changed at the same time.")

// swap publishes the new packs. While nothing is dropped it does not matter that the repository has changed; otherwise
// what was published meanwhile must not need what goes away.
func (r *rebuilding) swap(ctx context.Context) (gen int64, err error) {
	s := hub.PackSwap{RepoID: r.v.repo, New: r.made, Retired: r.retired, Lease: r.lease, Gen: r.v.gen, Drops: r.dropped.count() > 0, Event: r.event()}
	if len(r.retired) == 0 {
		return r.v.gen, nil
	}
	for range swapAttempts {
		if gen, err = r.k.meta.ReplacePacks(ctx, s); !s.Drops || !hub.Is(err, hub.PreconditionFailed) {
			return gen, err
		}
		if s.Gen, err = r.stillGarbage(ctx, s); err != nil {
			return 0, err
		}
	}
	return 0, errChanged
}

// event is what the audit log says of the swap: that somebody asked for it, and what is gone for good.
func (r *rebuilding) event() hub.Event {
	n, set := r.dropped.count(), r.result()
	switch {
	case n == 0 && !r.k.noted():
		return hub.Event{}
	case r.how.drop:
		return r.k.event(r.v.repo, eventGC, fmt.Sprintf("Collected garbage: %d objects are gone, %d that nothing leads to are kept for now.", n, set.Unreachable))
	}
	return r.k.event(r.v.repo, eventRepack, fmt.Sprintf("Laid out anew: %d objects in %d packs.", set.Objects, set.PacksAfter))
}

// swapAttempts is how often a swap looks at what was published meanwhile.
const swapAttempts = 20

// stillGarbage returns the newest generation if nothing that was published up to then leads to what is to be dropped.
func (r *rebuilding) stillGarbage(ctx context.Context, s hub.PackSwap) (gen int64, err error) {
	v, refs, err := r.k.s.openState(ctx, r.v.repo)
	if err != nil {
		return 0, err
	}
	defer r.k.s.release(v)
	there := map[hub.ID]bool{}
	for _, p := range v.packs {
		there[p.row.ID] = true
	}
	for _, id := range s.Retired {
		if !there[id] || v.gen == s.Gen {
			return 0, errChanged // another job was faster, or the lease is lost
		}
	}
	q := SelectRequest{}
	for _, ref := range r.refs {
		q.Haves = append(q.Haves, ref.Target)
	}
	for _, ref := range refs {
		q.Wants = append(q.Wants, ref.Target)
	}
	sel, err := selectFrom(ctx, v, q)
	if err != nil {
		return 0, err
	}
	for number, p := range v.packs {
		for pos := range p.Len() {
			if !sel.set.has(sel.base[number] + pos) {
				continue
			}
			if slot, _, _, ok := r.g.find(p.OID(pos)); ok && r.dropped.has(slot) {
				return 0, errChanged
			}
		}
	}
	return v.gen, nil
}
