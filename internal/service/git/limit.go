package git

import (
	"context"
	"sync"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
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

// room is how many objects of large pushes may be in memory, whoever pushes.
type room struct {
	mu   sync.Mutex // guards left
	left int
}

// seats are those of one push. Not for concurrent use.
type seats struct {
	of    *room
	taken int
}

// take makes room for pack.RoomStep objects. TooManyRequests when there is none.
func (s *seats) take() error {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if s.of.left < pack.RoomStep {
		return hub.Errorf(hub.TooManyRequests, "This hub is receiving too many large pushes at once: try again when one has ended, or push in several steps.")
	}
	s.of.left -= pack.RoomStep
	s.taken += pack.RoomStep
	return nil
}

func (s *seats) leave() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.left += s.taken
	s.taken = 0
}
