package transfer

import (
	"context"
	"sync"

	"github.com/ambit-hub/ambit/internal/hub"
)

// queue lets one holder at a time have a key. The zero value is ready.
type queue struct {
	mu    sync.Mutex // guards slots
	slots map[hub.ID]*slot
}

type slot struct {
	token chan struct{} // full while somebody holds the key
	users int           // holder and those who wait
}

// enter waits for the key and returns the function that gives it back; ctx's error when ctx ends first.
func (q *queue) enter(ctx context.Context, key hub.ID) (leave func(), err error) {
	q.mu.Lock()
	if q.slots == nil {
		q.slots = map[hub.ID]*slot{}
	}
	s := q.slots[key]
	if s == nil {
		s = &slot{token: make(chan struct{}, 1)}
		q.slots[key] = s
	}
	s.users++
	q.mu.Unlock()
	done := func() {
		q.mu.Lock()
		if s.users--; s.users == 0 {
			delete(q.slots, key)
		}
		q.mu.Unlock()
	}
	select {
	case s.token <- struct{}{}:
		return func() { <-s.token; done() }, nil
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	}
}
