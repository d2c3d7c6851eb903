package gitrepo

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// history is what the branches of a repository must hold: contents by path, by branch.
type history struct {
	branches map[string]hub.OID
	files    map[hub.OID]map[string]string // of every commit that was ever made
}

// TestGCModel runs random histories of commits, branches, deletions, merges and collections against a model in maps: what
// a branch leads to is always there, whole, and what nothing leads to goes. AMBIT_FULL=1 runs 100,000 steps.
func TestGCModel(t *testing.T) {
	steps, seeds := 250, 4
	if os.Getenv("AMBIT_FULL") != "" {
		steps, seeds = 5000, 20
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { t.Parallel(); runModel(t, uint64(seed), steps) })
	}
}

func runModel(t *testing.T, seed uint64, steps int) {
	rng := rand.New(rand.NewPCG(seed, 18))
	ks := newKept(t, nil, KeeperConfig{Grace: time.Hour})
	repo := ks.repo(t, "one")
	m := history{branches: map[string]hub.OID{}, files: map[hub.OID]map[string]string{}}
	var commits []hub.OID
	pick := func() string {
		names := []string{"main", "b1", "b2", "b3"}
		return names[rng.IntN(len(names))]
	}
	for n := range steps {
		ks.now = ks.now.Add(time.Duration(rng.IntN(300)) * time.Second)
		branch := pick()
		switch at := rng.IntN(100); {
		case at < 60:
			m.commit(t, ks, rng, repo, branch, n)
			commits = append(commits, m.branches[branch])
		case at < 68: // a copy of another branch, as a fork is
			if from := m.branches[pick()]; !from.IsZero() {
				ok(t, ks.move(t, repo, branch, from))
				m.branches[branch] = from
			}
		case at < 76:
			ok(t, ks.move(t, repo, branch, hub.ZeroOID))
			delete(m.branches, branch)
		case at < 82 && len(commits) > 0: // back to something old, which may be garbage or gone
			old := commits[rng.IntN(len(commits))]
			snap, err := ks.Open(t.Context(), repo)
			ok(t, err)
			_, err = snap.Commit(t.Context(), old)
			snap.Close()
			if hub.Is(err, hub.RevisionNotFound) {
				break
			}
			ok(t, err)
			ok(t, ks.move(t, repo, branch, old))
			m.branches[branch] = old
		case at < 92:
			ok(t, ks.k.Merge(t.Context(), repo))
		case at < 94:
			_, err := ks.k.Repack(t.Context(), repo, nil)
			ok(t, err)
		default:
			m.collect(t, ks, rng, repo)
		}
		if n%25 == 0 {
			m.check(t, ks, repo)
		}
	}
	m.check(t, ks, repo)
	ks.verify(t, repo)
	if len(m.branches) > 0 {
		ks.fsck(t, repo)
	}
	_, err := ks.k.GC(t.Context(), repo, true, nil)
	ok(t, err)
	if v := ks.verify(t, repo); v.Objects != v.Reachable {
		t.Errorf("%d objects are left, %d are reachable", v.Objects, v.Reachable)
	}
	m.check(t, ks, repo)
}

func (m *history) commit(t *testing.T, ks *keptStore, rng *rand.Rand, repo hub.ID, branch string, n int) {
	files := map[string]string{}
	for p, c := range m.files[m.branches[branch]] {
		files[p] = c
	}
	changes := map[string]string{}
	for range 1 + rng.IntN(3) {
		path := fmt.Sprintf("d%d/f%d", rng.IntN(3), rng.IntN(8))
		// Few contents, so that garbage is needed again.
		changes[path] = strings.Repeat(fmt.Sprintf("content %d\n", rng.IntN(40)), 1+rng.IntN(60))
	}
	for p, c := range changes {
		files[p] = c
	}
	oid := ks.commit(t, repo, branch, n, changes)
	m.branches[branch], m.files[oid] = oid, files
}

// collect collects garbage while, now and then, somebody publishes.
func (m *history) collect(t *testing.T, ks *keptStore, rng *rand.Rand, repo hub.ID) {
	at, count := rng.IntN(6), 0
	_, err := ks.k.GC(t.Context(), repo, rng.IntN(3) == 0, func(string, int64, int64) {
		if count++; count == at {
			m.commit(t, ks, rng, repo, "main", count)
		}
	})
	ok(t, err)
}

func (m *history) check(t *testing.T, ks *keptStore, repo hub.ID) {
	t.Helper()
	snap, err := ks.Open(t.Context(), repo)
	ok(t, err)
	defer snap.Close()
	for branch, want := range m.branches {
		got, err := snap.Resolve(t.Context(), branch)
		if err != nil || got != want {
			t.Fatalf("%s is at %s, want %s: %v", branch, got, want, err)
		}
		files := contents(t, snap, got)
		if fmt.Sprint(files) != fmt.Sprint(m.files[want]) {
			t.Fatalf("%s at %s holds %d files that are not those of the model", branch, got, len(files))
		}
	}
}
