package meta

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

// TestSealingKeepsTheOrder lets two processes write in turns, each after the other was answered, while both seal: the log
// has every event once, in the order in which they happened, whoever numbered it.
func TestSealingKeepsTheOrder(t *testing.T) {
	url := pgtest.URL(t)
	a, b := openAt(t, url), openAt(t, url)
	sealing, stop := context.WithCancel(ctx)
	var sealers sync.WaitGroup
	for _, db := range []*DB{a, b, a} {
		sealers.Go(func() {
			for sealing.Err() == nil {
				if err := db.SealEvents(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	const turns = 60
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range turns {
				ev := hub.Event{Type: fmt.Sprint("w", w), Message: fmt.Sprint(i), At: testTime().Add(-time.Duration(i) * time.Hour)}
				db := []*DB{a, b}[i%2]
				if i%3 == 0 {
					must(t, db.PutSetting(ctx, fmt.Sprint("k", w), "v"))
					must(t, db.InTx(ctx, func(tx *Tx) error { return tx.record(ctx, ev, "") }))
				} else {
					must(t, db.RecordEvents(ctx, ev))
				}
			}
		})
	}
	writers.Wait()
	stop()
	sealers.Wait()
	next := map[string]int{}
	for _, r := range checkChain(t, a) {
		if strings.HasPrefix(r.Type, "w") {
			if r.Message != fmt.Sprint(next[r.Type]) {
				t.Fatalf("event %d of %s is %s, want %d", r.Seq, r.Type, r.Message, next[r.Type])
			}
			next[r.Type]++
		}
	}
	if len(next) != 4 || next["w0"] != turns || next["w3"] != turns {
		t.Errorf("events of the writers: %v", next)
	}
}

// TestSealer seals without anybody who reads the log, and what another process left behind.
func TestSealer(t *testing.T) {
	url := pgtest.URL(t)
	gone := openAt(t, url)
	must(t, gone.RecordEvents(ctx, hub.Event{Type: "left"}))
	db := openAt(t, url)
	run, stop := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- NewSealer(db, func(_ context.Context, _ string, err error) { t.Error(err) }).Run(run) }()
	wait := func() {
		t.Helper()
		for {
			n, err := collect(ctx, db.single, scanOne[int64], selectPending)
			must(t, err)
			if len(n) == 0 {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	wait()
	must(t, db.RecordEvents(ctx, hub.Event{Type: "here"}))
	wait()
	must(t, db.RecordEvents(ctx, hub.Event{Type: "last"}))
	stop()
	must(t, <-done)
	wait()
	if rows := checkChain(t, db); len(rows) != 3 || rows[0].Type != "left" || rows[2].Type != "last" {
		t.Errorf("got %+v", rows)
	}
}

// TestSealedRowsAreVacuumed holds that the sealer frees the rows of what it sealed, without waiting for the server's own
// vacuum.
func TestSealedRowsAreVacuumed(t *testing.T) {
	db := openAt(t, pgtest.URL(t))
	must(t, db.RecordEvents(ctx, make([]hub.Event, 100)...))
	must(t, db.SealEvents(ctx))
	if n := db.sealed.Load(); n != 100 {
		t.Errorf("%d events sealed, want 100", n)
	}
	s := NewSealer(db, func(_ context.Context, _ string, err error) { t.Error(err) })
	for {
		s.vacuum(ctx)
		var count int
		must(t, db.pool.QueryRowContext(ctx, "SELECT vacuum_count FROM pg_stat_user_tables WHERE relid = 'audit_pending'::regclass").Scan(&count))
		if count > 0 {
			break
		}
		time.Sleep(time.Millisecond) // the server tells its statistics later
	}
	if n := db.sealed.Load(); n != 0 {
		t.Errorf("%d events counted after the vacuum", n)
	}
	checkChain(t, db)
}

// TestUnsealedAreUndoneToo holds that what waits for its number waits in the transaction of the change.
func TestUnsealedAreUndoneToo(t *testing.T) {
	db := openAt(t, pgtest.URL(t))
	addUser(t, db, "alice")
	err := db.CreateUser(ctx, hub.User{ID: hub.NewID(), Name: "Alice"}, "", hub.Event{})
	wantCode(t, err, hub.Conflict)
	if rows := checkChain(t, db); len(rows) != 1 {
		t.Errorf("%d events", len(rows))
	}
}

// TestAddressesAreConcealed holds that each address is hashed with a salt of its own, and that there is none to hide
// where there is no address.
func TestAddressesAreConcealed(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		ev := hub.Event{Type: "a", IP: "192.0.2.1"}
		must(t, db.RecordEvents(ctx, ev, ev, hub.Event{Type: "b"}))
		rows := checkChain(t, db)
		if rows[0].IPSalt == "" || rows[0].IPSalt == rows[1].IPSalt || rows[2].IPSalt != "" {
			t.Errorf("salts %q, %q, %q", rows[0].IPSalt, rows[1].IPSalt, rows[2].IPSalt)
		}
	})
}
