package meta

import (
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Whoever measures that something asks the database nothing must hear of every query: single ones, those of transactions
// that read and of such that write, and listings.
func TestOnQueryHearsOfEveryQuery(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		repo := addRepo(t, db, addUser(t, db, "alice").ID, "heard")
		var mu sync.Mutex
		told := 0
		db.OnQuery(func(text string) {
			mu.Lock()
			defer mu.Unlock()
			if told++; text == "" {
				t.Error("a query without a text")
			}
		})
		for what, do := range map[string]func() error{
			"a single query": func() error { _, err := db.RepoByID(ctx, repo.ID); return err },
			"a change":       func() error { return db.UpdateRepo(ctx, repo, hub.Event{Type: "repo.update"}) },
			"a transaction that reads": func() error {
				return db.inRead(ctx, func(q queries) error { _, _, err := readRepo(ctx, q, selectRepoByID, repo.ID); return err })
			},
			"a listing": func() error { _, _, err := db.ListRepos(ctx, hub.RepoQuery{Limit: 1}); return err },
		} {
			mu.Lock()
			told = 0
			mu.Unlock()
			must(t, do())
			mu.Lock()
			if told == 0 {
				t.Errorf("nothing was heard of %s", what)
			}
			mu.Unlock()
		}
	})
}
