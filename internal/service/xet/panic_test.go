package xet

import (
	"errors"
	"io"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/xorb"
	panics "github.com/ambit-hub/ambit/internal/guard"
)

// A fault of ours in the goroutine that checks a xorb ends the upload, not the process, and nothing is stored.
func TestPanicWhileAXorbIsChecked(t *testing.T) {
	f := &filling{fill: func(w io.Writer) (xorb.Table, error) {
		w.Write([]byte("XETBLOB"))
		panic("x")
	}}
	var p *panics.Panic
	if _, err := io.ReadAll(f); !errors.As(err, &p) {
		t.Errorf("the store was told %v", err)
	}
	if _, err := f.outcome(errors.New("of the store")); !errors.As(err, &p) {
		t.Errorf("got %v", err)
	}
}
