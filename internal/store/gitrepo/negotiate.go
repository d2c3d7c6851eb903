package gitrepo

import (
	"context"
	"errors"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// Peel follows annotated tags to what they name: a commit, nearly always. isTag is false when oid is no tag. errMissing's
// error is internal: refs name what is there.
func (s *Snapshot) Peel(oid hub.OID) (target hub.OID, isTag bool, err error) {
	v, done, err := s.use()
	if err != nil {
		return hub.ZeroOID, false, err
	}
	defer done()
	if k, ok := v.kind(oid); ok && k != object.KindTag {
		return oid, false, nil
	}
	key := cacheKey{v.era, oid} // refs are listed far more often than tags are made
	if p, ok := s.store.cache.get(key); ok {
		if p, ok := p.(peeled); ok {
			return p.target, true, nil
		}
	}
	target, kind, tags, err := (&graph{slots: slots{v: v}}).peel(oid)
	if err == nil && len(tags) > 0 {
		s.store.cache.put(key, peeled{target, kind, tags}, peeledWeight*int64(1+len(tags)))
	}
	if errors.Is(err, errMissing) && len(tags) == 0 {
		return oid, false, nil // the ref was deleted before the snapshot was opened
	}
	return target, len(tags) > 0, err
}

// Has tells whether the snapshot has an object, and its kind and size. It says nothing about who may read it.
func (s *Snapshot) Has(oid hub.OID) (kind object.Kind, size int64, ok bool) {
	v, done, err := s.use()
	if err != nil {
		return 0, 0, false
	}
	defer done()
	p, pos, ok := v.find(oid)
	if !ok {
		return 0, 0, false
	}
	return p.Kind(pos), p.Size(pos), true
}

// Negotiation finds out what a receiver has in common with a snapshot. Close it. Not for concurrent use.
type Negotiation struct {
	g      *graph
	wants  []hub.OID // commits
	common []hub.OID // commits
	mark   map[int32]bool
	oldest int64 // date of the oldest commit in common
	enough map[int32]bool
	not    bool // not enough with what is in common so far
	done   func()
}

// Negotiate starts a negotiation about objects of the snapshot.
func (s *Snapshot) Negotiate(ctx context.Context, wants []hub.OID) (*Negotiation, error) {
	v, done, err := s.use()
	if err != nil {
		return nil, err
	}
	n := &Negotiation{g: newGraph(ctx, v, nil), mark: map[int32]bool{}, done: done}
	for _, oid := range wants {
		target, kind, _, err := n.g.peel(oid)
		if err != nil {
			done()
			return nil, err
		}
		if kind == object.KindCommit {
			n.wants = append(n.wants, target)
		}
	}
	return n, nil
}

// Close ends the use of the snapshot.
func (n *Negotiation) Close() error {
	n.done()
	return nil
}

// Have takes in what the receiver has, and tells whether the snapshot has it too.
func (n *Negotiation) Have(oid hub.OID) (bool, error) {
	target, kind, _, err := n.g.peel(oid)
	if errors.Is(err, errMissing) {
		return false, nil
	}
	if err != nil || kind != object.KindCommit {
		return err == nil, err
	}
	i, err := n.g.commit(target)
	if err != nil {
		return false, err
	}
	if !n.mark[i] {
		n.mark[i] = true
		if d := n.g.nodes[i].date; len(n.common) == 0 || d < n.oldest {
			n.oldest = d
		}
		n.common = append(n.common, target)
		n.enough, n.not = nil, false
	}
	return true, nil
}

// Common returns the commits in common.
func (n *Negotiation) Common() []hub.OID { return n.common }

// Enough tells whether every commit that is wanted descends from one in common, so that asking further would not make
// the answer much smaller.
func (n *Negotiation) Enough() (bool, error) {
	if len(n.common) == 0 || n.not {
		return false, nil
	}
	if n.enough == nil {
		n.enough = map[int32]bool{}
	}
	for _, oid := range n.wants {
		i, err := n.g.commit(oid)
		if err != nil {
			return false, err
		}
		if ok, err := n.descends(i); err != nil || !ok {
			n.not = err == nil // clients of old versions are told with every commit that they name
			return false, err
		}
	}
	return true, nil
}

// descends tells whether a commit is in common or has an ancestor that is. Commits older than all in common are not
// looked behind.
func (n *Negotiation) descends(from int32) (bool, error) {
	seen := map[int32]bool{from: true}
	stack := []int32{from}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n.mark[i] || n.enough[i] {
			n.enough[from] = true
			return true, nil
		}
		if n.g.nodes[i].date < n.oldest {
			continue
		}
		ps, err := n.g.parents(i)
		if err != nil {
			return false, err
		}
		for _, p := range ps {
			if !seen[p] {
				seen[p] = true
				stack = append(stack, p)
			}
		}
	}
	return false, nil
}
