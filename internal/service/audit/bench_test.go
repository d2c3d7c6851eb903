package audit_test

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/audit"
	"github.com/ambit-hub/ambit/internal/store/meta"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

// sample is an event of ordinary size.
func sample() hub.Event {
	return hub.Event{Type: "repo.publish", ActorID: hub.NewID(), ActorName: "alice", TokenID: hub.NewID(), NamespaceID: hub.NewID(),
		RepoID: hub.NewID(), Message: "pushed 3 files to main", IP: "192.0.2.1", UserAgent: "python-requests/2.32"}
}

// BenchmarkVerify checks a log of 200,000 events whole, and once more what that comes to without a database: building
// the records, the chain and the tree on one processor.
func BenchmarkVerify(b *testing.B) {
	const events = 200_000
	b.Run("hashing", func(b *testing.B) {
		row := hub.AuditRow{IPSalt: auditchain.NewSalt(), Event: sample()}
		for b.Loop() {
			var chain auditchain.Hash
			var record []byte
			f := &auditchain.Frontier{}
			for range events {
				row.Seq++
				record = auditchain.Record(record[:0], row)
				chain = auditchain.Next(chain, record)
				f.Append(record)
			}
		}
		b.ReportMetric(events*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return filepath.Join(b.TempDir(), "ambit.db") },
		"postgres": func() string { return pgtest.URL(b) },
	} {
		b.Run(name, func(b *testing.B) {
			ctx := context.Background()
			db, err := meta.Open(ctx, meta.Options{URL: url()})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			batch := make([]hub.Event, 1000)
			for i := range batch {
				batch[i] = sample()
			}
			for range events / len(batch) {
				if err := db.RecordEvents(ctx, batch...); err != nil {
					b.Fatal(err)
				}
			}
			svc, err := audit.New(db, audit.Options{Instance: instance, Seeds: [][32]byte{{1}}})
			if err != nil {
				b.Fatal(err)
			}
			if err := svc.Checkpoint(ctx); err != nil {
				b.Fatal(err)
			}
			op, err := access.NewAuthorizer(db, access.Options{}).Authorize(ctx, access.Operator(), access.Need{Action: access.InstanceAdmin, Target: access.Hub()})
			if err != nil {
				b.Fatal(err)
			}
			used := cpuTime(b)
			for b.Loop() {
				r, err := svc.Verify(ctx, op)
				if err != nil || !r.OK() || r.Events != events {
					b.Fatalf("%+v %v", r, err)
				}
			}
			b.ReportMetric(events*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(cpuTime(b)-used)/events/float64(b.N), "cpu-ns/event") // says more on a busy machine
		})
	}
}

func cpuTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
