package meta

import (
	"context"
	"sync"

	"github.com/ambit-hub/ambit/internal/hub"
)

// keyedQueue lets one caller at a time work on each key, so that writers of a hot repository wait here, in memory,
// instead of each holding a connection. The zero value is ready.
type keyedQueue struct {
	mu    sync.Mutex // guards lines
	lines map[hub.ID]*line
}

type line struct {
	turn  chan struct{} // holds a token while somebody works
	users int           // who work or wait; at 0 the line goes away
}

// enter waits for its turn. The caller calls leave exactly once, unless there is an error, which is ctx's.
func (q *keyedQueue) enter(ctx context.Context, key hub.ID) (leave func(), err error) {
	q.mu.Lock()
	if q.lines == nil {
		q.lines = map[hub.ID]*line{}
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
