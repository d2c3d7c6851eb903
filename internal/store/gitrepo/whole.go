package gitrepo

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// whole remembers what some tips of a repository lead to, so that after the next publication only what is new has to be
// walked through. It outlives the generation that it was made of: big packs are known by their ids, and the objects
// of small ones, which are soon merged, by theirs.
type whole struct {
	wants []hub.OID
	packs []wholePack
	oids  []hub.OID
}

type wholePack struct {
	id  hub.ID
	set bitset // by position in the pack
	n   int    // objects in the pack
}

// smallPack is the number of objects up to which those of a pack are remembered one by one.
const smallPack = 4096

func (w *whole) weight() int64 {
	n := 20 * (len(w.wants) + len(w.oids))
	for _, p := range w.packs {
		n += 8*len(p.set) + 64
	}
	return int64(n)
}

// isPlain tells whether a request is for all that its wants lead to.
func (q SelectRequest) isPlain() bool { return len(q.Haves) == 0 && len(q.Cut) == 0 && !q.Filter.on }

func wholeKey(v *view) cacheKey { return cacheKey{repo: "whole " + v.repo} }

// remember keeps the answer to a plain request for the next one. Tags that came along are not part of it: they may be
// deleted, and then nothing must lead to them. walked is how many objects were not remembered before.
func (s *Store) remember(ctx context.Context, v *view, q SelectRequest, answer bitset, walked int) {
	n := numbered(v)
	w := &whole{wants: q.Wants}
	for i, p := range v.packs {
		lo, hi := n.base[i], n.base[i+1]
		if p.Len() > smallPack {
			set := newBitset(p.Len())
			for pos := range p.Len() {
				if answer.has(lo + pos) {
					set.set(pos)
				}
			}
			w.packs = append(w.packs, wholePack{p.row.ID, set, p.Len()})
			continue
		}
		for slot := lo; slot < hi; slot++ {
			if answer.has(slot) {
				w.oids = append(w.oids, p.OID(slot-lo))
			}
		}
	}
	s.closures.replace(wholeKey(v), w, w.weight())
	s.store(ctx, v, w, walked, false)
}

// remember keeps what the tips of a push lead to, which had to be walked through to connect them: the first clone after a
// large push, and every one after that, is spared it. It does nothing when the push is small or builds on what was there, or
// when not all of its tips were published.
func (in *Incoming) remember(ctx context.Context, p hub.Publication) {
	c := in.connection
	if c == nil || !c.inside || p.Pack == nil || in.open.Len() < storeAbove {
		return
	}
	published := map[hub.OID]bool{}
	for _, r := range p.Refs {
		published[r.New] = true
	}
	for _, oid := range c.ends {
		if !published[oid] {
			return
		}
	}
	n := in.open.Len()
	set := newBitset(n)
	set.setFrom(0, c.seen[:len(set)], n)
	w := &whole{wants: c.ends, packs: []wholePack{{p.Pack.ID, set, n}}}
	if last := in.store.kept(ctx, in.base); last != nil && last.size() > w.size() {
		return
	}
	in.store.closures.replace(wholeKey(in.base), w, w.weight())
	in.store.store(ctx, in.base, w, w.size(), true)
}

// selectOnTop answers a plain request from what is remembered and a walk through what is new. ok is false when that is
// not possible: something remembered is gone, or no longer wanted.
func (s *Store) selectOnTop(ctx context.Context, v *view, q SelectRequest) (sel *Selection, ok bool, err error) {
	w := s.kept(ctx, v)
	if w == nil {
		return nil, false, nil
	}
	g := newGraph(ctx, v, nil)
	wants, others, ok := g.commitsAmong(q.Wants)
	if !ok {
		return nil, false, nil
	}
	before, tags, ok := g.commitsAmong(w.wants)
	if !ok || !subset(tags, others) {
		return nil, false, nil
	}
	list, err := g.between(wants, before)
	if err != nil || !g.allReached(before, wants, list) {
		return nil, false, err
	}
	c := newClosure(g, Filter{})
	if !c.restore(w) {
		return nil, false, nil
	}
	for oid := range others {
		slot, _, _, _ := g.find(oid)
		c.set.set(slot)
	}
	known := c.set.count()
	if err := c.commits(list, nil); err != nil {
		return nil, false, err
	}
	if sel, err = c.finish(q.Tags); err == nil {
		sel.walked = sel.plain.count() - known
	}
	return sel, err == nil, err
}

// commitsAmong peels ids to commits and returns the tags on the way; ok is false if there is anything else.
func (g *graph) commitsAmong(oids []hub.OID) (commits []hub.OID, tags map[hub.OID]bool, ok bool) {
	tags = map[hub.OID]bool{}
	for _, oid := range oids {
		target, kind, on, err := g.peel(oid)
		if err != nil || kind != object.KindCommit {
			return nil, nil, false
		}
		commits = append(commits, target)
		for _, t := range on {
			tags[t] = true
		}
	}
	return commits, tags, true
}

func subset(a, b map[hub.OID]bool) bool {
	for oid := range a {
		if !b[oid] {
			return false
		}
	}
	return true
}

// allReached tells whether all commits are wanted still: themselves, or as parents of new ones.
func (g *graph) allReached(commits, wants []hub.OID, list []int32) bool {
	reached := toSet(wants)
	for _, i := range list {
		for _, p := range g.nodes[i].parents {
			reached[g.nodes[p].oid] = true
		}
	}
	for _, oid := range commits {
		if !reached[oid] {
			return false
		}
	}
	return true
}

// restore puts what is remembered into the set, under the numbers that objects have now.
func (c *closure) restore(w *whole) bool {
	for _, oid := range w.oids {
		slot, _, _, ok := c.g.find(oid)
		if !ok {
			return false
		}
		c.set.set(slot)
	}
	for _, old := range w.packs {
		number := -1
		for i, p := range c.g.v.packs {
			if p.row.ID == old.id && p.Len() == old.n {
				number = i
			}
		}
		if number < 0 {
			return false
		}
		c.restorePack(number, old.set)
	}
	return true
}

// restorePack puts the objects of one pack into the set. An object that a newer pack has too is known by its number there.
// Newer packs mostly are small, and then it takes as long as looking at their objects.
func (c *closure) restorePack(number int, set bitset) {
	p, base := c.g.v.packs[number], c.g.base[number]
	again := map[int]int{} // positions in p to numbers elsewhere
	for i := number - 1; i >= 0; i-- {
		newer := c.g.v.packs[i]
		if newer.Len() <= p.Len() {
			for at := range newer.Len() {
				if pos, ok := p.Find(newer.OID(at)); ok {
					again[pos] = c.g.base[i] + at
				}
			}
			continue
		}
		for pos := range p.Len() {
			if at, ok := newer.Find(p.OID(pos)); ok {
				again[pos] = c.g.base[i] + at
			}
		}
	}
	c.set.setFrom(base, set, p.Len())
	for pos, slot := range again {
		if set.has(pos) {
			c.set.clear(base + pos)
			c.set.set(slot)
		}
	}
}
