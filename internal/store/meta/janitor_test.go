package meta

import (
	"context"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestJanitor ages a hub by a year.
func TestJanitor(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		_, err := db.Publish(ctx, change(w.public.ID, "refs/heads/main", hub.ZeroOID, oid(1)))
		must(t, err)
		must(t, db.CountDownloads(ctx, map[hub.ID]int64{w.public.ID: 9}))
		j := NewJanitor(db, time.Millisecond, func(_ context.Context, _ string, err error) { t.Error(err) })
		counts := func() (n [3]int64) {
			t.Helper()
			must(t, db.single.one(ctx, `SELECT (SELECT COUNT(*) FROM publications), (SELECT COUNT(*) FROM auth_changes),
				(SELECT COUNT(*) FROM sessions)`, nil, &n[0], &n[1], &n[2]))
			return n
		}
		before := counts()
		must(t, j.Round(ctx)) // too early for everything
		if got := counts(); got != before || before[0] == 0 || before[1] == 0 || before[2] == 0 {
			t.Errorf("%v became %v", before, got)
		}
		db.now = func() time.Time { return time.Now().Add(365 * 24 * time.Hour) }
		c, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		if err := j.Run(c); err != nil {
			t.Errorf("a stop is not clean: %v", err)
		}
		if got := counts(); got != [3]int64{} {
			t.Errorf("%v stay", got)
		}
		r, err := db.RepoByID(ctx, w.public.ID)
		must(t, err)
		if r.Trending != 4 || r.Downloads != 9 {
			t.Errorf("trending %d, downloads %d", r.Trending, r.Downloads)
		}
	})
}
