package meta

import (
	"sync"

	"github.com/ambit-hub/ambit/internal/guard"
)

// gather lets callers that come at the same time share one piece of work, such as a COMMIT: who finds nobody at work
// leads, and does it for itself and for all who wait; who waits when that is done leads next. There is no goroutine of
// its own. The zero value needs most and run.
type gather[T any] struct {
	most int       // callers of one batch
	run  func([]T) // does the work of a batch, in the order of arrival
	// broken tells an item of a batch in which run panicked, whose outcome nobody knows. The lead is handed on all the same.
	broken func(item T, cause error)

	mu      sync.Mutex // guards waiting and leading
	waiting []waiter[T]
	leading bool
}

type waiter[T any] struct {
	item T
	turn chan bool // true: it is done; false: lead now
}

// join returns when item's batch was run.
func (g *gather[T]) join(item T) {
	w := waiter[T]{item, make(chan bool, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	lead := !g.leading
	g.leading = true
	g.mu.Unlock()
	if lead || !<-w.turn {
		g.lead()
		<-w.turn
	}
}

// lead runs one batch, which holds the leader's own item since that is the oldest, and hands the lead to the next.
func (g *gather[T]) lead() {
	g.mu.Lock()
	n := min(len(g.waiting), g.most)
	batch := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	g.mu.Unlock()

	items := make([]T, n)
	for i, w := range batch {
		items[i] = w.item
	}
	if err := guard.Call(func() error { g.run(items); return nil }); err != nil {
		for _, item := range items {
			g.broken(item, err)
		}
	}

	g.mu.Lock()
	if len(g.waiting) == 0 {
		g.leading = false
	} else {
		g.waiting[0].turn <- false // it need not wait until all of this batch have heard
	}
	g.mu.Unlock()
	for _, w := range batch {
		w.turn <- true
	}
}
