// Package locks keeps who works on which file, for git-lfs: locks are advice that clients honour.
// Source: git-lfs docs/api/locking.md.
package locks

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Meta is what this package needs of the metadata store; store/meta satisfies it and documents it.
type Meta interface {
	CreateLock(ctx context.Context, l hub.FileLock, ev hub.Event) (hub.FileLock, error)
	LockByID(ctx context.Context, repoID, id hub.ID) (hub.FileLock, error)
	LockByPath(ctx context.Context, repoID hub.ID, path string) (hub.FileLock, error)
	Locks(ctx context.Context, repoID, after hub.ID, limit int) ([]hub.FileLock, error)
	DeleteLock(ctx context.Context, repoID, id hub.ID, ev hub.Event) error
}

// MaxPage is the number of locks that one list holds at most.
const MaxPage = 1000

// Service keeps locks. Safe for concurrent use.
type Service struct {
	meta  Meta
	check func(path string) error
	now   func() time.Time
}

// New makes a Service. check says which paths a repository can have: gitrepo.CheckPath.
func New(meta Meta, check func(path string) error) *Service {
	return &Service{meta: meta, check: check, now: time.Now}
}

// Create locks a path for the holder of g, which needs RepoWrite. When somebody has it locked already, that lock is returned
// with Conflict. Unprocessable for a path that no file can have.
func (s *Service) Create(ctx context.Context, g access.Grant, path, ref string, ev hub.Event) (hub.FileLock, error) {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return hub.FileLock{}, err
	}
	path = strings.TrimPrefix(path, "/")
	if err := s.check(path); err != nil {
		return hub.FileLock{}, err
	}
	if len(ref) > 1024 {
		return hub.FileLock{}, hub.Errorf(hub.Unprocessable, "The name of the ref is too long.")
	}
	sub := g.Subject()
	l := hub.FileLock{ID: hub.NewID(), RepoID: repo.ID, Path: path, Ref: ref, OwnerID: sub.ActorID(), OwnerName: sub.ActorName(), CreatedAt: s.now().UTC().Truncate(time.Second)}
	ev.NamespaceID, ev.Message = repo.NamespaceID, fmt.Sprintf("Locked %s.", path)
	return s.meta.CreateLock(ctx, l, ev)
}

// Query selects locks. Zero fields select all.
type Query struct {
	Path  string
	ID    hub.ID
	After hub.ID // cursor
	Limit int    // 0: MaxPage
}

// List returns locks, oldest first, and the cursor for more, "" at the end. g needs RepoContentRead, or RepoWrite.
func (s *Service) List(ctx context.Context, g access.Grant, q Query) (list []hub.FileLock, next hub.ID, err error) {
	repo, err := g.Repo(access.RepoContentRead)
	if err != nil {
		if repo, err = g.Repo(access.RepoWrite); err != nil {
			return nil, "", err
		}
	}
	if q.Path != "" || q.ID != "" {
		var l hub.FileLock
		if q.ID != "" {
			l, err = s.meta.LockByID(ctx, repo.ID, q.ID)
		} else {
			l, err = s.meta.LockByPath(ctx, repo.ID, q.Path)
		}
		if hub.Is(err, hub.NotFound) || err == nil && q.Path != "" && l.Path != q.Path {
			return nil, "", nil
		}
		return []hub.FileLock{l}, "", err
	}
	if q.Limit <= 0 || q.Limit > MaxPage {
		q.Limit = MaxPage
	}
	list, err = s.meta.Locks(ctx, repo.ID, q.After, q.Limit+1)
	if len(list) > q.Limit {
		list = list[:q.Limit]
		next = list[q.Limit-1].ID
	}
	return list, next, err
}

// Unlock removes a lock of the holder of g, which needs RepoWrite. That of somebody else is Forbidden, unless force is
// set and the holder may change the repository's settings. NotFound.
func (s *Service) Unlock(ctx context.Context, g access.Grant, id hub.ID, force bool, ev hub.Event) (hub.FileLock, error) {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return hub.FileLock{}, err
	}
	l, err := s.meta.LockByID(ctx, repo.ID, id)
	if err != nil {
		return hub.FileLock{}, err
	}
	if l.OwnerID != g.Subject().ActorID() {
		switch {
		case !force:
			return l, forbidden("lock.other", "%s has locked %s. Who administers the repository may remove the lock with --force.", owner(l), l.Path)
		case !g.Allows(access.RepoSettings):
			return l, forbidden("lock.force", "%s has locked %s. Only who administers the repository may remove the lock of somebody else.", owner(l), l.Path)
		}
	}
	ev.NamespaceID, ev.Message = repo.NamespaceID, fmt.Sprintf("Unlocked %s, which %s had locked.", l.Path, owner(l))
	return l, s.meta.DeleteLock(ctx, repo.ID, l.ID, ev)
}

func forbidden(reason, format string, args ...any) error {
	e := hub.Errorf(hub.Forbidden, format, args...)
	e.Reason = reason
	return e
}

func owner(l hub.FileLock) string {
	if l.OwnerName == "" {
		return "Somebody who is gone"
	}
	return l.OwnerName
}
