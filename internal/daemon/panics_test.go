package daemon

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// stumbling panics in its first two runs.
type stumbling struct {
	runs   atomic.Int32
	steady chan struct{} // closed in the third
}

func (s *stumbling) Run(ctx context.Context) error {
	if s.runs.Add(1) < 3 {
		_ = []int{}[s.runs.Load()]
	}
	close(s.steady)
	<-ctx.Done()
	return nil
}

// TestPanicInTheBackground injects panics into background work of a hub that serves: requests are answered all the while, the
// work goes on, the log says where it was, and the hub stops as ever.
func TestPanicInTheBackground(t *testing.T) {
	log := &lockedBuffer{}
	d, err := open(t.Context(), testConfig(t), slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	s := &stumbling{steady: make(chan struct{})}
	d.runners = append(d.runners, s)
	var ls []net.Listener
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ls = append(ls, l)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- d.run(ctx, ls[0], ls[1], func() { close(ready) }) }()
	<-ready
	select {
	case <-s.steady:
	case err := <-done:
		t.Fatalf("the hub ended: %v", err)
	}
	res, err := http.Get("http://" + ls[0].Addr().String() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("stopping: %v", err)
	}
	for _, want := range []string{`"msg":"work in the background panicked: daemon.stumbling"`, "time 2, goes on in 200ms: panic: runtime error: index out of range [2] with length 0", "(*stumbling).Run (panics_test.go:"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}
