package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/lease"
)

// KeeperMeta is what keeping repositories in order needs of the metadata store besides Meta.
type KeeperMeta interface {
	Meta
	lease.Meta
	// ReplacePacks makes a swap; PreconditionFailed and no change when the lease or one of the packs is lost, or when
	// objects are dropped from a repository that has changed.
	ReplacePacks(ctx context.Context, s hub.PackSwap) (gen int64, err error)
	// OldTips returns what refs pointed to before they were moved or deleted after since.
	OldTips(ctx context.Context, repoID hub.ID, since time.Time) ([]hub.OID, error)
	MarkGC(ctx context.Context, repoID hub.ID, gen int64) error
	// RecordEvents writes events of jobs that changed nothing, or that came after their change.
	RecordEvents(ctx context.Context, events ...hub.Event) error
	// LinkedLFS pages through the large files linked since before a time; UnlinkLFS removes links of a repository
	// that is still at a generation.
	LinkedLFS(ctx context.Context, repoID hub.ID, before time.Time, after hub.Digest, limit int) ([]hub.LFSObject, error)
	UnlinkLFS(ctx context.Context, repoID hub.ID, gen int64, before time.Time, objects []hub.LFSObject) (int, error)
	// LFSObjects returns those of the large files that the repository has, with their sizes; LFSBlobKey where the
	// bytes of one are, NotFound if they are not in one piece.
	LFSObjects(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]int64, error)
	LFSBlobKey(ctx context.Context, d hub.Digest) (key string, size int64, err error)
}

// KeeperConfig bounds the work. Zero fields take the defaults named beside them.
type KeeperConfig struct {
	Grace     time.Duration // unreachable objects are kept this long after they were found to be; 14 days
	LFSGrace  time.Duration // links of large files that no reachable pointer names are kept this long; 24 h
	LeaseTime time.Duration // of one job without a sign of life; 2 min
	// Rebuild tells up to how many bytes a repository is laid out anew in the background; 4 GiB.
	Rebuild int64
	Now     func() time.Time // nil: the machine's clock
	// Chunked opens a large file of a repository that lies as chunks, for exports; NotFound. nil: there are none.
	Chunked func(ctx context.Context, repoID hub.ID, d hub.Digest) (blob.Object, error)
}

// Keeper keeps repositories in order: merging, laying out anew, collecting garbage, verifying, exporting, importing.
// Safe for concurrent use, also by several processes: jobs on one repository take turns by a lease, and what a late
// holder does is refused.
type Keeper struct {
	s    *Store
	meta KeeperMeta
	cfg  KeeperConfig
	ev   hub.Event // the beginning of what is recorded; see Noting
}

// Noting returns a keeper whose jobs are recorded in the audit log as done by the actor of ev, also those that find nothing
// to do. What others drop is recorded as the schedule's.
func (k *Keeper) Noting(ev hub.Event) *Keeper {
	noting := *k
	noting.ev = ev
	return &noting
}

// NewKeeper makes a keeper. It starts nothing; see Run.
func NewKeeper(s *Store, m KeeperMeta, cfg KeeperConfig) *Keeper {
	def := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	def(&cfg.Grace, 14*24*time.Hour)
	def(&cfg.LFSGrace, 24*time.Hour)
	def(&cfg.LeaseTime, 2*time.Minute)
	if cfg.Rebuild == 0 {
		cfg.Rebuild = 4 << 30
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Keeper{s: s, meta: m, cfg: cfg}
}

// Progress hears of long work: what is being done, how much is done and how much there is, 0 if that is not known. It
// may be called often and must be fast. Nil: nobody listens.
type Progress func(stage string, done, total int64)

// Tell tells the listener, if there is one.
func (p Progress) Tell(stage string, done, total int64) {
	if p != nil {
		p(stage, done, total)
	}
}

// Kept is what a job did to a repository.
type Kept struct {
	PacksBefore int   `json:"packsBefore"`
	PacksAfter  int   `json:"packsAfter"`
	BytesBefore int64 `json:"bytesBefore"` // stored bytes of git objects
	BytesAfter  int64 `json:"bytesAfter"`
	Objects     int   `json:"objects"`     // that refs lead to
	Unreachable int   `json:"unreachable"` // kept until their time is over
	Dropped     int   `json:"dropped"`     // unreachable objects that are gone
	LargeFiles  int   `json:"largeFiles"`  // links of large files that are gone
}

// GC collects the garbage of a repository: what no ref leads to is set aside in packs of its own, and what has been
// there for the time of grace is dropped, together with the links of large files that no pointer names any more. The
// rest is laid out anew. now ends all times of grace.
//
// Objects that the history of refs still leads to stay as long as grace lasts since the ref was moved. Conflict when
// another job has the repository, or when it changes too fast.
func (k *Keeper) GC(ctx context.Context, repo hub.ID, now bool, p Progress) (Kept, error) {
	grace, large := k.cfg.Grace, k.cfg.LFSGrace
	if now {
		grace, large = 0, 0
	}
	var kept Kept
	err := k.withLease(ctx, repo, func(ctx context.Context, l hub.Lease) error {
		var err error
		for range gcAttempts {
			if kept, err = k.rebuild(ctx, repo, l, layout{drop: true, now: now, before: k.cfg.Now().Add(-grace), deltas: true}, p); !hub.Is(err, hub.PreconditionFailed) {
				break
			}
		}
		if err != nil {
			return err
		}
		kept.LargeFiles, err = k.unlink(ctx, repo, k.cfg.Now().Add(-large), p)
		if kept.LargeFiles > 0 {
			text := fmt.Sprintf("Collected garbage: %d large files that no pointer names were let go.", kept.LargeFiles)
			err = errors.Join(err, k.meta.RecordEvents(context.WithoutCancel(ctx), k.event(repo, eventGC, text)))
		}
		if hub.Is(err, hub.PreconditionFailed) {
			err = nil // it changed: the next round sees to the large files
		}
		return err
	})
	return kept, tooFast(err)
}

// The types of events.
const (
	eventGC     = "repo.gc"
	eventRepack = "repo.repack"
)

// event says who did what to a repository.
func (k *Keeper) event(repo hub.ID, typ, text string) hub.Event {
	ev := k.ev
	ev.Type, ev.RepoID, ev.Message = typ, repo, text
	if ev.ActorID == "" && ev.ActorName == "" {
		ev.ActorName = "schedule"
	}
	return ev
}

// noted tells whether jobs are recorded whatever they do.
func (k *Keeper) noted() bool { return k.ev.ActorID != "" || k.ev.ActorName != "" }

// gcAttempts is how often a collection starts over because the repository changed under it.
const gcAttempts = 5

// Repack lays a repository out anew without dropping anything: what refs lead to in one pack for history and one for
// contents, with new deltas, and the rest aside. Conflict as in GC.
func (k *Keeper) Repack(ctx context.Context, repo hub.ID, p Progress) (kept Kept, err error) {
	err = k.withLease(ctx, repo, func(ctx context.Context, l hub.Lease) (err error) {
		kept, err = k.rebuild(ctx, repo, l, layout{deltas: true}, p)
		return err
	})
	return kept, tooFast(err)
}

func tooFast(err error) error {
	if hub.Is(err, hub.PreconditionFailed) {
		return hub.Wrap(err, hub.Conflict, "The repository is being changed too fast to be put in order; try again later.")
	}
	return err
}

// withLease runs f while it holds the repository's lease. ctx of f ends when the lease is lost. Conflict when somebody
// else holds it.
func (k *Keeper) withLease(ctx context.Context, repo hub.ID, f func(context.Context, hub.Lease) error) error {
	held, err := lease.Hold(ctx, k.meta, "git/"+string(repo), k.cfg.LeaseTime, k.s.cfg.LogError, f)
	if err == nil && !held {
		err = errBusy
	}
	return err
}

var errBusy = hub.Errorf(hub.Conflict, "Another job is at work on this repository; try again later.")

// Run merges packs of repositories that were published to, until ctx ends; then it returns nil. Failures are logged:
// the next publication of the repository tries again.
func (k *Keeper) Run(ctx context.Context) error {
	for {
		repo, ok := k.s.compactions.take(ctx)
		if !ok {
			return nil
		}
		err := guard.Call(func() error {
			if err := k.Merge(ctx, repo); err != nil {
				return err
			}
			return k.foresee(ctx, repo)
		})
		if err != nil && err != errBusy && !hub.Is(err, hub.RepoNotFound) && ctx.Err() == nil {
			k.s.cfg.LogError(ctx, "merging packs failed", err)
		}
	}
}

// unlink removes the links of large files that nothing reachable names.
func (k *Keeper) unlink(ctx context.Context, repo hub.ID, before time.Time, p Progress) (n int, err error) {
	v, err := k.s.openView(ctx, repo)
	if err != nil {
		return 0, err
	}
	defer k.s.release(v)
	// Every pointer in the packs counts, reachable or not: garbage that may come back must come back whole. So a link
	// goes once the collection has dropped what named it.
	named := map[hub.Digest]bool{}
	for _, pk := range v.packs {
		for pos := range pk.Len() {
			if ptr, ok := pk.Pointer(pos); ok {
				named[ptr.Digest] = true
			}
		}
	}
	for after := hub.Digest(""); ; {
		page, err := k.meta.LinkedLFS(ctx, repo, before, after, 1000)
		if err != nil || len(page) == 0 {
			return n, err
		}
		after = page[len(page)-1].Digest
		var gone []hub.LFSObject
		for _, o := range page {
			if !named[o.Digest] {
				gone = append(gone, o)
			}
		}
		if len(gone) == 0 {
			continue
		}
		m, err := k.meta.UnlinkLFS(ctx, repo, v.gen, before, gone)
		if err != nil {
			return n, err
		}
		n += m
		p.Tell("unlinking large files", int64(n), 0)
	}
}
