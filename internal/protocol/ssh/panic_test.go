package ssh

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// A fault of ours while a connection is served ends that connection, not the process.
func TestPanicInAConnection(t *testing.T) {
	var log bytes.Buffer
	s := New(Config{}, nil, Deps{Log: slog.New(slog.NewJSONHandler(&log, nil))})
	s.sound(t.Context(), func() { panic("sesame") })
	if out := log.String(); !strings.Contains(out, "an SSH connection was given up") || strings.Contains(out, "sesame") {
		t.Errorf("logged %q", out)
	}
}
