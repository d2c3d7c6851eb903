package gitrepo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// selectionKey names a selection: the generation fixes the packs, and thereby the numbers of objects.
func selectionKey(v *view, q SelectRequest) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %d %v\n", v.repo, v.gen, q.Filter)
	var tags []hub.OID
	for _, t := range q.Tags {
		tags = append(tags, t.Target)
	}
	for _, oids := range [][]hub.OID{q.Wants, q.Haves, q.Cut, tags} {
		oids = slices.Clone(oids)
		slices.SortFunc(oids, func(a, b hub.OID) int { return bytes.Compare(a[:], b[:]) })
		oids = slices.Compact(oids)
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(oids)))
		h.Write(n[:])
		for _, oid := range oids {
			h.Write(oid[:])
		}
	}
	return string(h.Sum(nil))
}

// chosen is what is remembered of a selection.
type chosen struct {
	set   bitset
	count int
	sums  *sums
}

// choose is selectFrom, remembered. Of equal requests that come together one is worked out.
func (s *Store) choose(ctx context.Context, v *view, q SelectRequest) (chosen, error) {
	key := cacheKey{repo: hub.ID(selectionKey(v, q))}
	for {
		if c, ok := s.closures.get(key); ok {
			return c.(chosen), nil
		}
		c, err, shared := s.flights.Do(string(key.repo), func() (any, error) {
			sel, err := s.work(ctx, v, q)
			if err != nil {
				return nil, err
			}
			c := chosen{sel.set, sel.count, &sums{}}
			s.closures.put(key, c, int64(8*len(c.set)))
			if q.isPlain() {
				s.remember(ctx, v, q, sel.plain, sel.walked)
			}
			return c, nil
		})
		switch {
		case err == nil:
			return c.(chosen), nil
		case shared && ctx.Err() == nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
			// It was another caller that gave up.
		default:
			return chosen{}, err
		}
	}
}

// work makes a selection.
func (s *Store) work(ctx context.Context, v *view, q SelectRequest) (*Selection, error) {
	if q.isPlain() {
		if sel, ok, err := s.selectOnTop(ctx, v, q); ok || err != nil {
			return sel, err
		}
	}
	if sel, ok, err := s.selectWithoutBlobs(ctx, v, q); ok || err != nil {
		return sel, err
	}
	return selectFrom(ctx, v, q)
}

// selectWithoutBlobs answers a request for all that the wants lead to but blobs, or large ones: they are taken out of what is
// remembered of the same request without a filter. ok is false for other requests.
func (s *Store) selectWithoutBlobs(ctx context.Context, v *view, q SelectRequest) (sel *Selection, ok bool, err error) {
	if !q.Filter.on || q.Filter.byDepth() || q.Filter.omit != 0 || len(q.Haves) > 0 || len(q.Cut) > 0 {
		return nil, false, nil
	}
	g := newGraph(ctx, v, nil)
	if _, _, ok := g.commitsAmong(q.Wants); !ok {
		return nil, false, nil // blobs that are asked for by their ids come in any case
	}
	filter := q.Filter
	q.Filter = Filter{}
	all, err := s.choose(ctx, v, q)
	if err != nil {
		return nil, false, err
	}
	sel = &Selection{slots: g.slots, set: slices.Clone(all.set)}
	for i, p := range v.packs {
		for pos := range p.Len() {
			if slot := sel.base[i] + pos; p.Kind(pos) == object.KindBlob && sel.set.has(slot) && !filter.takesBlob(p.Size(pos), 0) {
				sel.set.clear(slot)
			}
		}
	}
	sel.plain, sel.count = sel.set, sel.set.count()
	return sel, true, nil
}

// Unreachable returns the first of the objects that none of the tips leads to. ok is false when all are reachable. Ids
// that name nothing are unreachable. Only reachable objects may leave the hub: what was removed from a history must
// not come back because somebody knows its id.
func (s *Snapshot) Unreachable(ctx context.Context, tips, oids []hub.OID) (first hub.OID, ok bool, err error) {
	if len(oids) == 0 {
		return hub.ZeroOID, false, nil
	}
	v, done, err := s.use()
	if err != nil {
		return hub.ZeroOID, false, err
	}
	defer done()
	all, err := s.store.choose(ctx, v, SelectRequest{Wants: tips})
	if err != nil {
		return hub.ZeroOID, false, err
	}
	n := numbered(v)
	for _, oid := range oids {
		if slot, _, _, found := n.find(oid); !found || !all.set.has(slot) {
			return oid, true, nil
		}
	}
	return hub.ZeroOID, false, nil
}
