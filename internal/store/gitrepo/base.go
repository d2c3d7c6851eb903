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
	v, refs, err := k.viewWithRefs(ctx, repo)
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
	if how.drop {
		if err := k.meta.MarkGC(ctx, repo, gen); err != nil {
			k.s.cfg.LogError(ctx, "noting a collection", err) // it will be repeated, no more
		}
	}
	return r.result(), nil
}

// viewWithRefs returns a view, retained for the caller, and the refs of the very same generation.
func (k *Keeper) viewWithRefs(ctx context.Context, repo hub.ID) (*view, []hub.Ref, error) {
	for range 1000 {
		v, err := k.s.openView(ctx, repo)
		if err != nil {
			return nil, nil, err
		}
		refs, err := k.meta.Refs(ctx, repo, "refs/")
		gen := v.gen
		if err == nil {
			gen, _, err = k.meta.LivePacks(ctx, repo) // every change of a ref makes a generation
		}
		if err == nil && gen == v.gen {
			return v, refs, nil
		}
		k.s.release(v)
		if err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, errChanged
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

// judge sorts all objects: live, to be set aside, to be dropped.
func (r *rebuilding) judge(ctx context.Context) error {
	r.progress.Tell("finding what refs lead to", 0, int64(r.g.total()))
	var tips []hub.OID
	for _, ref := range r.refs {
		tips = append(tips, ref.Target)
	}
	var err error
	if r.live, r.commits, err = reach(r.g, tips, false); err != nil {
		return err
	}
	now := r.k.cfg.Now()
	protected := bitset(nil)
	if r.how.drop && !r.how.now {
		old, err := r.k.meta.OldTips(ctx, r.v.repo, r.how.before)
		if err != nil {
			return err
		}
		// A graph of its own: this one forgives what is missing.
		if protected, _, err = reach(newGraph(ctx, r.v, nil), old, true); err != nil {
			return err
		}
	}
	r.aside, r.dropped, r.stay = newBitset(r.g.total()), newBitset(r.g.total()), map[int]bool{}
	r.staying = newBitset(r.g.total())
	for number, p := range r.v.packs {
		r.judgePack(number, p, now, protected)
	}
	if err := r.keepWhole(); err != nil {
		return err
	}
	// The copy that is kept decides.
	for i := range r.dropped {
		r.aside[i] &^= r.staying[i]
		r.dropped[i] &^= r.staying[i] | r.aside[i]
	}
	return nil
}

// judgePack decides about the unreachable objects of a pack. An object is known by the number of its first copy.
func (r *rebuilding) judgePack(number int, p *openPack, now time.Time, protected bitset) {
	old := r.how.now
	if p.row.Kind == kindGarbage && !old {
		old = r.how.drop && idTime(p.row.ID).Before(r.how.before)
		// Packs of one age go together; others stay until their time has come.
		width := max(r.k.cfg.Grace/buckets, time.Minute)
		if !old && idTime(p.row.ID).Truncate(width) != now.Truncate(width) {
			r.stay[number] = true
		}
		r.found = r.found || old // it goes, whatever is in it
	}
	for pos := range p.Len() {
		slot, _, _, _ := r.g.find(p.OID(pos))
		switch {
		case r.live.has(slot):
		case r.stay[number]:
			r.staying.set(slot)
		case !old || protected != nil && protected.has(slot):
			r.aside.set(slot)
			r.found = r.found || p.row.Kind != kindGarbage
		default:
			r.dropped.set(slot)
		}
	}
}

// keepWhole sets aside what the objects lead to that are kept without being reachable, although it may have been garbage
// for longer: whoever finds one of them and points a ref at it must find all of it.
func (r *rebuilding) keepWhole() error {
	var todo []hub.OID
	for number, p := range r.v.packs {
		for pos := range p.Len() {
			slot := r.g.base[number] + pos
			if p.Kind(pos) != object.KindBlob && (r.aside.has(slot) || r.staying.has(slot)) {
				todo = append(todo, p.OID(pos))
			}
		}
	}
	seen := newBitset(r.g.total())
	for len(todo) > 0 {
		oid := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		slot, number, pos, ok := r.g.find(oid)
		if !ok || r.live.has(slot) || !seen.add(slot) {
			continue // what live objects lead to is live
		}
		if r.dropped.has(slot) {
			r.aside.set(slot)
		}
		next, err := r.g.links(number, pos)
		if err != nil {
			return err
		}
		todo = append(todo, next...)
	}
	return nil
}

// links returns what an object names; nothing for one that cannot be read as what it is.
func (g *graph) links(number, pos int) (oids []hub.OID, err error) {
	if err := g.ctx.Err(); err != nil {
		return nil, err
	}
	p := g.v.packs[number]
	if p.Kind(pos) == object.KindBlob {
		return nil, nil
	}
	data, err := g.read.object(p.Pack, number, pos)
	if err != nil {
		return nil, err
	}
	switch p.Kind(pos) {
	case object.KindCommit:
		if tree, parents, _, err := object.Links(data); err == nil {
			oids = append(parents, tree)
		}
	case object.KindTag:
		if tag, err := object.ParseTag(data); err == nil {
			oids = append(oids, tag.Target)
		}
	case object.KindTree:
		for cur := object.NewCursor(data); ; {
			e, ok, err := cur.Next()
			if err != nil || !ok {
				break
			}
			if e.Mode != ModeSubmodule {
				oids = append(oids, e.OID())
			}
		}
	}
	return oids, nil
}

// reach returns all that the tips lead to, and the commits among it, parents first. With forgiving, tips that lead to
// something missing are left out as far as that is so.
func reach(g *graph, tips []hub.OID, forgiving bool) (bitset, []int32, error) {
	c := newClosure(g, Filter{})
	var commits []hub.OID
	for _, tip := range tips {
		target, kind, tags, err := g.peel(tip)
		if err != nil {
			if forgiving && g.ctx.Err() == nil {
				continue
			}
			return nil, nil, err
		}
		for _, t := range tags {
			slot, _, _, _ := g.find(t)
			c.set.set(slot)
		}
		if kind == object.KindCommit {
			commits = append(commits, target)
		} else if err := c.object(target); err != nil && (!forgiving || g.ctx.Err() != nil) {
			return nil, nil, err
		}
	}
	groups := [][]hub.OID{commits}
	if forgiving { // one at a time, so that what one of them lacks does not matter to the others
		groups = nil
		for _, oid := range commits {
			groups = append(groups, []hub.OID{oid})
		}
	}
	var all []int32
	for _, group := range groups {
		list, err := g.between(group, nil)
		if err == nil {
			err = c.commits(list, nil)
		}
		if err != nil && (!forgiving || g.ctx.Err() != nil) {
			return nil, nil, err
		}
		all = append(all, list...)
	}
	return c.set, all, nil
}

// idTime returns when an id was made.
func idTime(id hub.ID) time.Time {
	var ms int64
	for i := 0; i < 12 && i < len(id); i++ {
		d := int64(id[i] - '0')
		if id[i] >= 'a' {
			d = int64(id[i]-'a') + 10
		}
		ms = ms<<4 | d
	}
	return time.UnixMilli(ms)
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
	s := hub.PackSwap{RepoID: r.v.repo, New: r.made, Retired: r.retired, Lease: r.lease, Gen: r.v.gen, Drops: r.dropped.count() > 0}
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

// swapAttempts is how often a swap looks at what was published meanwhile.
const swapAttempts = 20

// stillGarbage returns the newest generation if nothing that was published up to then leads to what is to be dropped.
func (r *rebuilding) stillGarbage(ctx context.Context, s hub.PackSwap) (gen int64, err error) {
	v, refs, err := r.k.viewWithRefs(ctx, r.v.repo)
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
