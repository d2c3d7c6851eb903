package explain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/explain"
	"github.com/ambit-hub/ambit/internal/hub"
)

// TestRefusalsAreAudited: as a sample, in the organization that they are about, and who tries names fills no log.
func TestRefusalsAreAudited(t *testing.T) {
	b := newBench(t)
	rec := explain.NewRecorder(b.DB, nil)
	carol := b.Subject("carol.read")
	for i := range 50 {
		b.refused(rec, fmt.Sprint("push", i), carol, access.Need{Action: access.RepoWrite, Target: model("acme", "closed")})
		b.refused(rec, fmt.Sprint("name", i), b.Subject("mallory.write"), access.Need{Action: access.RepoView, Target: model("acme", fmt.Sprint("try", i))})
		b.refused(rec, fmt.Sprint("case", i), b.Subject("mallory.write"), access.Need{Action: access.RepoView, Target: model("ACME", fmt.Sprint("try", i))})
	}
	for i := range 300 {
		b.refused(rec, fmt.Sprint("space", i), b.Subject("bob.write"), access.Need{Action: access.RepoView, Target: model(fmt.Sprint("nobody", i), "x")})
	}
	rec.Denied("none", access.Anonymous(), &hub.Error{Code: hub.RepoNotFound, Reason: "repo.not_found"})
	rec.Flush(ctx)
	rec.Flush(ctx)
	n, err := b.DB.Namespace(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	events, err := b.DB.ListEvents(ctx, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, e := range events {
		if e.Type != "access.denied" {
			continue
		}
		got[e.ActorName]++
		switch e.ActorName {
		case "carol":
			if e.NamespaceID != n.ID || e.TokenID != carol.TokenID() || !strings.Contains(e.Message, "repo.write on model:acme/closed: role.lacks_write (request push0)") {
				t.Errorf("%+v", e)
			}
		case "mallory":
			if e.NamespaceID != n.ID {
				t.Errorf("%+v", e)
			}
		}
	}
	if got["carol"] != 1 || got["mallory"] != 1 || got["bob"] != 100 || len(got) != 3 {
		t.Errorf("%v", got)
	}
}
