// Package keyed lets one goroutine at a time work on each key. Between processes that is store/lease.
package keyed

import (
	"context"
	"sync"
)

// Queue gives each key to one holder at a time, so that those who want the same thing wait here, in memory, instead of each
// holding a connection or trying in vain. The zero value is ready. Keys that nobody holds or waits for take no room.
type Queue[K comparable] struct {
	mu    sync.Mutex // guards lines
	lines map[K]*line
}

type line struct {
	turn  chan struct{} // full while somebody holds the key
	users int           // holder and those who wait
}

// Enter waits for the key. The caller calls leave exactly once, unless there is an error, which is ctx's.
func (q *Queue[K]) Enter(ctx context.Context, key K) (leave func(), err error) {
	q.mu.Lock()
	if q.lines == nil {
		q.lines = map[K]*line{}
	}
	l := q.lines[key]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1)}
		q.lines[key] = l
	}
	l.users++
	q.mu.Unlock()
	forget := func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(q.lines, key)
		}
	}
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, ctx.Err()
	}
}
