// Package git is the server's side of git's own protocols, without the transport: what a repository has, what a fetch
// gets, and what becomes of a push. It reads and writes pkt-lines, so that HTTP and any other transport are the same
// to git. Sources: git's Documentation/gitprotocol-v2, gitprotocol-pack and gitprotocol-capabilities, and the
// behaviour of git itself, which the tests compare.
//
// Every method takes a grant (internal/access) and takes its repository out of it; nothing here decides who may.
package git

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/leaks"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// Meta is what this package needs of the metadata store; store/meta satisfies it.
type Meta interface {
	Refs(ctx context.Context, repoID hub.ID, prefix string) ([]hub.Ref, error)
	// LFSObjects returns those of the digests that are linked to the repository, with their sizes.
	LFSObjects(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]int64, error)
	// Publish makes refs visible that need no new objects; see gitrepo.Meta.
	Publish(ctx context.Context, p hub.Publication) (gen int64, err error)
}

// Authorizer decides again before a push is published; access.Authorizer is one.
type Authorizer interface {
	Recheck(ctx context.Context, g access.Grant) (access.Grant, error)
}

// What a Config bounds when it does not say.
const (
	maxPack     = 16 << 30
	maxObjects  = 4_000_000
	maxReceived = 8_000_000
	maxInflated = 256 << 30
	maxRegular  = 10 << 20
	maxCommands = 20_000
	maxOfOne    = 16
)

// Config bounds what one fetch or push may take. Zero fields take the defaults named beside them. Sizes are in bytes.
type Config struct {
	MaxPack      int64 // of one push; 16 GiB
	MaxObjects   int   // of one push; 4,000,000
	MaxReceived  int   // objects of all pushes under way together, beyond the first 65,536 of each; more are refused; 8,000,000
	MaxInflated  int64 // of all objects of one push together; 256 GiB
	MaxRegular   int64 // largest file that git itself keeps; 10 MiB, as on the public Hub
	MaxCommands  int   // refs that one push changes; 20,000
	MaxFetchers  int   // fetches for which objects are searched at once; others wait; 16
	MaxReceivers int   // pushes that are checked and published at once; others wait; 16
	MaxOfOne     int   // fetches, and pushes, of one user at once; more are refused; 16
}

func (c Config) withDefaults() Config {
	set := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	num := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	set(&c.MaxPack, maxPack)
	set(&c.MaxInflated, maxInflated)
	set(&c.MaxRegular, maxRegular)
	num(&c.MaxObjects, maxObjects)
	num(&c.MaxReceived, maxReceived)
	num(&c.MaxCommands, maxCommands)
	num(&c.MaxFetchers, 16)
	num(&c.MaxOfOne, maxOfOne)
	num(&c.MaxReceivers, 16)
	return c
}

// Deps are the parts that a Service works with.
type Deps struct {
	Meta  Meta
	Git   *gitrepo.Store
	Authz Authorizer
	// Quota, if any, is asked before a push becomes visible that adds so many bytes; its error is for the pusher.
	Quota func(ctx context.Context, repo hub.Repo, adds int64) error
	// Leaks, if any, judges access tokens in what is pushed; Large opens large files of a repository for it, NotFound. It may
	// be nil.
	Leaks leaks.Judge
	Large func(ctx context.Context, repo hub.Repo, d hub.Digest) (leaks.Object, error)
	Agent string           // name and version told to clients, without spaces; "ambit"
	Now   func() time.Time // nil: the machine's clock
}

// Service serves fetches and pushes. It is safe for concurrent use.
type Service struct {
	cfg       Config
	meta      Meta
	git       *gitrepo.Store
	authz     Authorizer
	quota     func(ctx context.Context, repo hub.Repo, adds int64) error
	leaks     leaks.Judge // may be nil
	large     func(ctx context.Context, repo hub.Repo, d hub.Digest) (leaks.Object, error)
	agent     string
	now       func() time.Time
	fetchers  limiter
	receivers limiter
	room      *room
}

// New makes a Service. It starts nothing.
func New(cfg Config, d Deps) *Service {
	cfg = cfg.withDefaults()
	s := &Service{
		cfg: cfg, meta: d.Meta, git: d.Git, authz: d.Authz, quota: d.Quota, leaks: d.Leaks, large: d.Large, agent: d.Agent, now: d.Now,
		fetchers: newLimiter(cfg.MaxFetchers, cfg.MaxOfOne), receivers: newLimiter(cfg.MaxReceivers, cfg.MaxOfOne),
		room: &room{left: cfg.MaxReceived},
	}
	if s.agent == "" {
		s.agent = "ambit"
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.quota == nil {
		s.quota = func(context.Context, hub.Repo, int64) error { return nil }
	}
	return s
}
