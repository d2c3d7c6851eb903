package pace

import (
	"testing"
	"time"
)

// A short computation never pauses: it has no time to lose.
func TestShortComputations(t *testing.T) {
	var p Pacer
	for range look {
		p.Step()
	}
	if p.due.IsZero() {
		t.Error("the clock was not looked at")
	}
	before := p.due
	for range look - 1 {
		p.Step()
	}
	if p.due != before {
		t.Error("the clock was looked at too often")
	}
}

// Turns are short while somebody asks, and for a while after.
func TestTurns(t *testing.T) {
	for _, c := range []struct{ now, request, want time.Duration }{
		{time.Hour, 0, turn},
		{time.Hour, time.Hour, shortTurn},
		{time.Hour, time.Hour - lately + 1, shortTurn},
		{time.Hour, time.Hour - lately, turn},
		{time.Hour, time.Hour + 1, shortTurn}, // it came while the clock was looked at
		{lately / 2, 0, turn},
	} {
		if got := next(c.now, c.request); got != c.want {
			t.Errorf("%v after a request at %v: %v, want %v", c.now, c.request, got, c.want)
		}
	}
	Asked()
	if r := time.Duration(asked.Load()); next(time.Since(began), r) != shortTurn {
		t.Error("a request is not noted")
	}
}

func BenchmarkStep(b *testing.B) {
	var p Pacer
	for b.Loop() {
		p.Step()
	}
}
