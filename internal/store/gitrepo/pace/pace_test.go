package pace

import "testing"

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

func BenchmarkStep(b *testing.B) {
	var p Pacer
	for b.Loop() {
		p.Step()
	}
}
