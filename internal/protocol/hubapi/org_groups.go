package hubapi

import (
	"encoding/json"
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/groups"
)

func (a *API) registerGroups(s *httpd.Server) {
	orgRoute(s, "GET", "/resource-groups", access.OrgRead, a.listGroups)
	orgRoute(s, "POST", "/resource-groups", access.GroupCreate, a.createGroup)
	groupRoute(s, "GET", "", access.GroupRead, a.showGroup)
	groupRoute(s, "PATCH", "", access.GroupSettings, a.editGroup)
	groupRoute(s, "DELETE", "", access.GroupDelete, a.deleteGroup)
	groupRoute(s, "POST", "/settings", access.GroupSettings, a.editGroup)
	groupRoute(s, "POST", "/users", access.GroupManage, a.addToGroup)
	for _, method := range []string{"PUT", "PATCH"} {
		groupRoute(s, method, "/users/{user}", access.GroupManage, a.setGroupRole)
	}
	groupRoute(s, "DELETE", "/users/{user}", access.GroupManage, a.removeFromGroup)
	s.Repo(httpd.RepoAPI, "GET /resource-group", access.RepoView, a.groupOfRepo)
	s.Repo(httpd.RepoAPI, "POST /resource-group", access.RepoAssignGroup, a.assignGroup)
	orgRoute(s, "PUT", "/members/{user}/role", access.OrgWrite, a.setMemberRole)
}

// groupAnswer is a resource group.
// Source: Hub OpenAPI, resource groups.
type groupAnswer struct {
	ID          hub.ID        `json:"id"`
	Name        string        `json:"name"`
	Description string        `json:"description"`
	AutoJoin    autoJoin      `json:"autoJoin"`
	Users       []groupPerson `json:"users"`
	Repos       []groupRepo   `json:"repos"`
	SpendLimits spendLimits   `json:"spendLimits"` // as they were set; null: none
	CreatedAt   string        `json:"createdAt"`
}

type groupPerson struct {
	ID       hub.ID `json:"_id"`
	User     string `json:"name"`
	FullName string `json:"fullname"`
	Role     string `json:"role"`
}

type groupRepo struct {
	ID         hub.ID         `json:"_id"`
	Name       string         `json:"name"`
	Type       hub.RepoType   `json:"type"`
	Visibility hub.Visibility `json:"visibility"`
	Private    bool           `json:"private"`
}

// spendLimits are written as they were read.
type spendLimits hub.SpendLimits

// MarshalJSON implements json.Marshaler.
func (l spendLimits) MarshalJSON() ([]byte, error) {
	if l == "" {
		return []byte("null"), nil
	}
	return []byte(l), nil
}

// autoJoin is who joins without being added. A missing scope is every member.
type autoJoin struct {
	Enabled bool   `json:"enabled"`
	Role    string `json:"role,omitempty"`
	Scope   string `json:"scope,omitempty"`
}

func (j *autoJoin) parse() (*groups.AutoJoin, error) {
	if j == nil {
		return nil, nil
	}
	if !j.Enabled {
		return &groups.AutoJoin{}, nil
	}
	out := &groups.AutoJoin{Scope: hub.AutoJoinAll}
	var err error
	if j.Scope != "" {
		if out.Scope, err = hub.ParseAutoJoin(j.Scope); err != nil {
			return nil, err
		}
	}
	out.Role, err = hub.ParseRole(j.Role)
	return out, err
}

func groupOf(f groups.Full) groupAnswer {
	out := groupAnswer{ID: f.ID, Name: f.Name, Description: f.Description, Users: []groupPerson{}, Repos: []groupRepo{}, SpendLimits: spendLimits(f.SpendLimits), CreatedAt: date(f.CreatedAt)}
	if f.AutoJoinScope != hub.AutoJoinOff {
		out.AutoJoin = autoJoin{Enabled: true, Role: f.AutoJoinRole.String(), Scope: string(f.AutoJoinScope)}
	}
	for _, m := range f.Members {
		out.Users = append(out.Users, groupPerson{m.UserID, m.UserName, shownName(m.FullName, m.UserName), m.Role.String()})
	}
	for _, r := range f.Repos {
		out.Repos = append(out.Repos, groupRepo{r.ID, r.FullName(), r.Type, r.Visibility, r.Visibility != hub.Public})
	}
	return out
}

// answerGroup writes a group or the error of what made it.
func answerGroup(w http.ResponseWriter, f groups.Full, err error) error {
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, groupOf(f))
	return nil
}

func groupID(r *httpd.Request) hub.ID { return hub.ID(r.Param("id")) }

func (a *API) listGroups(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	list, err := a.Groups.List(r.Context(), g, "")
	if err != nil {
		return err
	}
	out := []groupAnswer{}
	for _, f := range list {
		out = append(out, groupOf(f))
	}
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) showGroup(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	f, err := a.Groups.Show(r.Context(), g, "", groupID(r))
	return answerGroup(w, f, err)
}

// personBody is somebody with a role in a group.
type personBody struct {
	User string `json:"user"`
	Role string `json:"role"`
}

func parsePeople(in []personBody) (out []groups.Person, err error) {
	for _, p := range in {
		role, err := hub.ParseRole(p.Role)
		if err != nil {
			return nil, err
		}
		out = append(out, groups.Person{User: p.User, Role: role})
	}
	return out, nil
}

func (a *API) createGroup(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Name        string       `json:"name"`
		Description string       `json:"description"`
		Users       []personBody `json:"users"`
		Repos       []struct {
			Type string `json:"type"`
			Name string `json:"name"` // namespace/name
		} `json:"repos"`
		AutoJoin *autoJoin `json:"autoJoin"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	n := groups.NewGroup{Name: b.Name, Description: b.Description}
	var err error
	if n.People, err = parsePeople(b.Users); err != nil {
		return err
	}
	for _, x := range b.Repos {
		t, err := hub.ParseRepoType(x.Type)
		if err != nil {
			return err
		}
		id, err := hub.ParseRepoID(t, x.Name)
		if err != nil {
			return err
		}
		n.Repos = append(n.Repos, id)
	}
	j, err := b.AutoJoin.parse()
	if err != nil {
		return err
	}
	if j != nil {
		n.AutoJoin = *j
	}
	f, err := a.Groups.Create(r.Context(), g, "", n, r.Event(""))
	return answerGroup(w, f, err)
}

func (a *API) editGroup(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Name        *string         `json:"name"`
		Description *string         `json:"description"`
		AutoJoin    *autoJoin       `json:"autoJoin"`
		SpendLimits json.RawMessage `json:"spendLimits"` // empty when it is not there, null for none
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	c := groups.Change{Name: b.Name, Description: b.Description}
	if len(b.SpendLimits) > 0 {
		l, err := hub.ParseSpendLimits(b.SpendLimits)
		if err != nil {
			return err
		}
		c.SpendLimits = &l
	}
	var err error
	if c.AutoJoin, err = b.AutoJoin.parse(); err != nil {
		return err
	}
	f, err := a.Groups.Edit(r.Context(), g, "", groupID(r), c, r.Event(""))
	return answerGroup(w, f, err)
}

func (a *API) deleteGroup(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	if err := a.Groups.Delete(r.Context(), g, "", groupID(r), r.Event("")); err != nil {
		return err
	}
	return success(w)
}

func (a *API) addToGroup(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Users []personBody `json:"users"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	people, err := parsePeople(b.Users)
	if err != nil {
		return err
	}
	f, err := a.Groups.Add(r.Context(), g, "", groupID(r), people, r.Event(""))
	return answerGroup(w, f, err)
}

func (a *API) setGroupRole(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b personBody
	if err := r.JSON(&b); err != nil {
		return err
	}
	role, err := hub.ParseRole(b.Role)
	if err != nil {
		return err
	}
	f, err := a.Groups.SetRole(r.Context(), g, "", groupID(r), groups.Person{User: r.Param("user"), Role: role}, r.Event(""))
	return answerGroup(w, f, err)
}

func (a *API) removeFromGroup(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	f, err := a.Groups.Remove(r.Context(), g, "", groupID(r), r.Param("user"), r.Event(""))
	return answerGroup(w, f, err)
}
