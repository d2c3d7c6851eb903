package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	ids "github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/audit"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// benchAudit measures durable events, on SQLite and, when AMBIT_TEST_POSTGRES names a server, on PostgreSQL: each
// writer waits for its own event. The anchor is one writer. On PostgreSQL the time ends when all events are sealed.
func benchAudit(h *hub, r *report, rounds int) error {
	ctx := context.Background()
	if err := benchEvents(ctx, "SQLite", filepath.Join(h.dir, "events.db"), r, rounds); err != nil {
		return err
	}
	server := os.Getenv("AMBIT_TEST_POSTGRES")
	if server == "" {
		return nil
	}
	at, drop, err := benchSchema(server)
	if err != nil {
		return err
	}
	defer drop()
	return benchEvents(ctx, "PostgreSQL", at, r, rounds)
}

func benchEvents(ctx context.Context, name, at string, r *report, rounds int) error {
	db, err := meta.Open(ctx, meta.Options{URL: at})
	if err != nil {
		return err
	}
	defer db.Close()
	sealing, stop := context.WithCancel(ctx)
	sealed := make(chan error, 1)
	go func() { sealed <- meta.NewSealer(db, func(context.Context, string, error) {}).Run(sealing) }()
	defer func() { stop(); <-sealed }()

	writers := []int{1, 16, 128}
	rates, slow := map[int][]float64{}, map[int][]time.Duration{}
	for range rounds {
		for _, n := range writers {
			rate, p99, err := writeEvents(ctx, db, n, time.Second)
			if err != nil {
				return err
			}
			rates[n], slow[n] = append(rates[n], rate), append(slow[n], p99)
		}
	}
	single := median(rates[1])
	for _, n := range writers[1:] {
		bar, ms := 10.0, 30*time.Millisecond
		what := fmt.Sprintf("15, %s: durable events, %d writers", name, n)
		if n == 16 {
			ms = 5 * time.Millisecond
		} else {
			r.atLeast(what, fmt.Sprintf("%.0f/s", median(rates[n])), fmt.Sprintf("%.0f/s (one writer)", single), median(rates[n])/single, bar)
		}
		p99 := median(slow[n])
		r.figure(what+", p99", fmt.Sprintf("%.1f ms", float64(p99.Microseconds())/1000), fmt.Sprintf("≤ %d ms", ms.Milliseconds()), p99 <= ms)
	}
	return benchVerify(ctx, name, db, r, rounds)
}

func benchEvent() ids.Event {
	return ids.Event{Type: "repo.publish", ActorID: ids.NewID(), ActorName: "alice", TokenID: ids.NewID(), NamespaceID: ids.NewID(), RepoID: ids.NewID(),
		Message: "pushed 3 files to main", IP: "192.0.2.1", UserAgent: "python-requests/2.32"}
}

// writeEvents lets writers record events for some time and returns events a second and the 99th percentile of waits.
func writeEvents(ctx context.Context, db *meta.DB, writers int, long time.Duration) (rate float64, p99 time.Duration, err error) {
	var mu sync.Mutex
	var waits []time.Duration
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	ev := benchEvent()
	start := time.Now()
	for range writers {
		wg.Go(func() {
			var own []time.Duration
			for time.Since(start) < long {
				d, err := timed(func() error { return db.RecordEvents(ctx, ev) })
				if err != nil {
					failed.Store(&err)
					return
				}
				own = append(own, d)
			}
			mu.Lock()
			defer mu.Unlock()
			waits = append(waits, own...)
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return 0, 0, *err
	}
	if err := db.SealEvents(ctx); err != nil {
		return 0, 0, err
	}
	return float64(len(waits)) / time.Since(start).Seconds(), percentile(waits, 0.99), nil
}

// benchVerify checks the log that the writers left, filled up to a quarter of a million events.
func benchVerify(ctx context.Context, name string, db *meta.DB, r *report, rounds int) error {
	batch := make([]ids.Event, 1000)
	for i := range batch {
		batch[i] = benchEvent()
	}
	for {
		head, err := db.AuditHead(ctx)
		if err != nil {
			return err
		}
		if head.Seq >= 250_000 {
			break
		}
		if err := db.RecordEvents(ctx, batch...); err != nil {
			return err
		}
	}
	svc, err := audit.New(db, audit.Options{Instance: "bench", Seeds: [][32]byte{{1}}})
	if err != nil {
		return err
	}
	if err := svc.Checkpoint(ctx); err != nil {
		return err
	}
	op, err := access.NewAuthorizer(db, access.Options{}).Authorize(ctx, access.Operator(), access.Need{Action: access.InstanceAdmin, Target: access.Hub()})
	if err != nil {
		return err
	}
	var rates []float64
	for range rounds {
		var rep audit.Report
		d, err := timed(func() (err error) { rep, err = svc.Verify(ctx, op); return err })
		if err != nil {
			return err
		}
		if !rep.OK() {
			return fmt.Errorf("verifying: %+v", rep.Problems)
		}
		rates = append(rates, float64(rep.Events)/d.Seconds())
	}
	rate := median(rates)
	r.figure("15, "+name+": events verified", fmt.Sprintf("%.0f/s", rate), "≥ 1000000/s", rate >= 1e6)
	return nil
}
