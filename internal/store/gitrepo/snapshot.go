package gitrepo

import (
	"context"
	"errors"
	"sync"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Snapshot is an immutable view of one generation of a repository. It is safe for concurrent use.
// Blobs that were opened from it may be read after Close.
//
// One thing moves: when Resolve finds a ref that was published after the snapshot was opened, the snapshot goes
// forward to a generation that has the ref's commit. What it showed before it still shows.
type Snapshot struct {
	store *Store

	mu  sync.Mutex // guards the fields below
	v   *view      // nil after Close
	old []*view    // views shown before v, released by Close because calls may still use them
}

var errClosed = errors.New("gitrepo: the snapshot is closed")

func (s *Snapshot) view() (*view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.v == nil {
		return nil, errClosed
	}
	return s.v, nil
}

// Gen returns the generation that the snapshot shows.
func (s *Snapshot) Gen() int64 {
	v, err := s.view()
	if err != nil {
		return 0
	}
	return v.gen
}

// Close ends the use of the snapshot. A second call does nothing.
func (s *Snapshot) Close() error {
	s.mu.Lock()
	drop := s.old
	if s.v != nil {
		drop = append(drop, s.v)
	}
	s.v, s.old = nil, nil
	s.mu.Unlock()
	for _, v := range drop {
		s.store.release(v)
	}
	return nil
}

// advance goes forward to the newest generation and returns its view.
func (s *Snapshot) advance(ctx context.Context, from *view) (*view, error) {
	v, err := s.store.openView(ctx, from.repo)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.v == nil || v.gen <= s.v.gen {
		defer s.store.release(v)
		if s.v == nil {
			return nil, errClosed
		}
		return s.v, nil
	}
	s.old = append(s.old, s.v)
	s.v = v
	return v, nil
}

// Commit returns a commit; RevisionNotFound if the repository has none of that id.
func (s *Snapshot) Commit(ctx context.Context, oid hub.OID) (Commit, error) {
	v, err := s.view()
	if err != nil {
		return Commit{}, err
	}
	c, err := s.commitOf(v, oid)
	if err != nil {
		return Commit{}, err
	}
	return *c, nil
}

// commitOf is Commit on a view: an id that names no commit is the caller's error, not damage.
func (s *Snapshot) commitOf(v *view, oid hub.OID) (*Commit, error) {
	c, err := s.store.commit(v, oid)
	if errors.Is(err, errMissing) {
		return nil, badRevision(oid.String())
	}
	return c, err
}
