package meta

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// BenchmarkAudit records durable events from several writers at once, each waiting for its own: what a change pays for
// its place in the chain. The anchor is one writer.
func BenchmarkAudit(b *testing.B) {
	for _, writers := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			benchBoth(b, func(b *testing.B, db *DB, w *world) {
				var mu sync.Mutex
				var took []time.Duration
				ev := hub.Event{Type: "repo.publish", ActorID: w.alice.ID, ActorName: "alice", NamespaceID: w.alice.ID, Message: "pushed to main", IP: "192.0.2.1"}
				b.SetParallelism(max(1, writers/2))
				b.ResetTimer() // opening took its time
				b.RunParallel(func(pb *testing.PB) {
					var own []time.Duration
					for pb.Next() {
						began := time.Now()
						if err := db.RecordEvents(ctx, ev); err != nil {
							b.Error(err)
							return
						}
						own = append(own, time.Since(began))
					}
					mu.Lock()
					took = append(took, own...)
					mu.Unlock()
				})
				slices.Sort(took)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			})
		})
	}
}
