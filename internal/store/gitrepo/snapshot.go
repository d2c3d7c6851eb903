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

	mu sync.Mutex // guards v
	v  *view      // retained; nil after Close
}

var errClosed = errors.New("gitrepo: the snapshot is closed")

// use returns the view shown and a function that ends its use. Until then its packs stay open even if the snapshot is
// closed meanwhile: reading unmapped pages would end the process.
func (s *Snapshot) use() (*view, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.v == nil {
		return nil, nil, errClosed
	}
	v := s.v
	s.store.retain(v)
	return v, func() { s.store.release(v) }, nil
}

// Gen returns the generation that the snapshot shows.
func (s *Snapshot) Gen() int64 {
	v, done, err := s.use()
	if err != nil {
		return 0
	}
	defer done()
	return v.gen
}

// Close ends the use of the snapshot. A second call does nothing.
func (s *Snapshot) Close() error {
	s.mu.Lock()
	v := s.v
	s.v = nil
	s.mu.Unlock()
	if v != nil {
		s.store.release(v)
	}
	return nil
}

// advance goes forward to the newest generation.
func (s *Snapshot) advance(ctx context.Context, repo hub.ID) error {
	v, err := s.store.openView(ctx, repo)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if s.v != nil && v.gen > s.v.gen {
		s.v, v = v, s.v
	}
	s.mu.Unlock()
	s.store.release(v)
	return nil
}

// Commit returns a commit, whose slices must not be changed; RevisionNotFound if the repository has none of that id.
func (s *Snapshot) Commit(ctx context.Context, oid hub.OID) (Commit, error) {
	v, done, err := s.use()
	if err != nil {
		return Commit{}, err
	}
	defer done()
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
