package identity

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	flushAt    = 1000    // tokens that wait before an early flush
	maxWaiting = 100_000 // beyond which times are forgotten while the store does not take them
	flushTime  = 5 * time.Second
)

// lastUsed gathers when tokens were used, so that no request writes. A crash loses what was not flushed.
type lastUsed struct {
	store Store
	full  chan struct{} // holds at most one wake-up

	mu   sync.Mutex // guards used
	used map[hub.ID]time.Time
}

func newLastUsed(store Store) *lastUsed {
	return &lastUsed{store: store, full: make(chan struct{}, 1), used: map[hub.ID]time.Time{}}
}

func (l *lastUsed) note(token hub.ID, at time.Time) {
	l.mu.Lock()
	if len(l.used) < maxWaiting {
		l.used[token] = at
	}
	n := len(l.used)
	l.mu.Unlock()
	if n >= flushAt {
		select {
		case l.full <- struct{}{}:
		default:
		}
	}
}

// run flushes every interval, early when many wait, and once more when ctx ends. A failed flush keeps its
// times for the next one; only the last one's error is returned.
func (l *lastUsed) run(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
			defer cancel()
			return l.flush(last)
		case <-tick.C:
		case <-l.full:
		}
		if l.flush(ctx) != nil {
			select { // the store is in trouble: no early flush until the next tick
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	}
}

func (l *lastUsed) flush(ctx context.Context) error {
	l.mu.Lock()
	batch := l.used
	l.used = map[hub.ID]time.Time{}
	l.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	err := l.store.TouchTokens(ctx, batch)
	if err != nil {
		l.mu.Lock()
		maps.Copy(batch, l.used) // the newer times win
		l.used = batch
		l.mu.Unlock()
	}
	return err
}
