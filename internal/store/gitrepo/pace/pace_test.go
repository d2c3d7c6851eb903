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
	const since = time.Minute
	for _, c := range []struct{ now, request, want time.Duration }{
		{time.Hour, 0, turn},
		{time.Hour, time.Hour, shortTurn},
		{time.Hour, time.Hour - lately + 1, shortTurn},
		{time.Hour, time.Hour - lately, turn},
		{time.Hour, time.Hour + 1, shortTurn}, // it came while the clock was looked at
		{since + lately/2, 0, turn},
		{since + lately/2, since + 1, shortTurn},
		{since + lately/2, since, turn}, // it is what the computation is for
		{since + lately/2, since - lately/4, turn},
	} {
		if got := next(c.now, c.request, since); got != c.want {
			t.Errorf("%v after a request at %v: %v, want %v", c.now, c.request, got, c.want)
		}
	}
	var p Pacer
	Asked()
	p.Look()
	if r := time.Duration(asked.Load()); next(time.Since(began), r, p.since) != turn {
		t.Error("the computation's own request counts")
	}
	Asked()
	if r := time.Duration(asked.Load()); next(time.Since(began), r, p.since) != shortTurn {
		t.Error("a later request does not count")
	}
}

// A piece of a stream is long: the clock is looked at after each.
func TestStreams(t *testing.T) {
	var p Pacer
	if n, err := p.Write(make([]byte, 100)); n != 100 || err != nil || p.due.IsZero() {
		t.Errorf("%d, %v, due %v", n, err, p.due)
	}
}

func BenchmarkStep(b *testing.B) {
	var p Pacer
	for b.Loop() {
		p.Step()
	}
}
