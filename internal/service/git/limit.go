package git

import (
	"context"
	"sync"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// limiter lets some work at once, and of those only a few for one user.
type limiter struct {
	places chan struct{}
	perKey int
	mu     *sync.Mutex // guards of
	of     map[hub.ID]int
}

func newLimiter(places, perKey int) limiter {
	return limiter{places: make(chan struct{}, places), perKey: perKey, mu: &sync.Mutex{}, of: map[hub.ID]int{}}
}

// enter waits for a place and returns the function that gives it back. TooManyRequests when the user has too many
// already; anonymous callers are nobody's, and only wait.
func (l limiter) enter(ctx context.Context, s *access.Subject) (leave func(), err error) {
	who := s.UserID()
	if !l.take(who) {
		return nil, hub.Errorf(hub.TooManyRequests, "You have %d of these running already: wait until one has ended.", l.perKey)
	}
	select {
	case l.places <- struct{}{}:
		return func() { <-l.places; l.give(who) }, nil
	case <-ctx.Done():
		l.give(who)
		return nil, ctx.Err()
	}
}

func (l limiter) take(who hub.ID) bool {
	if who == "" {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[who] >= l.perKey {
		return false
	}
	l.of[who]++
	return true
}

func (l limiter) give(who hub.ID) {
	if who == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[who]--; l.of[who] == 0 {
		delete(l.of, who)
	}
}
