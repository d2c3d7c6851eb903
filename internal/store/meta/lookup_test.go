package meta

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// A name is looked up in one way whatever it is the name of: a second query for what is missing would tell by its time
// that what takes one is hidden.
func TestLookingUpNothingTakesWhatLookingUpSomethingTakes(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		id := hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "moved"}
		if _, _, err := db.RepoByName(ctx, id); !hub.Is(err, hub.RepoNotFound) {
			t.Fatalf("a hub without repositories: %v", err)
		}
		alice := addUser(t, db, "alice")
		addRepo(t, db, alice.ID, "here")
		moved := addRepo(t, db, alice.ID, "moved")
		must(t, db.MoveRepo(ctx, moved.ID, hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "there"}, alice.ID, hub.Event{}))
		queries := 0
		db.OnQuery(func(string) { queries++ })
		for name, want := range map[string]struct {
			found, moved bool
		}{"here": {true, false}, "HERE": {true, false}, "there": {true, false}, "moved": {true, true}, "absent": {}, "": {}, "\x00": {}} {
			queries = 0
			db.memo.committing() // nothing is remembered
			db.memo.committed()
			id.Name = name
			r, wasMoved, err := db.RepoByName(ctx, id)
			if (err == nil) != want.found || wasMoved != want.moved || want.found != (r.ID != "") {
				t.Errorf("%q: %v, moved %t, %v", name, r.RepoID, wasMoved, err)
			}
			if err != nil && !hub.Is(err, hub.RepoNotFound) {
				t.Errorf("%q: %v", name, err)
			}
			if queries != 1 && name != "\x00" {
				t.Errorf("%q took %d queries", name, queries)
			}
			f, err := db.FindRepo(ctx, id)
			if err != nil || f.Exists != want.found || f.Moved != want.moved || f.Exists != (f.Repo.Name != "") || len(f.Repo.ID) != 24 {
				t.Errorf("%q leads to %+v, %v", name, f, err)
			}
		}
	})
}
