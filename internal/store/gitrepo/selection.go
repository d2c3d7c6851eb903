package gitrepo

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

// SelectRequest says what a receiver wants and has.
type SelectRequest struct {
	Wants  []hub.OID // objects of any kind; all must be there
	Haves  []hub.OID // commits that the receiver has with all they lead to; unknown ones are ignored
	Cut    []hub.OID // commits whose parents the receiver neither has nor wants
	Tags   []hub.Ref // annotated tags that come along when what they name does
	Filter Filter
}

// Selection is a set of objects of a snapshot. Close it.
type Selection struct {
	slots
	set   bitset
	plain bitset // set without the tags that only came along
	count int
	// walked is how many objects had to be walked through because nothing was remembered of them.
	walked int
	thin   *thin // nil: the pack stands for itself
	sums   *sums // shared by all that ask the same; nil: not remembered
	done   func()
}

// maxNear bounds the trees that a commit without parents is compared with.
const maxNear = 4

// Select finds the objects that a receiver lacks. It may name some that the receiver has already.
func (s *Snapshot) Select(ctx context.Context, q SelectRequest) (*Selection, error) {
	v, done, err := s.use()
	if err != nil {
		return nil, err
	}
	c, err := s.store.choose(ctx, v, q)
	if err != nil {
		done()
		return nil, err
	}
	return &Selection{slots: numbered(v), set: c.set, count: c.count, sums: c.sums, done: done}, nil
}

func selectFrom(ctx context.Context, v *view, q SelectRequest) (*Selection, error) {
	g := newGraph(ctx, v, toSet(q.Cut))
	c := newClosure(g, q.Filter)
	var commits, others []hub.OID
	for _, oid := range q.Wants {
		target, kind, tags, err := g.peel(oid)
		if err != nil {
			return nil, err
		}
		for _, t := range append(tags, target) {
			c.want(t)
		}
		if kind == object.KindCommit {
			commits = append(commits, target)
		} else {
			others = append(others, target)
		}
	}
	haves, near, err := g.haves(q.Haves)
	if err != nil {
		return nil, err
	}
	list, err := g.between(commits, haves)
	if err != nil {
		return nil, err
	}
	if err := c.commits(list, near); err != nil {
		return nil, err
	}
	for _, oid := range others {
		if err := c.object(oid); err != nil {
			return nil, err
		}
	}
	c.drop()
	return c.finish(q.Tags)
}

// finish adds tags and ends the collection.
func (c *closure) finish(tags []hub.Ref) (*Selection, error) {
	sel := &Selection{slots: c.g.slots, set: c.set, plain: c.set}
	if len(tags) > 0 {
		sel.plain = slices.Clone(c.set)
		if err := c.tags(tags); err != nil {
			return nil, err
		}
	}
	sel.count = c.set.count()
	sel.walked = sel.count
	return sel, nil
}

func toSet(oids []hub.OID) map[hub.OID]bool {
	if len(oids) == 0 {
		return nil
	}
	set := make(map[hub.OID]bool, len(oids))
	for _, oid := range oids {
		set[oid] = true
	}
	return set
}

// haves returns the commits among what the receiver has, and trees of some of them.
func (g *graph) haves(oids []hub.OID) (commits, near []hub.OID, err error) {
	for _, oid := range oids {
		target, kind, _, err := g.peel(oid)
		if errors.Is(err, errMissing) || err == nil && kind != object.KindCommit {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		commits = append(commits, target)
		if len(near) < maxNear {
			i, err := g.commit(target)
			if err != nil {
				return nil, nil, err
			}
			near = append(near, g.nodes[i].tree)
		}
	}
	return commits, near, nil
}

// tags adds the tags of objects that are in the set.
func (c *closure) tags(refs []hub.Ref) error {
	for _, r := range refs {
		target, _, tags, err := c.g.peel(r.Target)
		if errors.Is(err, errMissing) || len(tags) == 0 {
			continue // newer than the view, or no annotated tag
		}
		if err != nil {
			return err
		}
		slot, _, _, ok := c.g.find(target)
		if !ok || !c.set.has(slot) {
			continue
		}
		for _, t := range tags {
			slot, _, _, _ := c.g.find(t)
			c.set.set(slot)
		}
	}
	return nil
}

// Len returns the number of objects.
func (s *Selection) Len() int { return s.count }

// Close ends the use of the snapshot's packs.
func (s *Selection) Close() error {
	if s.done != nil {
		s.done()
		s.done = nil
	}
	return nil
}

// WritePack writes the objects as a git pack. offsets tells whether the receiver understands deltas whose base is named
// by its distance. Compressed bytes and deltas are reused; what is in memory does not grow with the objects'
// sizes.
func (s *Selection) WritePack(ctx context.Context, w io.Writer, offsets bool) error {
	e, err := pack.NewEmitter(&stopping{ctx, w}, s.count)
	if err != nil {
		return err
	}
	e.Offsets = offsets
	if s.thin != nil {
		e.Thin = s.thin
	} else {
		e.Sum = s.known(offsets)
	}
	e.Place = func(oid hub.OID) (int, int, bool) {
		slot, number, pos, ok := s.find(oid)
		return number, pos, ok && s.set.has(slot)
	}
	for i, p := range s.v.packs {
		lo, hi := s.base[i], s.base[i+1]
		switch n := s.set.countIn(lo, hi); {
		case n == 0:
		case n == hi-lo && offsets && s.thin == nil:
			err = e.AddAll(p.Pack, i)
		default:
			err = e.AddWhere(p.Pack, i, func(pos int) bool { return s.set.has(lo + pos) })
		}
		if err != nil {
			return err
		}
	}
	err = e.Close()
	if err == nil && s.thin == nil {
		s.sums.keep(offsets, e.Sum)
	}
	return err
}

// known returns the sum of the pack that WritePack would write, if it is known: of what was written before, and of a stored
// pack that goes out as it is. Should its bytes have changed on the disk, the receiver notices.
func (s *Selection) known(offsets bool) hub.OID {
	for i, p := range s.v.packs {
		if n := p.Len(); offsets && s.count == n && s.set.countIn(s.base[i], s.base[i+1]) == n {
			return p.SHA1()
		}
	}
	return s.sums.get(offsets)
}

// sums are the sums of the packs that a selection was written as: with deltas named by distance, and without. The zero
// value knows none; nil never does. It may be used concurrently.
type sums struct{ of [2]atomic.Pointer[hub.OID] }

func (s *sums) place(offsets bool) *atomic.Pointer[hub.OID] {
	if offsets {
		return &s.of[1]
	}
	return &s.of[0]
}

func (s *sums) keep(offsets bool, sum hub.OID) {
	if s != nil {
		s.place(offsets).Store(&sum)
	}
}

func (s *sums) get(offsets bool) hub.OID {
	if s != nil {
		if sum := s.place(offsets).Load(); sum != nil {
			return *sum
		}
	}
	return hub.ZeroOID
}

// stopping fails once ctx has ended.
type stopping struct {
	ctx context.Context
	w   io.Writer
}

func (s *stopping) Write(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.w.Write(b)
}
