package tokens

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// ReachStore keeps what tokens were used for.
type ReachStore interface {
	RecordReach(ctx context.Context, used []hub.Reach) error
	ForgetReach(ctx context.Context, before time.Time) error
}

const (
	reachShards = 16
	maxReach    = 50_000               // entries that wait; beyond, new ones are forgotten until the next flush
	keepReach   = 400 * 24 * time.Hour // after the last use
	reachFlush  = 30 * time.Second     // between flushes
	reachBatch  = 500                  // entries of one transaction, so that it does not hold others up
	lastFlush   = 5 * time.Second      // for the flush at the end
)

// Recorder notes what tokens are used for, without a write on any request's path. A crash loses half a minute of it.
// Safe for concurrent use.
type Recorder struct {
	store  ReachStore
	now    func() time.Time
	shards [reachShards]struct {
		mu   sync.Mutex // guards used
		used map[reachKey]*hub.Reach
	}
}

type reachKey struct {
	token access.Key
	perm  hub.Permission
	repo  hub.ID
}

// NewRecorder makes one. Run must run while it is used.
func NewRecorder(store ReachStore, now func() time.Time) *Recorder {
	if now == nil {
		now = time.Now
	}
	r := &Recorder{store: store, now: now}
	for i := range r.shards {
		r.shards[i].used = map[reachKey]*hub.Reach{}
	}
	return r
}

// Note notes the uses of a grant by a token. Sessions and anonymous callers are not noted.
func (r *Recorder) Note(g access.Grant) {
	s := g.Subject()
	if s == nil || !s.HasToken() {
		return
	}
	token, now := s.TokenKey(), r.now()
	for u := range g.Uses {
		k := reachKey{token, u.Permission, u.RepoID}
		if u.RepoID == "" {
			k.repo = u.OwnerID // a namespace: ids of all things differ
		}
		sh := &r.shards[token.Part(reachShards)]
		sh.mu.Lock()
		e := sh.used[k]
		if e == nil && len(sh.used) < maxReach/reachShards {
			e = &hub.Reach{TokenID: s.TokenID(), Permission: k.perm, RepoID: k.repo, First: now}
			sh.used[k] = e
		}
		if e != nil {
			e.Last = now
			e.Uses++
		}
		sh.mu.Unlock()
	}
}

// Run writes in batches until ctx ends, and then once more.
func (r *Recorder) Run(ctx context.Context) error {
	t := time.NewTicker(reachFlush)
	defer t.Stop()
	swept := r.now()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
			defer cancel()
			return r.Flush(last)
		case <-t.C:
		}
		// What a failing store does not take is lost: it is statistics, and memory is bounded.
		if r.Flush(ctx) == nil && r.now().Sub(swept) > time.Hour {
			swept = r.now()
			_ = r.store.ForgetReach(ctx, swept.Add(-keepReach)) // the next hour tries again
		}
	}
}

// Flush writes what was noted.
func (r *Recorder) Flush(ctx context.Context) error {
	var all []hub.Reach
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.Lock()
		for _, e := range sh.used {
			all = append(all, *e)
		}
		clear(sh.used)
		sh.mu.Unlock()
	}
	// One order for all processes, so that their transactions do not wait for each other in a ring.
	slices.SortFunc(all, func(a, b hub.Reach) int {
		return cmp.Or(cmp.Compare(a.TokenID, b.TokenID), cmp.Compare(a.Permission, b.Permission), cmp.Compare(a.RepoID, b.RepoID))
	})
	for part := range slices.Chunk(all, reachBatch) {
		if err := r.store.RecordReach(ctx, part); err != nil {
			return err
		}
	}
	return nil
}
