package transfer

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// countWindow is the time within which several files fetched by one caller are one download of the repository.
const countWindow = 5 * time.Minute

// maxCallers bounds the callers remembered within a window; beyond it some downloads are counted again.
const maxCallers = 100_000

// Counter counts downloads in memory and writes them in batches. A crash loses at most the last batch.
type Counter struct {
	meta interface {
		CountDownloads(context.Context, map[hub.ID]int64) error
	}
	every  time.Duration
	now    func() time.Time
	logErr func(context.Context, string, error)
	seed   maphash.Seed

	mu     sync.Mutex // guards what follows
	counts map[hub.ID]int64
	seen   map[uint64]struct{} // callers of the current window
	until  time.Time
}

func newCounter(meta Meta, every time.Duration, now func() time.Time, logErr func(context.Context, string, error)) *Counter {
	return &Counter{meta: meta, every: every, now: now, logErr: logErr, seed: maphash.MakeSeed(), counts: map[hub.ID]int64{}, seen: map[uint64]struct{}{}}
}

func (c *Counter) note(repo hub.ID, caller string) {
	h := maphash.String(c.seed, string(repo)+" "+caller)
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.After(c.until) || len(c.seen) >= maxCallers {
		clear(c.seen)
		c.until = now.Add(countWindow)
	}
	if _, ok := c.seen[h]; ok {
		return
	}
	c.seen[h] = struct{}{}
	c.counts[repo]++
}

// Run writes batches until ctx ends, and then the last one; it returns nil.
func (c *Counter) Run(ctx context.Context) error {
	t := time.NewTicker(c.every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			c.Flush(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			c.Flush(last)
			return nil
		}
	}
}

// Flush writes what was counted since the last time. What cannot be written is kept for the next time.
func (c *Counter) Flush(ctx context.Context) {
	c.mu.Lock()
	counts := c.counts
	c.counts = map[hub.ID]int64{}
	c.mu.Unlock()
	if len(counts) == 0 {
		return
	}
	if err := c.meta.CountDownloads(ctx, counts); err != nil {
		c.logErr(ctx, "counting downloads", err)
		c.mu.Lock()
		for id, n := range counts {
			c.counts[id] += n
		}
		c.mu.Unlock()
	}
}
