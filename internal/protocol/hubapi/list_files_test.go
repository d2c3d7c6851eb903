package hubapi_test

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// What stands in files is in a list for those alone who may read them; what cards say to use can be looked for.
func TestListsOfWhatFilesSay(t *testing.T) {
	testkit.Run(t, "testdata/lists/*.http", func(t *testing.T) *testkit.Hub {
		t.Helper()
		h := testkit.New(t, func(h *testkit.Hub) {
			hubapi.New(hubapi.Services{Repos: h.Repos, Authz: h.Zone}).Register(h.Server)
		})
		h.World()
		files := []repos.File{{Path: "config.json", Content: []byte(`{"model_type": "bert", "hidden_size": 3}`)}}
		for _, name := range []string{"plain", "shut"} {
			h.Repo("alice.write", hub.RepoID{Type: hub.Model, Namespace: "alice", Name: name}, repos.NewRepo{Files: files})
		}
		h.Repo("alice.write", hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "shown"}, repos.NewRepo{
			Files: []repos.File{{Path: "README.md", Content: []byte("---\nwidget:\n- text: Hello\n---\n")}}})
		h.Repo("alice.write", hub.RepoID{Type: hub.Space, Namespace: "alice", Name: "show"}, repos.NewRepo{SDK: "gradio",
			Files: []repos.File{{Path: "README.md", Content: []byte("---\nsdk: gradio\nmodels: [alice/plain, alice/shut]\ndatasets: [acme/table]\n---\n")}}})
		h.Gate(hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "shut"}, hub.GateManual)
		return h
	})
}
