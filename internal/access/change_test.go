package access

import (
	"os"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestChangesAreExact: what an explanation tells to change is enough, and no part of it is. In one sitting in 60,013, in one
// in 2,003 with AMBIT_FULL=1.
func TestChangesAreExact(t *testing.T) {
	denied, helped := 0, 0
	l := readLaw(t)
	every := 60_013
	if os.Getenv("AMBIT_FULL") == "1" { // words take their time: all of the space would take days
		every = 2_003
	}
	for s := range situations(every) {
		if s.absent {
			continue
		}
		sub, repo := s.world()
		o := s.object(sub, &repo)
		st := abstract(sub, &o, spaceNow)
		layers := decide(st)
		for _, a := range l.actionsOf(s) {
			if a.allowedBy(layers.Allowed()) {
				continue
			}
			denied++
			gv := given{need: Need{Action: a}, repo: &repo}
			if s.target != "repo" {
				gv.repo, gv.namespace = &noRepo, hub.Namespace{ID: repo.NamespaceID, Name: repo.Namespace, Kind: hub.UserNamespace}
				if repo.OwnerIsOrg {
					gv.namespace.Kind = hub.OrgNamespace
				}
			}
			d := denial{given: &gv, state: st, layers: layers, space: o.namespace}
			changes := d.changes(sub)
			if changes == nil {
				// Nothing helps strangers of a personal namespace, and what a kind of credential never does.
				if repo.OwnerIsOrg && s.kind != "operator" && s.kind != "service" && s.live {
					t.Fatalf("%s for %+v: no way out", a, *s)
				}
				continue
			}
			helped++
			checkChanges(t, st, a, changes)
		}
	}
	t.Logf("%d refusals, %d with a way out", denied, helped)
	if helped < denied/2 {
		t.Errorf("only %d of %d refusals have a way out", helped, denied)
	}
}

func checkChanges(t *testing.T, st State, a Action, changes []Change) {
	t.Helper()
	for set := range 1 << len(changes) {
		var some []Change
		for i, c := range changes {
			if set&(1<<i) != 0 {
				some = append(some, c)
			}
		}
		allowed := a.allowedBy(decide(applyChanges(st, some)).Allowed())
		if all := set == 1<<len(changes)-1; allowed != all {
			t.Fatalf("state %#x, %s: %d of %d changes allow it: %v\n%+v", st, a, len(some), len(changes), allowed, changes)
		}
	}
}
