package meta

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

// benchBoth runs a benchmark on a database of each engine that holds a world.
func benchBoth(b *testing.B, bench func(b *testing.B, db *DB, w *world)) {
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return filepath.Join(b.TempDir(), "ambit.db") },
		"postgres": func() string { return pgtest.URL(b) },
	} {
		b.Run(name, func(b *testing.B) {
			db := openAt(b, url())
			bench(b, db, makeWorld(b, db))
		})
	}
}

func BenchmarkTokenFacts(b *testing.B) {
	benchBoth(b, func(b *testing.B, db *DB, w *world) {
		for b.Loop() {
			if _, err := db.TokenFacts(ctx, w.tokenDigest); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRepoByName(b *testing.B) {
	benchBoth(b, func(b *testing.B, db *DB, w *world) {
		for b.Loop() {
			if _, _, err := db.RepoByName(ctx, hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "public"}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPublish publishes packs of 6 KiB from several writers at once, each to a repository of its own or all to one.
func BenchmarkPublish(b *testing.B) {
	for _, writers := range []int{1, 8} {
		for _, hot := range []bool{false, true} {
			b.Run(fmt.Sprintf("writers=%d/hot=%v", writers, hot), func(b *testing.B) {
				benchBoth(b, func(b *testing.B, db *DB, w *world) {
					inline := make([]byte, 6<<10)
					repos := make([]hub.ID, writers)
					for i := range repos {
						if repos[i] = w.public.ID; !hot {
							repos[i] = addRepo(b, db, w.alice.ID, fmt.Sprintf("r%d", i)).ID
						}
					}
					n := 0
					for b.Loop() {
						n++
						var wg sync.WaitGroup
						for i, repo := range repos {
							wg.Go(func() {
								old := hub.OID{}
								if n > 1 {
									old = hub.OID{1, byte(n - 1), byte((n - 1) >> 8), byte(i)}
								}
								p := change(repo, fmt.Sprintf("refs/heads/b%d", i), old, hub.OID{1, byte(n), byte(n >> 8), byte(i)})
								p.Pack, p.Inline = &hub.Pack{ID: hub.NewID(), Bytes: int64(len(inline))}, inline
								if _, err := db.Publish(ctx, p); err != nil {
									b.Error(err)
								}
							})
						}
						wg.Wait()
					}
					b.ReportMetric(float64(n*writers)/b.Elapsed().Seconds(), "publications/s")
				})
			})
		}
	}
}
