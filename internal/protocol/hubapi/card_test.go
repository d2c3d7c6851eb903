package hubapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// The card follows README.md: at the head, at an older revision, and when it is too large for the row.
func TestCardFollowsReadme(t *testing.T) {
	h := start(t)
	id := hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "public"}
	old := h.Commit("alice.write", id, "notes", testkit.Change{Path: "notes.txt", Content: []byte("x")})
	h.Commit("alice.write", id, "large", testkit.Change{Path: "README.md",
		Content: []byte("---\nlicense: apache-2.0\npipeline_tag: fill-mask\nnotes: " + strings.Repeat("n", 100_000) + "\n---\n")})
	for path, want := range map[string]string{
		"/api/models/alice/public":                             "apache-2.0",
		"/api/models/alice/public/revision/main":               "apache-2.0",
		"/api/models/alice/public/revision/" + old.String():    "mit",
		"/api/models/alice/public?expand=cardData&expand=tags": "apache-2.0",
	} {
		_, _, body := get(t, h, "", h.URL+path)
		var info struct {
			CardData map[string]any
			Tags     []string
		}
		if err := json.Unmarshal(body, &info); err != nil {
			t.Fatal(err)
		}
		if info.CardData["license"] != want || !strings.Contains(strings.Join(info.Tags, " "), "license:"+want) {
			t.Errorf("%s: license %v, tags %q; want %s", path, info.CardData["license"], info.Tags, want)
		}
	}
	if ids := listAll(t, h, "", "/api/models?filter=license:apache-2.0&pipeline_tag=fill-mask"); len(ids) != 1 {
		t.Errorf("the filter finds %q", ids)
	}
}
