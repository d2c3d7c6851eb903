package gitrepo

import (
	"container/heap"
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

// MaxHistory is the number of commits that one walk through a history visits at most; more is TooLarge.
const MaxHistory = 1 << 20

// dated orders commits as git log does: the newest commit date first, then in the order they were found.
type dated struct {
	commits []*Commit
	seq     []int
	n       int
}

func (d *dated) Len() int { return len(d.commits) }
func (d *dated) Less(i, j int) bool {
	a, b := d.commits[i].Committer.When, d.commits[j].Committer.When
	if !a.Equal(b) {
		return a.After(b)
	}
	return d.seq[i] < d.seq[j]
}
func (d *dated) Swap(i, j int) {
	d.commits[i], d.commits[j] = d.commits[j], d.commits[i]
	d.seq[i], d.seq[j] = d.seq[j], d.seq[i]
}
func (d *dated) Push(x any) {
	d.commits = append(d.commits, x.(*Commit))
	d.seq = append(d.seq, d.n)
	d.n++
}
func (d *dated) Pop() any {
	last := len(d.commits) - 1
	c := d.commits[last]
	d.commits, d.seq = d.commits[:last], d.seq[:last]
	return c
}

// history calls f with each commit of a history, newest first, until f returns false.
func (s *Store) history(ctx context.Context, v *view, from *Commit, f func(*Commit) bool) error {
	queue := &dated{}
	heap.Push(queue, from)
	seen := map[hub.OID]struct{}{from.OID: {}}
	for queue.Len() > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := heap.Pop(queue).(*Commit)
		if !f(c) {
			return nil
		}
		for _, oid := range c.Parents {
			if _, ok := seen[oid]; ok {
				continue
			}
			if len(seen) >= MaxHistory {
				return hub.Errorf(hub.TooLarge, "The history has more than %d commits.", MaxHistory)
			}
			seen[oid] = struct{}{}
			parent, err := s.commit(v, oid)
			if err != nil {
				return err
			}
			heap.Push(queue, parent)
		}
	}
	return nil
}

// begin returns the view in use, a commit of it and a function that ends the use, also after an error.
func (s *Snapshot) begin(oid hub.OID) (*view, *Commit, func(), error) {
	v, done, err := s.use()
	if err != nil {
		return nil, nil, func() {}, err
	}
	c, err := s.commitOf(v, oid)
	return v, c, done, err
}

// Log returns the history of a commit, newest first, without its first skip commits and at most limit of it.
// RevisionNotFound if from is not a commit.
func (s *Snapshot) Log(ctx context.Context, from hub.OID, skip, limit int) ([]Commit, error) {
	v, c, done, err := s.begin(from)
	defer done()
	if err != nil || limit <= 0 {
		return nil, err
	}
	var log []Commit
	err = s.store.history(ctx, v, c, func(c *Commit) bool {
		if skip > 0 {
			skip--
			return true
		}
		log = append(log, *c)
		return len(log) < limit
	})
	return log, err
}

// CountLog returns the number of commits in the history of a commit, itself included. It is remembered for the
// commits asked about, so that counting again after a few more commits visits only those.
func (s *Snapshot) CountLog(ctx context.Context, from hub.OID) (int, error) {
	v, c, done, err := s.begin(from)
	defer done()
	if err != nil {
		return 0, err
	}
	// Along commits with one parent the count grows by one.
	ahead := 0
	for at := c; ; ahead++ {
		if n, ok := s.store.counts.get(cacheKey{v.repo, at.OID}); ok {
			return s.remember(v, from, ahead+n.(int)), nil
		}
		if len(at.Parents) == 0 {
			return s.remember(v, from, ahead+1), nil
		}
		if len(at.Parents) > 1 || ahead >= MaxHistory {
			break
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if at, err = s.store.commit(v, at.Parents[0]); err != nil {
			return 0, err
		}
	}
	n := 0
	err = s.store.history(ctx, v, c, func(*Commit) bool { n++; return true })
	if err != nil {
		return 0, err
	}
	return s.remember(v, from, n), nil
}

func (s *Snapshot) remember(v *view, oid hub.OID, n int) int {
	s.store.counts.put(cacheKey{v.repo, oid}, n, 0)
	return n
}

// IsAncestor tells whether a is b or in the history of b. RevisionNotFound if b is not a commit.
func (s *Snapshot) IsAncestor(ctx context.Context, a, b hub.OID) (bool, error) {
	v, c, done, err := s.begin(b)
	defer done()
	if err != nil {
		return false, err
	}
	found := false
	err = s.store.history(ctx, v, c, func(c *Commit) bool {
		found = c.OID == a
		return !found
	})
	return found, err
}
