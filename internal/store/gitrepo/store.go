package gitrepo

import (
	"context"
	"errors"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

var errSkeleton = errors.New("gitrepo: not there yet")

// Config bounds what a Store uses. Zero fields take the defaults named beside them.
type Config struct {
	CacheDir       string                                           // folder for temporary files, made if missing; default: the system's
	TreeCacheBytes int64                                            // memory for parsed trees and commits, in bytes; 128 MiB
	OpenRepos      int                                              // repositories whose newest view stays open while unused; 256
	SpoolMemory    int64                                            // bytes of a growing pack kept in memory before it goes to a file; 1 MiB
	StageLease     time.Duration                                    // time that storing one pack may take; 1 h
	LogError       func(ctx context.Context, msg string, err error) // failures of background work; nil: dropped
}

// Store opens repositories for reading and writing. It is safe for concurrent use.
type Store struct {
	cfg   Config
	meta  Meta
	blobs blob.Store
}

// New returns a store over the given metadata and blobs. It starts nothing; see Run.
func New(cfg Config, meta Meta, blobs blob.Store) *Store {
	return &Store{cfg: cfg, meta: meta, blobs: blobs}
}

// Run merges packs of repositories that were published to, until ctx ends; then it returns nil.
func (s *Store) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Open returns a view of the repository as it is now; RepoNotFound if it does not exist.
// The caller must Close it. Any number may be open.
func (s *Store) Open(ctx context.Context, repoID hub.ID) (*Snapshot, error) { return nil, errSkeleton }

// Begin starts a change of a repository. A repository that does not exist yet counts as empty; see PublishNew.
// The caller must end the writer with Publish, PublishNew or Abort; Abort after success does nothing.
func (s *Store) Begin(ctx context.Context, repoID hub.ID) (*Writer, error) { return nil, errSkeleton }

// Compact merges packs of a repository until its live packs grow geometrically and are at most MaxLivePacks.
// It never drops an object. When another merge was faster it changes nothing and returns nil.
func (s *Store) Compact(ctx context.Context, repoID hub.ID) error { return errSkeleton }

// ExportBare writes the repository as a bare git repository into dir, which must not exist or be empty.
func (s *Store) ExportBare(ctx context.Context, repoID hub.ID, dir string) error { return errSkeleton }

// Close forgets all cached views. Snapshots that are still open stay usable until they are closed.
func (s *Store) Close() error { return nil }
