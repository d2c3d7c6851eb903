package transfer

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/leaks"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/store/keyed"
)

// Meta is what this package needs of the metadata store; store/meta satisfies it.
type Meta interface {
	Ref(ctx context.Context, repoID hub.ID, name string) (hub.Ref, error)
	Refs(ctx context.Context, repoID hub.ID, prefix string) ([]hub.Ref, error)
	CountDownloads(ctx context.Context, counts map[hub.ID]int64) error
	LFSMeta
	SweepMeta
}

// LFSMeta keeps large files and uploads.
type LFSMeta interface {
	// LFSObjects returns those of the digests that are linked to the repository, with their sizes.
	LFSObjects(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]int64, error)
	// LFSSize returns the size of an object that is stored, whosever it is; NotFound.
	LFSSize(ctx context.Context, d hub.Digest) (int64, error)
	// LFSKeyIn returns where the bytes of an object lie that the repository has in one piece; NotFound.
	LFSKeyIn(ctx context.Context, repoID hub.ID, d hub.Digest) (key string, size int64, err error)
	// LFSReadableLink tells whether an object is linked to some repository that v shows and whose files may
	// therefore be read.
	LFSReadableLink(ctx context.Context, d hub.Digest, v hub.Visible) (bool, error)
	// CompleteLFS stores the object's row if there is none and links it to the repository. An upload of the
	// digest must have been open since before its bytes were stored or looked up.
	CompleteLFS(ctx context.Context, repoID hub.ID, d hub.Digest, size int64, blobKey string, ev hub.Event) error
	CreateUpload(ctx context.Context, u hub.Upload) error
	UploadByID(ctx context.Context, id hub.ID) (hub.Upload, error)
	ExtendUpload(ctx context.Context, id hub.ID, lease time.Time) error
	// AddUploadPart returns the key of the bytes that nothing names any more, "" when there are none.
	AddUploadPart(ctx context.Context, uploadID hub.ID, p hub.UploadPart) (unused string, err error)
	UploadParts(ctx context.Context, uploadID hub.ID) ([]hub.UploadPart, error)
	DeleteUpload(ctx context.Context, id hub.ID) error
}

// Authorizer decides again before something that took long is published; access.Authorizer is one.
type Authorizer interface {
	Recheck(ctx context.Context, g access.Grant) (access.Grant, error)
}

// Chunked knows the large files that lie as chunks; service/xet is it.
type Chunked interface {
	// Refs returns those of the repository's files that lie as chunks.
	Refs(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]hub.XetRef, error)
	// OpenDigest opens such a file as plain bytes; NotFound.
	OpenDigest(ctx context.Context, repoID hub.ID, d hub.Digest) (blob.Object, error)
	// Copy links a file of the repository that g may read to the one of the same owner that it may write; NotFound.
	Copy(ctx context.Context, g access.Grant, file xethash.Hash, d hub.Digest, ev hub.Event) error
}

// Config bounds what this package accepts and keeps. Zero fields take the defaults named beside them.
// Sizes are in bytes.
type Config struct {
	MaxFile     int64         // largest file of any kind; 1 TiB
	MaxRegular  int64         // largest file that git itself keeps; 10 MiB, as on the public Hub
	MaxCommit   int64         // largest body of a commit; 8 GiB
	MaxLines    int           // operations of a commit; 100,000
	PartSize    int64         // of multipart uploads; files up to this size come in one piece; 64 MiB
	Lease       time.Duration // life of an unfinished upload after its last sign of life; 24 h
	SweepEvery  time.Duration // 10 min
	RetireGrace time.Duration // retired packs keep their bytes this long for readers; 1 h
	LFSGrace    time.Duration // large files that nothing uses keep their bytes this long; 24 h
	CountEvery  time.Duration // downloads are written this often; 30 s
	TempDir     string        // folder of temporary files; the system's
}

func (c Config) withDefaults() Config {
	def := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	dur := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	def(&c.MaxFile, 1<<40)
	def(&c.MaxRegular, 10<<20)
	def(&c.MaxCommit, 8<<30)
	def(&c.PartSize, 64<<20)
	if c.MaxLines == 0 {
		c.MaxLines = 100_000
	}
	dur(&c.Lease, 24*time.Hour)
	dur(&c.SweepEvery, 10*time.Minute)
	dur(&c.RetireGrace, time.Hour)
	dur(&c.LFSGrace, 24*time.Hour)
	dur(&c.CountEvery, 30*time.Second)
	return c
}

// Deps are the parts that a Service works with.
type Deps struct {
	Meta  Meta
	Git   *gitrepo.Store
	Blobs blob.Store
	Authz Authorizer
	Xet   Chunked     // nil: every large file lies in one piece
	Leaks leaks.Judge // nil: nobody looks for access tokens in files
	// Sign says how commits name a subject: service/repos.SignatureOf.
	Sign func(s *access.Subject, at time.Time) gitrepo.Signature
	Now  func() time.Time // nil: the machine's clock
	// Turn runs f unless another process has the turn of that name; f's ctx ends when the turn is over. Of two sweepers at
	// once the slower one would delete what had been stored anew after the faster one. nil: nobody else is there.
	Turn func(ctx context.Context, name string, f func(context.Context) error) error
	// LogError hears of failures of background work; nil: dropped.
	LogError func(ctx context.Context, msg string, err error)
}

// Service moves bytes. It is safe for concurrent use. Run its Sweeper and Counter while it is used.
type Service struct {
	cfg     Config
	meta    Meta
	git     *gitrepo.Store
	blobs   blob.Store
	authz   Authorizer
	xet     Chunked
	leaks   leaks.Judge
	sign    func(*access.Subject, time.Time) gitrepo.Signature
	now     func() time.Time
	turn    func(ctx context.Context, name string, f func(context.Context) error) error
	logErr  func(ctx context.Context, msg string, err error)
	branch  keyed.Queue[hub.ID] // one writer of a repository at a time, so that a hot one is not spun on
	upload  keyed.Queue[hub.ID] // of an upload: one completion, or change of what its parts are, at a time
	counter *Counter
}

// New makes a Service. It starts nothing.
func New(cfg Config, d Deps) *Service {
	s := &Service{cfg: cfg.withDefaults(), meta: d.Meta, git: d.Git, blobs: d.Blobs, authz: d.Authz, xet: d.Xet, leaks: d.Leaks, sign: d.Sign, now: d.Now, turn: d.Turn, logErr: d.LogError}
	if s.now == nil {
		s.now = time.Now
	}
	if s.turn == nil {
		s.turn = func(ctx context.Context, _ string, f func(context.Context) error) error { return f(ctx) }
	}
	if s.logErr == nil {
		s.logErr = func(context.Context, string, error) {}
	}
	s.counter = newCounter(s.meta, s.cfg.CountEvery, s.now, s.logErr)
	return s
}

// Counter returns the value that counts downloads; the daemon runs it.
func (s *Service) Counter() *Counter { return s.counter }
