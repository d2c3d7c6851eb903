package gitrepo

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

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
