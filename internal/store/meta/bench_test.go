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

const manyRepos = `
	WITH RECURSIVE counted (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < 50000)
	INSERT INTO repos (id, type, namespace_id, name, name_key, full_key, creator_id, visibility, gated, disabled,
		discussions_disabled, sdk, gen, gc_epoch, head_oid, git_bytes, lfs_bytes, downloads, likes, trending,
		created_at, updated_at, pipeline_tag, library_name, tags, card)
	SELECT '0123456789abcdef01' || (100000 + i), 'model', CASE WHEN i % 20 = 0 THEN ? ELSE ? END, 'model-' || i, 'model-' || i, 'owner/model-' || i, '',
		CASE WHEN i % 2 = 0 THEN 'private' ELSE 'public' END, '', 0, 0, '', 1, 0, '', 0, 0, i % 1000, 0, i % 1000, i, i, '', '', '[]', r.card
	FROM counted, repos r WHERE r.id = ?`

// BenchmarkListRepos lists a page of 100 out of 50,000 repositories, half of them private and a tenth of those visible.
func BenchmarkListRepos(b *testing.B) {
	benchBoth(b, func(b *testing.B, db *DB, w *world) {
		must(b, db.InTx(ctx, func(tx *Tx) error {
			_, err := tx.exec(ctx, manyRepos, w.acme.ID, w.alice.ID, w.public.ID)
			return err
		}))
		if db.Engine() == "postgres" {
			_, err := db.pool.ExecContext(ctx, "ANALYZE")
			must(b, err)
		}
		page := hub.RepoQuery{Type: hub.Model, Limit: 100, Visible: hub.Visible{Namespaces: []hub.ID{w.acme.ID}}}
		for name, change := range map[string]func(q *hub.RepoQuery){
			"first": func(*hub.RepoQuery) {},
			"deep": func(q *hub.RepoQuery) {
				q.Limit = MaxListLimit
				for range 20 {
					_, next, err := db.ListRepos(ctx, *q)
					must(b, err)
					q.Cursor = next
				}
				q.Limit = 100
			},
			"search":  func(q *hub.RepoQuery) { q.Search = []string{"model-4321"} },
			"nothing": func(q *hub.RepoQuery) { q.Search = []string{"no such thing"} },
			"author":  func(q *hub.RepoQuery) { q.Author = "acme" },
			"tag":     func(q *hub.RepoQuery) { q.Tags = []string{"license:mit"} },
		} {
			b.Run(name, func(b *testing.B) {
				q := page
				change(&q)
				for b.Loop() {
					if _, _, err := db.ListRepos(ctx, q); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}
