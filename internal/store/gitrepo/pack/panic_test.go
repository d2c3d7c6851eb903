package pack

import (
	"errors"
	"testing"

	"github.com/ambit-hub/ambit/internal/guard"
)

// A fault of ours in the goroutine that takes a pack ends the push, not the process.
func TestPanicWhileAPackIsTaken(t *testing.T) {
	in := &intake{} // without what it writes to
	in.start()
	for range 2 {
		in.full <- append(<-in.free, "PACK"...)
	}
	var p *guard.Panic
	if err := in.close(); !errors.As(err, &p) {
		t.Errorf("got %v", err)
	}
}
