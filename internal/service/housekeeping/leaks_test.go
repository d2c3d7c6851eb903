package housekeeping_test

import (
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/housekeeping"
)

// TestImportIsSearchedForTokens: what is brought in is a push. Live tokens in files, and in large files that are text, are
// told to their owner and to the operator, without the value; where an organization refuses them, nothing is taken.
func TestImportIsSearchedForTokens(t *testing.T) {
	w := start(t)
	value := w.TokenValue("bob.write")
	dir := w.source()
	w.write(dir, "deploy/conf.env", "first\nTOKEN="+value+"\n")
	w.write(dir, "notes.bin", "a large file that is text: "+value+"\n")
	w.git(dir, "add", ".")
	w.git(dir, "commit", "-q", "-m", "more")

	got, err := w.s.Import(t.Context(), w.operator(), housekeeping.ImportRequest{From: dir, To: model("told"), Visibility: hub.Public}, nil)
	w.ok(err)
	said := strings.Join(got.Notes, " ")
	if got.Refs == 0 || !strings.Contains(said, "deploy/conf.env, line 2") || !strings.Contains(said, "notes.bin") || strings.Contains(said, value) {
		t.Errorf("the operator is told %q", got.Notes)
	}
	told := 0
	events, err := w.DB.ListEvents(t.Context(), "", 100)
	w.ok(err)
	for _, e := range events {
		if e.Type == "token.leak_found" {
			told++
		}
		if strings.Contains(e.Message, value) {
			t.Error("an event holds the value")
		}
	}
	if told != 1 {
		t.Errorf("%d events", told)
	}

	n, err := w.DB.Namespace(t.Context(), "acme")
	w.ok(err)
	w.ok(w.DB.ChangeOrgRules(t.Context(), n.ID, hub.Event{}, func(r *hub.OrgRules) (string, error) { r.Leaks = hub.LeakRefuse; return "test", nil }))
	to := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "refused"}
	_, err = w.s.Import(t.Context(), w.operator(), housekeeping.ImportRequest{From: dir, To: to}, nil)
	if !hub.Is(err, hub.Unprocessable) || !strings.Contains(err.Error(), "deploy/conf.env") || strings.Contains(err.Error(), value) {
		t.Errorf("an organization that refuses tokens: %v", err)
	}
	if r, _, err := w.DB.RepoByName(t.Context(), to); err == nil {
		refs, err := w.DB.Refs(t.Context(), r.ID, "refs/heads/")
		w.ok(err)
		for _, ref := range refs {
			if ref.Name != "refs/heads/main" {
				t.Errorf("%s was taken", ref.Name)
			}
		}
	}
}
