package gitrepo

import (
	"container/list"
	"context"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// Config bounds what a Store uses. Zero fields take the defaults named beside them.
type Config struct {
	CacheDir          string                                           // folder for temporary files, made if missing; default: the system's
	TreeCacheBytes    int64                                            // memory for parsed trees and commits, in bytes; 128 MiB
	ClosureCacheBytes int64                                            // memory for answers to "which objects does a clone need", in bytes; 32 MiB
	OpenRepos         int                                              // repositories whose newest view stays open while unused; 256
	SpoolMemory       int64                                            // bytes of a growing pack kept in memory before it goes to a file; 1 MiB
	StageLease        time.Duration                                    // time that storing one pack may take before a sweeper may remove it; 6 h
	LogError          func(ctx context.Context, msg string, err error) // failures of background work; nil: dropped
}

func (c Config) withDefaults() Config {
	if c.TreeCacheBytes == 0 {
		c.TreeCacheBytes = 128 << 20
	}
	if c.ClosureCacheBytes == 0 {
		c.ClosureCacheBytes = 32 << 20
	}
	if c.OpenRepos == 0 {
		c.OpenRepos = 256
	}
	if c.SpoolMemory == 0 {
		c.SpoolMemory = 1 << 20
	}
	if c.StageLease == 0 {
		c.StageLease = 6 * time.Hour
	}
	if c.LogError == nil {
		c.LogError = func(context.Context, string, error) {}
	}
	return c
}

// Store opens repositories for reading and writing. It is safe for concurrent use.
type Store struct {
	cfg    Config
	meta   Meta
	blobs  blob.Store
	cache  *cache
	counts *cache // of int: lengths of histories
	small  *cache // of []byte: contents of small blobs, which clients ask for again and again

	closures *cache             // of chosen, by selectionKey
	flights  singleflight.Group // of selections, by the same key

	mu     sync.Mutex               // guards the fields below and the counts of views and openPacks; held only briefly
	newest map[hub.ID]*list.Element // of recent, by repository
	recent *list.List               // of *view, most recently used first; each is retained
	packs  map[hub.ID]*openPack     // every open pack, by id

	compactions *queue
}

// New returns a store over the given metadata and blobs. It starts nothing; see Keeper.Run.
func New(cfg Config, meta Meta, blobs blob.Store) *Store {
	cfg = cfg.withDefaults()
	return &Store{
		cfg:         cfg,
		meta:        meta,
		blobs:       blobs,
		cache:       newCache(cfg.TreeCacheBytes),
		counts:      newCache(countCacheBytes),
		small:       newCache(smallCacheBytes),
		closures:    newCache(cfg.ClosureCacheBytes),
		newest:      map[hub.ID]*list.Element{},
		recent:      list.New(),
		packs:       map[hub.ID]*openPack{},
		compactions: newQueue(),
	}
}

// smallCacheBytes is memory for contents of blobs of at most smallBlob bytes, such as configurations and cards.
const (
	smallCacheBytes = 16 << 20
	smallBlob       = 64 << 10
)

// apart returns a store with caches of its own, of at most so many bytes each, for reading what is not published. It
// is not to be run nor closed.
func (s *Store) apart(bytes int64) *Store {
	return &Store{
		cfg: s.cfg, meta: s.meta, blobs: s.blobs,
		cache: newCache(bytes), counts: newCache(bytes), small: newCache(bytes), closures: newCache(bytes),
	}
}

// countCacheBytes holds the history lengths of some ten thousand commits.
const countCacheBytes = 2 << 20

// tempDir returns the folder for temporary files and makes it if needed.
func (s *Store) tempDir() (string, error) {
	if s.cfg.CacheDir == "" {
		return "", nil
	}
	return s.cfg.CacheDir, os.MkdirAll(s.cfg.CacheDir, 0o700)
}

// Close forgets all cached views. Snapshots that are still open stay usable until they are closed.
func (s *Store) Close() error {
	s.mu.Lock()
	var drop []*view
	for e := s.recent.Front(); e != nil; e = e.Next() {
		drop = append(drop, e.Value.(*view))
	}
	s.recent.Init()
	clear(s.newest)
	s.mu.Unlock()
	for _, v := range drop {
		s.release(v)
	}
	return nil
}
