package cli

import (
	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/client"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// demoOrg and the people below are made up.
const demoOrg = "acme"

// demoPeople are the demonstration's people and the tokens that they get.
var demoPeople = []struct {
	name, fullName string
	role           hub.Role
	tokens         []operatorapi.NewToken
}{
	{"alice", "Alice", hub.RoleAdmin, []operatorapi.NewToken{{Name: "alice-write", Kind: hub.TokenWrite}}},
	{"bob", "Bob", hub.RoleWrite, []operatorapi.NewToken{
		{Name: "bob-write", Kind: hub.TokenWrite},
		{Name: "bob-one-model", Kind: hub.TokenFineGrained, Scopes: []operatorapi.Scope{
			{Entity: "model:" + demoOrg + "/tiny", Permissions: []hub.Permission{hub.PermRepoWrite}}}},
	}},
	{"carol", "Carol", hub.RoleRead, []operatorapi.NewToken{
		{Name: "carol-read", Kind: hub.TokenRead},
		{Name: "carol-organization", Kind: hub.TokenFineGrained, Scopes: []operatorapi.Scope{
			{Entity: "org:" + demoOrg, Permissions: []hub.Permission{hub.PermRepoContentRead, hub.PermOrgRead}}}},
	}},
}

// demoRepos are the demonstration's repositories.
var demoRepos = []struct {
	id      hub.RepoID
	private bool
	files   []client.File
}{
	{hub.RepoID{Type: hub.Model, Namespace: demoOrg, Name: "tiny"}, true, []client.File{
		{Path: "README.md", Content: "---\nlicense: mit\ntags:\n- demo\n---\n# tiny\n\nA model card without a model: push your own files here.\n"},
		{Path: "config.json", Content: "{\n  \"model_type\": \"demo\"\n}\n"},
	}},
	{hub.RepoID{Type: hub.Dataset, Namespace: demoOrg, Name: "colours"}, false, []client.File{
		{Path: "README.md", Content: "---\nlicense: cc0-1.0\nlanguage:\n- en\n---\n# colours\n\nThree colours, for trying out downloads.\n"},
		{Path: "colours.csv", Content: "name,hex\nred,ff0000\ngreen,00ff00\nblue,0000ff\n"},
	}},
}

// demoResult is what the demonstration made.
type demoResult struct {
	Endpoint     string                       `json:"endpoint"` // empty when no hub runs
	Organization string                       `json:"organization"`
	Tokens       []operatorapi.TokenWithValue `json:"tokens"`
	Repositories []string                     `json:"repositories"`
}

func (a *app) demo() *cobra.Command {
	c := &cobra.Command{
		Use:   "demo",
		Short: "Fill a hub with made-up people, tokens and repositories to try things with",
		Long: `Fill a hub with a small organization, three people, tokens of each kind and two repositories, and print what to
try. It stops with exit code 5, and changes nothing, when one of the names is taken.`,
		Example: `  ambit demo --data ./data
  ambit demo --data ./data --json`,
		Args: args(),
		RunE: func(*cobra.Command, []string) error {
			return a.withHub(true, func(h *connection) error {
				r, err := a.fill(h)
				if err != nil {
					return err
				}
				return a.print(r, func() { a.printDemo(r) })
			})
		},
	}
	a.dataFlags(c)
	a.jsonFlag(c)
	return c
}

func (a *app) fill(h *connection) (demoResult, error) {
	r := demoResult{Organization: demoOrg}
	var about operatorapi.Hub
	if err := h.Do(a.ctx, operatorapi.HubShow, operatorapi.Empty{}, &about); err != nil {
		return r, err
	}
	r.Endpoint = about.URL
	if err := a.namesAreFree(h); err != nil {
		return r, err
	}
	for _, p := range demoPeople {
		if err := h.Do(a.ctx, operatorapi.UserCreate, operatorapi.NewUser{Name: p.name, FullName: p.fullName}, nil); err != nil {
			return r, err
		}
	}
	if err := h.Do(a.ctx, operatorapi.OrgCreate, operatorapi.NewOrg{Name: demoOrg, FullName: "Acme", Admin: demoPeople[0].name}, nil); err != nil {
		return r, err
	}
	for _, p := range demoPeople[1:] {
		if err := h.Do(a.ctx, operatorapi.MemberSet, operatorapi.SetMember{Org: demoOrg, User: p.name, Role: p.role.String()}, nil); err != nil {
			return r, err
		}
	}
	// The first token is alice's write token, with which the repositories are made; scopes on them come later.
	for _, p := range demoPeople {
		for _, n := range p.tokens {
			n.User = p.name
			var t operatorapi.TokenWithValue
			if err := h.Do(a.ctx, operatorapi.TokenCreate, n, &t); err != nil {
				return r, err
			}
			r.Tokens = append(r.Tokens, t)
			if len(r.Tokens) == 1 {
				if err := a.fillRepos(h, &r); err != nil {
					return r, err
				}
			}
		}
	}
	return r, nil
}

// namesAreFree is Conflict when the demonstration would meet somebody else's things.
func (a *app) namesAreFree(h *connection) error {
	taken := func(call operatorapi.Call, name string) error {
		err := h.Do(a.ctx, call, operatorapi.Name{Name: name}, nil)
		if hub.Is(err, hub.NotFound) {
			return nil
		}
		if err == nil {
			return hub.Errorf(hub.Conflict, "The hub has a %q already: the demonstration needs the names alice, bob, carol and %s.", name, demoOrg)
		}
		return err
	}
	for _, p := range demoPeople {
		if err := taken(operatorapi.UserShow, p.name); err != nil {
			return err
		}
		if err := taken(operatorapi.OrgShow, p.name); err != nil {
			return err
		}
	}
	if err := taken(operatorapi.UserShow, demoOrg); err != nil {
		return err
	}
	return taken(operatorapi.OrgShow, demoOrg)
}

func (a *app) fillRepos(h *connection, r *demoResult) error {
	endpoint := r.Endpoint
	if h.public != nil {
		endpoint = "http://localhost" // through no network
	}
	api, err := client.NewHub(endpoint, secret.New(r.Tokens[0].Value), h.public)
	if err != nil {
		return err
	}
	for _, d := range demoRepos {
		if err := api.CreateRepo(a.ctx, d.id, d.private); err != nil {
			return err
		}
		if err := api.Commit(a.ctx, d.id, "Begin", d.files); err != nil {
			return err
		}
		r.Repositories = append(r.Repositories, d.id.String())
	}
	return nil
}

func (a *app) printDemo(r demoResult) {
	a.printf("Made the organization %s, three people, two repositories (%s, private; %s, public) and these tokens:\n\n", demoOrg, r.Repositories[0], r.Repositories[1])
	var rows [][]string
	value := map[string]string{}
	for _, t := range r.Tokens {
		rows = append(rows, []string{t.User, t.Name, kindText(t.Kind), t.Value})
		value[t.Name] = t.Value
	}
	a.table("USER TOKEN KIND VALUE", rows)
	endpoint := r.Endpoint
	if endpoint == "" {
		endpoint = "http://127.0.0.1:8080"
		serve := "ambit serve"
		if a.data != "" {
			serve += " --data " + a.data
		}
		a.printf("\nNo hub runs on this folder: start it with '%s', then\n", serve)
	} else {
		a.printf("\nThe values are not shown again. Try, with the Python client (pip install huggingface_hub):\n")
	}
	a.printf(`
  export HF_ENDPOINT=%[1]s
  HF_TOKEN=%[2]s hf auth whoami
  HF_TOKEN=%[2]s hf download acme/tiny            # carol may read
  HF_TOKEN=%[2]s hf upload acme/tiny README.md    # and not write: the answer says why
  HF_TOKEN=%[3]s hf upload acme/tiny README.md    # bob's token for this one model may
  hf download acme/colours --repo-type dataset    # public: no token needed
`, endpoint, value["carol-read"], value["bob-one-model"])
}
