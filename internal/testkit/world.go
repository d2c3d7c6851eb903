package testkit

import (
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/repos"
)

// World fills a hub with the people and repositories that scripts speak of:
//
//   - users alice, bob, carol, dave, erin and mallory; the organization acme, where alice is admin, bob
//     writes, carol reads, dave contributes, erin has no access and mallory is a stranger
//   - for each user the tokens "name.read" and "name.write"; "alice.fg" is fine-grained for the model
//     alice/secret only, with repo.write
//   - models alice/public, alice/secret (private), acme/open, acme/closed (private), acme/gated (gated, asks);
//     the dataset acme/table (private); the Space alice/demo
func (h *Hub) World() {
	h.T.Helper()
	people := []string{"alice", "bob", "carol", "dave", "erin", "mallory"}
	for _, p := range people {
		h.User(p)
	}
	h.Org("acme", "alice")
	h.Member("acme", "bob", hub.RoleWrite)
	h.Member("acme", "carol", hub.RoleRead)
	h.Member("acme", "dave", hub.RoleContributor)
	h.Member("acme", "erin", hub.RoleNoAccess)
	for _, p := range people {
		h.Token(p+".read", p, hub.Token{Kind: hub.TokenRead})
		h.Token(p+".write", p, hub.Token{Kind: hub.TokenWrite})
	}
	card := repos.File{Path: "README.md", Content: []byte("---\nlicense: mit\nlanguage: en\ntags: [demo]\n---\n# Hello\n")}
	model := func(ns, name string) hub.RepoID { return hub.RepoID{Type: hub.Model, Namespace: ns, Name: name} }
	h.Repo("alice.write", model("alice", "public"), repos.NewRepo{Files: []repos.File{card, {Path: "data/a.txt", Content: []byte("a\n")}, {Path: "data/deep/b.txt", Content: []byte("bb\n")}}})
	h.Repo("alice.write", model("alice", "secret"), repos.NewRepo{Visibility: hub.Private, Files: []repos.File{card}})
	h.Repo("bob.write", model("acme", "open"), repos.NewRepo{Files: []repos.File{card}})
	h.Repo("bob.write", model("acme", "closed"), repos.NewRepo{Visibility: hub.Private, Files: []repos.File{card}})
	h.Repo("alice.write", model("acme", "gated"), repos.NewRepo{Files: []repos.File{card}})
	h.Gate(model("acme", "gated"), hub.GateManual)
	h.Repo("bob.write", hub.RepoID{Type: hub.Dataset, Namespace: "acme", Name: "table"}, repos.NewRepo{Visibility: hub.Private})
	h.Repo("alice.write", hub.RepoID{Type: hub.Space, Namespace: "alice", Name: "demo"}, repos.NewRepo{SDK: "gradio", License: "mit"})
	h.Token("alice.fg", "alice", hub.Token{Kind: hub.TokenFineGrained,
		Scopes: []hub.Scope{h.Scope(hub.EntityModel, "alice/secret", hub.PermRepoContentRead, hub.PermRepoWrite)}})
}
