package gates_test

import (
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/gates"
	"github.com/ambit-hub/ambit/internal/service/repos"
)

// A card that excludes the European Union: who asks from there is refused, who asks from elsewhere is let in as the mode
// says, and where a request came from nobody knows the owner decides, also one that comes back with a place.
func TestRegions(t *testing.T) {
	w := start(t)
	id := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "elsewhere"}
	w.Repo("alice.write", id, repos.NewRepo{Files: []repos.File{{Path: "README.md", Content: []byte("---\nextra_gated_eu_disallowed: true\nextra_gated_fields:\n  Why: text\n---\n")}}})
	w.Gate(id, hub.GateAuto)
	ask := func(who, country string) (hub.GateState, error) {
		t.Helper()
		g, err := w.Zone.Authorize(ctx, w.Subject(who), access.Need{Action: access.RepoAccessRequest, Target: access.Repo(id)})
		w.check(err)
		q, err := w.svc.Ask(ctx, g, gates.Asking{Answers: map[string]any{"Why": "x"}, Country: country}, hub.Event{})
		return q.State, err
	}
	for _, c := range []string{"DE", "ie"} {
		if st, err := ask("mallory.read", c); !hub.Is(err, hub.Forbidden) || !strings.Contains(err.Error(), "European Union") || st != "" {
			t.Errorf("from %s: %q, %v", c, st, err)
		}
	}
	for _, c := range []struct {
		who, country string
		want         hub.GateState
	}{{"mallory.read", "NZ", hub.GateAccepted}, {"erin.read", "", hub.GatePending}, {"erin.read", "NZ", hub.GatePending}, {"mallory.read", "DE", hub.GateAccepted}} {
		if st, err := ask(c.who, c.country); err != nil || st != c.want {
			t.Errorf("%s from %q: %q, %v, want %q", c.who, c.country, st, err, c.want)
		}
	}
	w.check(w.svc.Grant(ctx, w.mayOn(id, "alice.write", access.RepoAccessManage), id, gates.Who{User: "dave"}, noTime, hub.Event{}))
}

// A card of more than 64 KiB keeps its form, though it does not lie in the row.
func TestLargeCardsKeepTheirForm(t *testing.T) {
	w := start(t)
	id := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "large"}
	card := "---\nnotes: " + strings.Repeat("y", 100<<10) + "\nextra_gated_fields:\n  Zone: text\n  Area: text\n---\n"
	w.Repo("alice.write", id, repos.NewRepo{Files: []repos.File{{Path: "README.md", Content: []byte(card)}}})
	w.Gate(id, hub.GateManual)
	g := w.mayOn(id, "mallory.read", access.RepoView)
	st, err := w.svc.Standing(ctx, g)
	w.check(err)
	if len(st.Form.Fields) != 2 || st.Form.Fields[0].Label != "Zone" {
		t.Errorf("the form is %+v", st.Form)
	}
	_, err = w.svc.Ask(ctx, w.mayOn(id, "mallory.read", access.RepoAccessRequest), gates.Asking{Answers: map[string]any{"Zone": "x"}}, hub.Event{})
	if !hub.Is(err, hub.InvalidInput) || !strings.Contains(err.Error(), `"Area" is missing`) {
		t.Errorf("an answer without a field: %v", err)
	}
}
