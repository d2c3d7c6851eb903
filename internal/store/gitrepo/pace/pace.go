// Package pace lets long computations make room for short requests. Where every processor is busy computing, Go looks for
// what has arrived on the network only each ten milliseconds; a computation that pauses for a moment has it looked for.
package pace

import (
	"sync/atomic"
	"time"
)

// Pacer belongs to one computation. The zero value is ready. Not for concurrent use.
type Pacer struct {
	steps uint8
	due   time.Time     // of the next pause; zero before the first look
	since time.Duration // when it first looked at the clock, counted as requests are
}

const (
	// turn is how long a computation goes on without a pause: so long may a request have to wait that comes alone.
	turn = 2 * time.Millisecond
	// shortTurn is the same while somebody asks: a request waits for more than one turn, and pauses cost little where there is
	// somebody to make room for.
	shortTurn = 150 * time.Microsecond
	// lately is how long after a request others are expected.
	lately = 100 * time.Millisecond
	// look is after how many steps the clock is looked at.
	look = 16
)

// began is what times are counted from: a number can be kept where many read it at once.
var (
	began = time.Now()
	asked atomic.Int64 // when the latest request was, 0 before the first
)

// Asked says that somebody asks for something. Safe for concurrent use.
func Asked() { asked.Store(int64(time.Since(began))) }

// Step is called after each small part of the computation, of some microseconds. Now and then it pauses.
func (p *Pacer) Step() {
	if p.steps++; p.steps%look == 0 {
		p.Look()
	}
}

// Look is Step after a part that takes longer than a look at the clock by far.
func (p *Pacer) Look() {
	now := time.Now()
	switch {
	case now.Before(p.due):
		return
	case p.due.IsZero():
		p.since = now.Sub(began)
	default:
		// To yield is not enough: the scheduler would go on with the same work before it looks at the network.
		time.Sleep(time.Microsecond)
		now = time.Now()
	}
	p.due = now.Add(next(now.Sub(began), time.Duration(asked.Load()), p.since))
}

// next is the turn at a time of a computation that goes on since another, when the latest request was at a third. What was asked
// before it began is what it is for, most likely: whoever pushes asks for the refs first.
func next(now, request, since time.Duration) time.Duration {
	if request > since && now-request < lately {
		return shortTurn
	}
	return turn
}

// Write is a look for each piece of a stream; it never fails.
func (p *Pacer) Write(b []byte) (int, error) {
	p.Look()
	return len(b), nil
}
