package meta

import (
	"context"
	"errors"
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

// TestRecordingFailsAtCommit holds that who records is told when the server took the rows and did not commit them, and that those of
// a call are stored together or not at all.
func TestRecordingFailsAtCommit(t *testing.T) {
	db := openAt(t, pgtest.URL(t))
	_, err := db.pool.ExecContext(ctx, `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$`)
	must(t, err)
	_, err = db.pool.ExecContext(ctx, `
		CREATE CONSTRAINT TRIGGER late AFTER INSERT ON audit_pending DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW WHEN (NEW.type = 'late') EXECUTE FUNCTION refuse()`)
	must(t, err)
	_, err = db.pool.ExecContext(ctx, `
		CREATE TRIGGER early BEFORE INSERT ON audit_pending FOR EACH ROW WHEN (NEW.type = 'early') EXECUTE FUNCTION refuse()`)
	must(t, err)
	for _, bad := range []string{"late", "early"} {
		events := make([]hub.Event, 100)
		events[7].Type = bad
		if err := db.RecordEvents(ctx, events...); postgresCode(err) != "P0001" {
			t.Errorf("%s: got %v", bad, err)
		}
		must(t, db.RecordEvents(ctx, hub.Event{Type: "good"}))
	}
	if rows := checkChain(t, db); len(rows) != 2 {
		t.Errorf("%d events, want 2", len(rows))
	}
}

// TestRecordingLosesTheServer ends a connection that waits to be used: the next recording goes over another, or its caller is told
// that nobody knows what came of it.
func TestRecordingLosesTheServer(t *testing.T) {
	url := pgtest.URL(t)
	db, other := openAt(t, url), openAt(t, url)
	must(t, db.RecordEvents(ctx, hub.Event{Type: "a"}))
	var pid int
	must(t, db.pool.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&pid)) // of the one connection that waits in the pool
	_, err := other.pool.ExecContext(ctx, "SELECT pg_terminate_backend($1)", pid)
	must(t, err)
	if err := db.RecordEvents(ctx, hub.Event{Type: "b"}); err != nil { // what was sent before the end was noticed may have been stored or not
		if !hub.Is(err, hub.Unavailable) || !errors.Is(err, errAmbiguous) {
			t.Fatal(err)
		}
		must(t, db.RecordEvents(ctx, hub.Event{Type: "b"}))
	}
	if rows := checkChain(t, db); rows[len(rows)-1].Type != "b" {
		t.Errorf("got %+v", rows)
	}
}

// TestSealingGoesAlongTheKey holds that the plan by which events are taken, made while the table is small and kept, does not go through
// all of the table.
func TestSealingGoesAlongTheKey(t *testing.T) {
	db := openAt(t, pgtest.URL(t))
	must(t, db.InTx(ctx, func(tx *Tx) error {
		must(t, tx.alongPendingKey(ctx))
		plan, err := collect(ctx, tx.queries, scanOne[string], "EXPLAIN "+takePending)
		must(t, err)
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan") || !strings.Contains(text, "audit_pending_pkey") {
			t.Errorf("the plan is\n%s", text)
		}
		return nil
	}))
	db.noSetting.Store(true) // as of a database that does not know the setting
	must(t, db.RecordEvents(ctx, hub.Event{Type: "a"}))
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
