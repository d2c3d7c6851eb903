package meta

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit/dudect"
	"github.com/ambit-hub/ambit/internal/testkit/goal"
)

// BenchmarkFindHiddenVersusMissing measures whether reading a name tells by its time that there is a repository, where
// nothing is remembered. Each name of nothing comes right before that of a repository, so that as many of them come before
// each one; of which rows are read, and how large they are, the answer's time does depend.
func BenchmarkFindHiddenVersusMissing(b *testing.B) {
	const samples, names = 100_000, 512
	db := openAt(b, filepath.Join(b.TempDir(), "ambit.db"))
	w := makeWorld(b, db)
	order := rand.New(rand.NewPCG(5, 6))
	places := order.Perm(dudect.Sets / 2 * names)
	name := func(set, i int) string { return fmt.Sprintf("name-%04d", 1001+2*places[set%2*names+i]-set/2) }
	for _, k := range order.Perm(dudect.Sets / 2 * names) {
		addRepo(b, db, w.alice.ID, name(k/names, k%names))
	}
	var r dudect.Result
	for b.Loop() {
		r = dudect.Compare(samples, func(set int, order *rand.Rand) time.Duration {
			id := hub.RepoID{Type: hub.Model, Namespace: "alice", Name: name(set, order.IntN(names))}
			db.memo.committing()
			db.memo.committed()
			start := time.Now()
			if _, err := db.FindRepo(ctx, id); err != nil {
				b.Fatal(err)
			}
			return time.Since(start)
		})
	}
	b.ReportMetric(r.Mean, "mean-ns")
	b.ReportMetric(r.Delta, "delta-ns")
	b.ReportMetric(r.T, "t")
	b.ReportMetric(r.NullDelta, "null-delta-ns")
	b.ReportMetric(r.NullT, "null-t")
	if !r.Holds() {
		b.Logf("the null control fails, |t| %.1f: this says nothing", r.NullT)
		return
	}
	goal.AtMost(b, "14, hidden against missing, a row that nobody remembers", math.Abs(r.Delta), 5, "ns")
}
