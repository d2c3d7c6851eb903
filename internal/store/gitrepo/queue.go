package gitrepo

import (
	"context"
	"sync"

	"github.com/ambit-hub/ambit/internal/hub"
)

// maxQueued bounds the repositories that wait for a merge. One that finds no place is merged after its next publication.
const maxQueued = 4096

// queue holds repositories that wait for a merge, each once.
type queue struct {
	mu   sync.Mutex // guards wait, and with it what is in ids
	wait map[hub.ID]bool
	ids  chan hub.ID // buffered as long as wait may be, so that sending never blocks
}

func newQueue() *queue {
	return &queue{wait: map[hub.ID]bool{}, ids: make(chan hub.ID, maxQueued)}
}

func (q *queue) add(id hub.ID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.wait[id] || len(q.wait) >= maxQueued {
		return
	}
	q.wait[id] = true
	q.ids <- id
}

// take waits for a repository; false when ctx has ended.
func (q *queue) take(ctx context.Context) (hub.ID, bool) {
	select {
	case <-ctx.Done():
		return "", false
	case id := <-q.ids:
		q.mu.Lock()
		delete(q.wait, id)
		q.mu.Unlock()
		return id, true
	}
}
