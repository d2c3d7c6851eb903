package xet

import (
	"context"
	"sync"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// Meta is what this package needs of the metadata store; store/meta satisfies it and documents it.
type Meta interface {
	XetEpoch(ctx context.Context, domain hub.ID) (int64, error)
	RaiseXetEpochs(ctx context.Context) error
	Setting(ctx context.Context, name string) (string, bool, error)
	PutSetting(ctx context.Context, name, value string) error

	XetXorb(ctx context.Context, hash hub.XetHash) (hub.XetXorb, error)
	XetXorbOf(ctx context.Context, domain hub.ID, hash hub.XetHash) (hub.XetXorb, error)
	BeginXetXorb(ctx context.Context, domain hub.ID, hash hub.XetHash) (held, stored bool, err error)
	CompleteXetXorb(ctx context.Context, domain hub.ID, x hub.XetXorb, eligible []hub.XetHash) error
	XetChunk(ctx context.Context, domain hub.ID, chunk hub.XetHash) ([]hub.XetHash, error)
	FreshenXetHoldings(ctx context.Context, domain hub.ID, xorbs []hub.XetHash, stale time.Time) error

	RegisterXet(ctx context.Context, reg hub.XetRegistration) error
	XetFileOf(ctx context.Context, repoID hub.ID, hash hub.XetHash) (hub.XetFile, error)
	XetFileByID(ctx context.Context, id hub.ID) (hub.XetFile, error)
	XetFileWith(ctx context.Context, domain hub.ID, xorb hub.XetHash) (hub.XetFile, error)
	XetFilesIn(ctx context.Context, repoID hub.ID, xorb hub.XetHash, limit int) ([]hub.XetFile, error)
	XetParts(ctx context.Context, fileID, domain hub.ID) (map[hub.XetHash]bool, error)
	XetRefs(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]hub.XetRef, error)
	CopyXet(ctx context.Context, from, to hub.ID, hash hub.XetHash, d hub.Digest, ev hub.Event) error
	UnverifiedXet(ctx context.Context, before time.Time, limit int) ([]hub.XetFile, error)
	SetXetDigest(ctx context.Context, fileID hub.ID, d hub.Digest) error

	WholeFiles(ctx context.Context, after hub.WholeFile, before time.Time, least int64, limit int) ([]hub.WholeFile, error)
	ReplaceLFS(ctx context.Context, repoID hub.ID, f hub.XetFile, chunks []hub.XetChunk) error

	DropXetLinks(ctx context.Context, before time.Time, limit int) (int, error)
	DropXetFiles(ctx context.Context, limit int) (int, error)
	DropXetHoldings(ctx context.Context, before time.Time, limit int) (int, error)
	CondemnXetXorbs(ctx context.Context, before time.Time, limit int) ([]hub.XetHash, error)
	ForgetXetXorb(ctx context.Context, hash hub.XetHash) error
	XetXorbsAfter(ctx context.Context, after hub.XetHash, limit int) ([]hub.XetXorb, error)
	SettledXorbs(ctx context.Context, before time.Time, limit int) ([]hub.XetXorb, error)
	SetXetLooked(ctx context.Context, hash hub.XetHash) error
	XetFilesOf(ctx context.Context, xorb hub.XetHash, limit int) ([]hub.XetFile, error)
	RewriteXet(ctx context.Context, w hub.XetRewrite, before time.Time) error
	UncheckedXorbs(ctx context.Context, before time.Time, limit int) ([]hub.XetXorb, error)
	SetXetChecked(ctx context.Context, hash hub.XetHash, rotten bool) error
}

// Authorizer decides, and decides again while something takes long; access.Authorizer is one.
type Authorizer interface {
	Authorize(ctx context.Context, s *access.Subject, needs ...access.Need) (access.Grant, error)
	Recheck(ctx context.Context, g access.Grant) (access.Grant, error)
}

// Config bounds what this package accepts and keeps. Zero fields take the defaults named beside them. Sizes are in bytes.
type Config struct {
	MaxFile      int64         // largest file; 1 TiB
	VerifyNow    int64         // bytes of a shard's small files whose SHA-256 is computed before the shard is acknowledged; 256 MiB
	TableCache   int64         // memory for chunk tables; 64 MiB
	Window       time.Duration // registrations without a commit, and xorbs without a file, are kept this long; 7 days
	XorbGrace    time.Duration // the bytes of a xorb that nobody holds are kept this long; 24 h
	SweepEvery   time.Duration // 10 min
	ScrubEvery   time.Duration // each xorb's bytes are read and hashed this often; 30 days
	ChunkAfter   time.Duration // large files that came in one piece are turned into chunks when they are this old; 1 h
	ChunkLeast   int64         // smaller ones stay as they are; 64 KiB
	TempDir      string        // folder of temporary files; the system's
	RecheckAfter time.Duration // the right to a running transfer is decided again this often; 20 s
}

func (c Config) withDefaults() Config {
	set := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	wait := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	set(&c.MaxFile, 1<<40)
	set(&c.VerifyNow, 256<<20)
	set(&c.TableCache, 64<<20)
	wait(&c.Window, 7*24*time.Hour)
	wait(&c.XorbGrace, 24*time.Hour)
	wait(&c.SweepEvery, 10*time.Minute)
	wait(&c.ScrubEvery, 30*24*time.Hour)
	wait(&c.ChunkAfter, time.Hour)
	set(&c.ChunkLeast, 64<<10)
	wait(&c.RecheckAfter, 20*time.Second)
	return c
}

// Deps are the parts that a Service works with.
type Deps struct {
	Meta  Meta
	Git   *gitrepo.Store
	Blobs blob.Store
	Authz Authorizer
	Key   [32]byte         // secret of this hub, of which the keys of deduplication answers are made
	Now   func() time.Time // nil: the machine's clock
	// Turn runs f unless another process has the turn of that name; f's ctx ends when the turn is over. nil: nobody else is there.
	Turn func(ctx context.Context, name string, f func(context.Context) error) error
	// LogError hears of failures of background work and of rot; nil: dropped.
	LogError func(ctx context.Context, msg string, err error)
}

// Service keeps files as chunks. It is safe for concurrent use. Run its Worker while it is used.
type Service struct {
	cfg    Config
	meta   Meta
	git    *gitrepo.Store
	blobs  blob.Store
	authz  Authorizer
	key    [32]byte
	now    func() time.Time
	turn   func(ctx context.Context, name string, f func(context.Context) error) error
	logErr func(ctx context.Context, msg string, err error)
	tables *tableCache
	told   told
	marked struct {
		sync.Mutex // guards at
		at         time.Time
	}
	ingesters sync.Pool     // *xorb.Ingester
	readers   sync.Pool     // *xorb.Reader
	busy      chan struct{} // full while as many xorbs are being verified as the machine has use for
	shards    chan struct{} // the same for shards
	wake      chan struct{} // tells the worker of files to verify
}

// How many uploads may be under way at a time. One of a xorb takes some 2 MiB, one of a shard as much as the shard and what
// comes out of it.
const (
	maxUploads = 256
	maxShards  = 4
)

// New makes a Service. It starts nothing.
func New(cfg Config, d Deps) *Service {
	s := &Service{
		cfg: cfg.withDefaults(), meta: d.Meta, git: d.Git, blobs: d.Blobs, authz: d.Authz, key: d.Key, now: d.Now, turn: d.Turn, logErr: d.LogError,
		busy: make(chan struct{}, maxUploads), shards: make(chan struct{}, maxShards), wake: make(chan struct{}, 1),
	}
	s.tables = newTableCache(s.cfg.TableCache)
	s.ingesters.New = func() any { return xorb.NewIngester() }
	s.readers.New = func() any { return xorb.NewReader(nil) }
	if s.now == nil {
		s.now = time.Now
	}
	if s.turn == nil {
		s.turn = func(ctx context.Context, _ string, f func(context.Context) error) error { return f(ctx) }
	}
	if s.logErr == nil {
		s.logErr = func(context.Context, string, error) {}
	}
	return s
}

// enter takes a place among a bounded number; the caller gives it back by calling leave.
func enter(ctx context.Context, places chan struct{}) (leave func(), err error) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
