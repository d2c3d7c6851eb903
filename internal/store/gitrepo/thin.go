package gitrepo

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

const (
	// maxThin is the number of objects up to which a pack is made thin: deltas are made while it is sent, and the more there
	// is to send, the less they matter beside it.
	maxThin = 4096
	// minThinned and maxThinned are the sizes in bytes between which an object is worth a delta of its own.
	minThinned = 64
	maxThinned = 4 << 20
	// maxBack is how many earlier versions of an object are passed that are sent themselves.
	maxBack = 64
)

// thin knows earlier versions of what a selection sends. An earlier version stands at the same path in a parent of a commit
// that is sent. Either it is sent itself, or the receiver has it: it has the parent, with all that leads to. And as
// parents of what may be seen may be seen too, nothing of the base comes to light that the receiver may not have.
type thin struct {
	s *Selection
	g *graph
	h *hints
}

// MakeThin lets WritePack base deltas on what the receiver has. The selection must have been made for haves that are whole:
// without filters and shallow borders, now or before. It does nothing when there is much to send.
func (s *Selection) MakeThin(ctx context.Context) error {
	if s.count > maxThin {
		return nil
	}
	t := &thin{s: s, g: newGraph(ctx, s.v, nil), h: newHints()}
	var commits []int32
	for number, p := range s.v.packs {
		for pos := range p.Len() {
			if !s.set.has(s.base[number]+pos) || p.Kind(pos) != object.KindCommit {
				continue
			}
			i, err := t.g.commit(p.OID(pos))
			if err == nil {
				_, err = t.g.parents(i)
			}
			if err != nil {
				return err
			}
			commits = append(commits, i)
		}
	}
	commits, err := t.g.oldestFirst(commits)
	if err == nil {
		err = t.h.learn(t.g, commits)
	}
	if err != nil {
		return err
	}
	s.thin = t
	return nil
}

// sent tells whether an object is in the pack.
func (t *thin) sent(oid hub.OID) bool {
	slot, _, _, ok := t.s.find(oid)
	return ok && t.s.set.has(slot)
}

// Has implements pack.Thin: what stood somewhere before and is not sent, the receiver has.
func (t *thin) Has(oid hub.OID) bool {
	_, seen := t.h.number[oid]
	return seen && !t.sent(oid)
}

// Delta implements pack.Thin.
func (t *thin) Delta(p *pack.Pack, number, pos int) (hub.OID, []byte, error) {
	if size := p.Size(pos); size < minThinned || size > maxThinned {
		return hub.ZeroOID, nil, nil
	}
	base, ok := t.h.earlier[p.OID(pos)]
	for n := 0; ok && t.sent(base); n++ {
		if base, ok = t.h.earlier[base]; n == maxBack {
			return hub.ZeroOID, nil, nil
		}
	}
	if !ok {
		return hub.ZeroOID, nil, nil
	}
	_, baseNumber, basePos, ok := t.g.find(base)
	if !ok {
		return hub.ZeroOID, nil, nil
	}
	from := t.g.v.packs[baseNumber]
	if from.Kind(basePos) != p.Kind(pos) || from.Size(basePos) > maxThinned {
		return hub.ZeroOID, nil, nil
	}
	was, err := t.g.read.object(from.Pack, baseNumber, basePos)
	if err != nil {
		return hub.ZeroOID, nil, err
	}
	is, err := t.g.read.object(p, number, pos)
	if err != nil {
		return hub.ZeroOID, nil, err
	}
	return base, object.MakeDelta(was, is, len(is)/2), nil
}
