package guard_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ambit-hub/ambit/internal/guard"
)

func beyond(password string) error {
	_ = password[len(password)]
	return nil
}

// TestCallTellsWhere holds that the log shows what the runtime said and where, and nothing of what somebody else panicked with.
func TestCallTellsWhere(t *testing.T) {
	err := guard.Call(func() error { return beyond("hunter2") })
	var p *guard.Panic
	if !errors.As(err, &p) || !strings.Contains(err.Error(), "index out of range [7]") || !strings.Contains(err.Error(), "guard_test.beyond (guard_test.go:") {
		t.Errorf("got %v", err)
	}
	if i, j := strings.Index(err.Error(), "beyond"), strings.Index(err.Error(), "guard.Call ("); i < 0 || j >= 0 && j < i {
		t.Errorf("the first frame is not where it happened: %v", err)
	}
	for _, v := range []any{"hunter2", errors.New("hunter2"), struct{ Password string }{"hunter2"}} {
		err := guard.Call(func() error { panic(v) })
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "TestCallTellsWhere") {
			t.Errorf("%T: %v", v, err)
		}
	}
	if err := guard.Call(func() error { return context.Canceled }); err != context.Canceled {
		t.Errorf("an ordinary error became %v", err)
	}
}

// TestCallSurvivesBrokenFiles reads a mapped file that somebody cut off.
func TestCallSurvivesBrokenFiles(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "mapped"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = 1 << 20
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	b, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(b)
	if err := f.Truncate(0); err != nil {
		t.Fatal(err)
	}
	var sum byte
	var p *guard.Panic
	if err := guard.Call(func() error { sum += b[size/2]; return nil }); !errors.As(err, &p) || !strings.Contains(err.Error(), "invalid memory address") && !strings.Contains(err.Error(), "fault") {
		t.Errorf("%v, and %d", err, sum)
	}
	if debug.SetPanicOnFault(false) {
		t.Error("what comes afterwards panics as well")
	}
}

// TestKeep lets work panic again and again: it is run after waits that grow and end, counted, and again soon when it went
// well for long.
func TestKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var logged []string
		var begun []time.Duration
		start, last := time.Now(), errors.New("the end")
		err := guard.Keep(ctx, "sweeping", func(_ context.Context, msg string, err error) { logged = append(logged, msg+": "+err.Error()) }, func(context.Context) error {
			begun = append(begun, time.Since(start))
			switch len(begun) {
			case 14:
				time.Sleep(11 * time.Minute)
			case 16:
				return last
			}
			panic("x")
		})
		if err != last || len(logged) != 15 {
			t.Fatalf("%v after %d lines", err, len(logged))
		}
		for i, want := range map[int]time.Duration{1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 3: 400 * time.Millisecond, 12: time.Minute, 13: time.Minute, 14: 11*time.Minute + 100*time.Millisecond} {
			if got := begun[i] - begun[i-1]; got != want {
				t.Errorf("run %d began %v after the one before it, want %v", i, got, want)
			}
		}
		if !strings.HasPrefix(logged[2], "work in the background panicked: sweeping: time 3, goes on in 400ms: panic: ") {
			t.Errorf("logged %q", logged[2])
		}
	})
}

// TestKeepEnds: what panics while it is being stopped is not run again.
func TestKeepEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	runs := 0
	err := guard.Keep(ctx, "w", func(context.Context, string, error) {}, func(context.Context) error { runs++; cancel(); panic("x") })
	if err != nil || runs != 1 {
		t.Errorf("%v after %d runs", err, runs)
	}
}
