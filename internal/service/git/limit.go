package git

import (
	"context"
	"sync"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// limiter bounds what is done at once: work that needs the processor, whoever it is for, and all that is under way for
// one user. A slow client takes no place while it merely receives or sends.
type limiter struct {
	places chan struct{}
	perKey int
	mu     *sync.Mutex // guards of
	of     map[hub.ID]int
}

func newLimiter(places, perKey int) limiter {
	return limiter{places: make(chan struct{}, places), perKey: perKey, mu: &sync.Mutex{}, of: map[hub.ID]int{}}
}

// admit lets something begin for a user, and returns the function that ends it. TooManyRequests when the user has too many
// under way; anonymous callers are nobody's.
func (l limiter) admit(s *access.Subject) (leave func(), err error) {
	who := s.UserID()
	if !l.take(who) {
		return nil, hub.Errorf(hub.TooManyRequests, "You have %d of these running already: wait until one has ended.", l.perKey)
	}
	return func() { l.give(who) }, nil
}

// work waits for a place, and returns the function that gives it back.
func (l limiter) work(ctx context.Context) (done func(), err error) {
	select {
	case l.places <- struct{}{}:
		return func() { <-l.places }, nil
	case <-ctx.Done():
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
