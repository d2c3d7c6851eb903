// Package housekeeping keeps repositories in order: on a schedule, and when the operator asks. It also brings whole
// repositories in and out.
package housekeeping

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// Meta is what this package needs of the metadata store; store/meta satisfies it and documents it.
type Meta interface {
	RepoByName(ctx context.Context, id hub.RepoID) (repo hub.Repo, moved bool, err error)
	DueGC(ctx context.Context, before time.Time, limit int) ([]hub.ID, error)
	SweepGit(ctx context.Context, leases time.Time) error
	Refs(ctx context.Context, repoID hub.ID, prefix string) ([]hub.Ref, error)
	LFSObjects(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]int64, error)
	UserByName(ctx context.Context, name string) (hub.User, error)
	UserFacts(ctx context.Context, userID hub.ID) (hub.SubjectFacts, error)
	Namespace(ctx context.Context, name string) (hub.Namespace, error)
	Members(ctx context.Context, orgID, after hub.ID, limit int) ([]hub.Member, error)
}

// Authorizer decides what the person may in whose name a repository is imported.
type Authorizer interface {
	Authorize(ctx context.Context, s *access.Subject, needs ...access.Need) (access.Grant, error)
}

// Deps are the parts that a Service works with. The functions are methods of other services.
type Deps struct {
	Meta   Meta
	Keeper *gitrepo.Keeper
	Authz  Authorizer
	// Create makes a repository; Push takes the commands and the pack of a push, as git sends them, and writes the
	// report; Put takes a large file.
	Create func(ctx context.Context, g access.Grant, v hub.Visibility, sdk string, ev hub.Event) (hub.Repo, error)
	Push   func(ctx context.Context, g access.Grant, r io.Reader, w io.Writer, ev hub.Event) error
	Put    func(ctx context.Context, g access.Grant, d hub.Digest, size int64, r io.Reader, ev hub.Event) error
	// TempDir is for clones of what is imported from a URL.
	TempDir  string
	LogError func(ctx context.Context, msg string, err error) // nil: dropped
}

// Config is the schedule. Zero fields take the defaults named beside them.
type Config struct {
	Every  time.Duration // how often due repositories are looked for; 10 min
	Period time.Duration // between two collections of one repository; 24 h
}

// Service does what the operator asks. Every method needs InstanceAdmin, except Run. Safe for concurrent use.
type Service struct {
	cfg Config
	d   Deps
}

// New makes a Service. It starts nothing; see Run.
func New(cfg Config, d Deps) *Service {
	if cfg.Every == 0 {
		cfg.Every = 10 * time.Minute
	}
	if cfg.Period == 0 {
		cfg.Period = 24 * time.Hour
	}
	if d.LogError == nil {
		d.LogError = func(context.Context, string, error) {}
	}
	return &Service{cfg: cfg, d: d}
}

// dueBatch is how many repositories are collected in one round.
const dueBatch = 100

// keepLeases is how long rows of leases that ran out are kept, so that their fences grow.
const keepLeases = 24 * time.Hour

// Run collects garbage on schedule until ctx ends; it returns nil. Failures are logged and tried again.
func (s *Service) Run(ctx context.Context) error {
	t := time.NewTicker(s.cfg.Every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
		if err := s.round(ctx); err != nil && ctx.Err() == nil {
			s.d.LogError(ctx, "keeping repositories in order", err)
		}
	}
}

func (s *Service) round(ctx context.Context) error {
	if err := s.d.Meta.SweepGit(ctx, time.Now().Add(-keepLeases)); err != nil {
		return err
	}
	ids, err := s.d.Meta.DueGC(ctx, time.Now().Add(-s.cfg.Period), dueBatch)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := guard.Call(func() error { // one repository that makes us panic does not keep the others
			_, err := s.d.Keeper.GC(ctx, id, false, nil)
			return err
		})
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !hub.Is(err, hub.RepoNotFound) && !hub.Is(err, hub.Conflict):
			s.d.LogError(ctx, "collecting garbage of repository "+string(id), err)
		}
	}
	return nil
}

// operator is who the audit log says repacked a repository or collected its garbage.
var operator = hub.Event{ActorName: "operator"}

// find returns the repository that the operator named. RepoNotFound.
func (s *Service) find(ctx context.Context, g access.Grant, id hub.RepoID) (hub.Repo, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return hub.Repo{}, err
	}
	r, _, err := s.d.Meta.RepoByName(ctx, id)
	return r, err
}

// Verify reads a repository whole; contents says whether large files are hashed. What is wrong stands in the result.
func (s *Service) Verify(ctx context.Context, g access.Grant, id hub.RepoID, contents bool, p gitrepo.Progress) (gitrepo.Verified, error) {
	r, err := s.find(ctx, g, id)
	if err != nil {
		return gitrepo.Verified{}, err
	}
	return s.d.Keeper.Verify(ctx, r.ID, contents, p)
}

// Repack lays a repository out anew. Conflict while another job is at work on it.
func (s *Service) Repack(ctx context.Context, g access.Grant, id hub.RepoID, p gitrepo.Progress) (gitrepo.Kept, error) {
	r, err := s.find(ctx, g, id)
	if err != nil {
		return gitrepo.Kept{}, err
	}
	done, err := s.d.Keeper.Noting(operator).Repack(ctx, r.ID, p)
	return done, damaged(err, id)
}

// GC collects the garbage of a repository; now ends the time of grace. Conflict while another job is at work on it.
func (s *Service) GC(ctx context.Context, g access.Grant, id hub.RepoID, now bool, p gitrepo.Progress) (gitrepo.Kept, error) {
	r, err := s.find(ctx, g, id)
	if err != nil {
		return gitrepo.Kept{}, err
	}
	done, err := s.d.Keeper.Noting(operator).GC(ctx, r.ID, now, p)
	return done, damaged(err, id)
}

// Export writes a repository into a folder of the hub's machine, which must not exist or be empty.
func (s *Service) Export(ctx context.Context, g access.Grant, id hub.RepoID, dir string, large bool, p gitrepo.Progress) (gitrepo.Exported, error) {
	r, err := s.find(ctx, g, id)
	if err != nil {
		return gitrepo.Exported{}, err
	}
	done, err := s.d.Keeper.Export(ctx, r.ID, dir, large, p)
	return done, damaged(err, id)
}

// damaged tells the operator what to do about an error that says that the repository is not whole.
func damaged(err error, id hub.RepoID) error {
	var known *hub.Error
	if errors.As(err, &known) || !gitrepo.IsDamage(err) {
		return err
	}
	return hub.Wrap(err, hub.Unprocessable, "The repository is damaged: 'ambit repo verify %s' says where.", id)
}
