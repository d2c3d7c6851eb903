package daemon

import (
	"context"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/meta"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

// A change that another process makes in a shared database reaches this one's listeners.
func TestFollowerHearsOfOtherProcesses(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	url := pgtest.URL(t)
	open := func() *meta.DB {
		db, err := meta.Open(ctx, meta.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	here, there := open(), open()
	user := hub.User{ID: hub.NewID(), Name: "alice", CreatedAt: time.Now()}
	if err := there.CreateUser(ctx, user, "", hub.Event{Type: "user.create"}); err != nil {
		t.Fatal(err)
	}
	f, err := newFollower(ctx, here, func(_ context.Context, msg string, err error) { t.Errorf("%s: %v", msg, err) })
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan hub.Change, 100)
	f.OnChange(func(cs []hub.Change) {
		for _, c := range cs {
			heard <- c
		}
	})
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	if err := there.SetSuspended(ctx, user.ID, true, hub.Event{Type: "user.suspend"}); err != nil {
		t.Fatal(err)
	}
	for c := range heard {
		if c.Kind == hub.ChangeUser && c.ID == user.ID {
			break
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestHousekeepingKeepsWhatIsNeeded(t *testing.T) {
	ctx := context.Background()
	db, err := meta.Open(ctx, meta.Options{URL: t.TempDir() + "/ambit.db"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now := time.Now()
	user := hub.User{ID: hub.NewID(), Name: "alice", CreatedAt: now}
	if err := db.CreateUser(ctx, user, "", hub.Event{Type: "user.create"}); err != nil {
		t.Fatal(err)
	}
	digests := map[string][]byte{"over": make([]byte, 32), "live": append(make([]byte, 31), 1)}
	for name, expires := range map[string]time.Time{"over": now.Add(-time.Second), "live": now.Add(time.Hour)} {
		s := hub.Session{ID: hub.NewID(), UserID: user.ID, CreatedAt: now, ExpiresAt: expires}
		if err := db.CreateSession(ctx, s, digests[name], hub.Event{Type: "user.sign_in"}); err != nil {
			t.Fatal(err)
		}
	}
	h := &housekeeping{db: db}
	if err := h.sweep(ctx, now); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.SessionByDigest(ctx, digests["live"]); err != nil {
		t.Errorf("a live session is gone: %v", err)
	}
	rows, err := db.ChangesSince(ctx, 0, 10)
	if err != nil || len(rows) == 0 {
		t.Errorf("fresh changes are gone: %v, %v", rows, err)
	}
	if err := h.sweep(ctx, now.Add(2*keepChanges)); err != nil {
		t.Fatal(err)
	}
	if rows, err = db.ChangesSince(ctx, 0, 10); err != nil || len(rows) != 0 {
		t.Errorf("old changes stay: %v, %v", rows, err)
	}
	if _, _, err := db.SessionByDigest(ctx, digests["live"]); err == nil {
		t.Error("a session stays beyond its time")
	}
}
