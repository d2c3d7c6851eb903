package meta

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestPanicAtCommit lets what all transactions have in common panic, before and after the COMMIT, while many wait: everybody
// gets an answer, nobody a wrong one, and the next transactions go through.
func TestPanicAtCommit(t *testing.T) {
	var when atomic.Int32 // 1: before a COMMIT, 2: after one
	db, err := Open(ctx, Options{URL: sqlitePath(t), Trial: func(done bool) error {
		if when.CompareAndSwap(map[bool]int32{false: 1, true: 2}[done], 0) {
			panic("sesame")
		}
		return nil
	}})
	must(t, err)
	t.Cleanup(func() { db.Close() })
	for w := range int32(2) {
		when.Store(w + 1)
		var wg sync.WaitGroup
		var failed, stored atomic.Int32
		for range 32 {
			wg.Go(func() {
				switch err := db.RecordEvents(ctx, hub.Event{Type: "x"}); {
				case err == nil:
					stored.Add(1)
				case errors.Is(err, errAmbiguous) && !strings.Contains(err.Error(), "sesame"):
					failed.Add(1)
				default:
					t.Errorf("an error of another sort: %v", err)
				}
			})
		}
		wg.Wait()
		if failed.Load() == 0 || when.Load() != 0 {
			t.Errorf("nobody heard of the panic")
		}
		if rows := checkChain(t, db); len(rows) < int(stored.Load()) || w == 0 && len(rows) != int(stored.Load()) {
			t.Errorf("%d events, %d were said to be stored", len(rows), stored.Load())
		}
	}
	when.Store(2)
	if err := db.CreateUser(ctx, hub.User{ID: hub.NewID(), Name: "dave"}, "", hub.Event{}); !errors.Is(err, errAmbiguous) {
		t.Errorf("a panic after the COMMIT of a change: %v", err)
	}
	if n := db.memo.commits.Load(); n%2 != 0 {
		t.Errorf("after %d beginnings and ends of COMMITs nothing is remembered any more", n)
	}
	must(t, db.RecordEvents(ctx, hub.Event{Type: "y"}))
	makeWorld(t, db)
	checkChain(t, db)
}
