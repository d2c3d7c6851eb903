// Package pace lets long computations make room for short requests. Where every processor is busy computing, Go looks for
// what has arrived on the network only each ten milliseconds; a computation that pauses for a moment has it looked for.
package pace

import "time"

// Pacer belongs to one computation. The zero value is ready. Not for concurrent use.
type Pacer struct {
	steps uint8
	due   time.Time // of the next pause; zero before the first steps
}

const (
	// turn is how long a computation goes on without a pause: so long may every request have to wait.
	turn = 2 * time.Millisecond
	// look is after how many steps the clock is looked at.
	look = 16
)

// Step is called after each small part of the computation, of some microseconds. Now and then it pauses.
func (p *Pacer) Step() {
	if p.steps++; p.steps%look != 0 {
		return
	}
	now := time.Now()
	if now.Before(p.due) {
		return
	}
	if !p.due.IsZero() {
		// To yield is not enough: the scheduler would go on with the same work before it looks at the network.
		time.Sleep(time.Microsecond)
		now = time.Now()
	}
	p.due = now.Add(turn)
}

// Write is a step for each piece of a stream; it never fails.
func (p *Pacer) Write(b []byte) (int, error) {
	p.Step()
	return len(b), nil
}
