package meta

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestMemoForgetsWithEveryCommit(t *testing.T) {
	m := newMemo()
	reads := 0
	read := func() (int, error) { reads++; return reads, nil }
	for i, want := range []int{1, 1, 2, 2} {
		if i == 2 {
			m.committing()
			m.committed()
		}
		if got, err := remember(m, memoKey{what: "x"}, never, read); got != want || err != nil {
			t.Errorf("read %d: got %d, %v, want %d", i, got, err, want)
		}
	}
}

// A commit that happens while an answer is being read makes that answer stale, though it is stored after the commit.
func TestMemoLosesTheFillRace(t *testing.T) {
	m := newMemo()
	slow := func() (string, error) {
		m.committing() // somebody commits between our read of the row and our return
		m.committed()
		return "old", nil
	}
	if got, _ := remember(m, memoKey{what: "x"}, never, slow); got != "old" {
		t.Fatal(got)
	}
	if got, _ := remember(m, memoKey{what: "x"}, never, func() (string, error) { return "new", nil }); got != "new" {
		t.Errorf("a stale answer was served: %s", got)
	}
}

// Between the moment at which a COMMIT takes effect and the moment at which it is counted, a plain read sees it already.
// What is read from the memo after that must see it too: a reader that learned of a new generation must not be taken
// back to an older one. Found as a keeper that had new refs with the packs of before them.
func TestMemoIsSilentDuringACommit(t *testing.T) {
	db, err := Open(ctx, Options{URL: filepath.Join(t.TempDir(), "ambit.db")})
	must(t, err)
	defer db.Close()
	repo := addRepo(t, db, addUser(t, db, "alice").ID, "seen")
	kept, _, err := db.LivePacks(ctx, repo.ID) // now it is remembered
	must(t, err)
	looked := false
	db.writer.trial = func(done bool) error {
		if !done {
			return nil
		}
		refs, err := db.Refs(ctx, repo.ID, "refs/") // plain
		must(t, err)
		ref, refErr := db.Ref(ctx, repo.ID, "refs/heads/main") // these are remembered
		gen, _, err := db.LivePacks(ctx, repo.ID)
		must(t, err)
		if len(refs) != 1 || refErr != nil || ref.Target != oid(1) || gen != kept+1 {
			t.Errorf("refs %v, then ref %v %v and generation %d after %d", refs, ref, refErr, gen, kept)
		}
		looked = true
		return nil
	}
	_, err = db.Publish(ctx, change(repo.ID, "refs/heads/main", hub.ZeroOID, oid(1)))
	must(t, err)
	db.writer.trial = nil
	if !looked {
		t.Error("no commit was seen")
	}
}

func TestMemoKeepsOnlyErrorsThatAreAnswers(t *testing.T) {
	m := newMemo()
	missing := hub.Errorf(hub.RepoNotFound, "no")
	broken := errors.New("disk")
	errs := []error{broken, missing, errors.New("not reached")}
	for i, want := range []error{broken, missing, missing} {
		_, err := remember(m, memoKey{what: "x"}, isMissingRepo, func() (int, error) { return 0, errs[i] })
		if err != want {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func TestMemoIsBounded(t *testing.T) {
	m := newMemo()
	for i := range 3 * maxMemo {
		remember(m, memoKey{what: fmt.Sprint(i)}, never, func() (int, error) { return i, nil })
		if len(m.entries) > maxMemo {
			t.Fatalf("%d entries", len(m.entries))
		}
	}
}

// Whatever a change returned to its caller, every later read sees.
func TestReadsSeeWhatWasAcknowledged(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		repo := addRepo(t, db, addUser(t, db, "alice").ID, "seen")
		var wg sync.WaitGroup
		for range 4 { // readers keep the memo warm
			wg.Add(1)
			go func() {
				defer wg.Done()
				for range 300 {
					db.RepoByName(ctx, repo.RepoID)
					db.LivePacks(ctx, repo.ID)
				}
			}()
		}
		for i := range 60 {
			want := hub.Public
			if i%2 == 0 {
				want = hub.Private
			}
			repo.Visibility = want
			if err := db.UpdateRepo(ctx, repo, hub.Event{Type: "repo.update"}); err != nil {
				t.Fatal(err)
			}
			got, _, err := db.RepoByName(ctx, repo.RepoID)
			if err != nil || got.Visibility != want {
				t.Fatalf("change %d: %s, %v", i, got.Visibility, err)
			}
		}
		wg.Wait()
		if err := db.DeleteRepo(ctx, repo.ID, hub.Event{Type: "repo.delete"}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := db.RepoByName(ctx, repo.RepoID); !hub.Is(err, hub.RepoNotFound) {
			t.Errorf("deleted: %v", err)
		}
	})
}
