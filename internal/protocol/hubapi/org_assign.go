package hubapi

import (
	"encoding/json"
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/groups"
)

// groupReference names the group that a repository is in.
type groupReference struct {
	ID   hub.ID `json:"id"`
	Name string `json:"name"`
}

func referenceTo(x *hub.ResourceGroup) *groupReference {
	if x == nil {
		return nil
	}
	return &groupReference{x.ID, x.Name}
}

// groupOfRepo answers with the group, by itself and, ours, as resourceGroup, which is null where there is none.
func (a *API) groupOfRepo(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	x, err := a.Groups.Of(r.Context(), g)
	if err != nil {
		return err
	}
	ref := referenceTo(x)
	httpd.WriteJSON(w, http.StatusOK, struct {
		*groupReference
		Group *groupReference `json:"resourceGroup"`
	}{ref, ref})
	return nil
}

// assignAnswer is the repository as the group has it from now on. Source: Hub OpenAPI; the group is ours.
type assignAnswer struct {
	Name    string          `json:"name"`
	Type    hub.RepoType    `json:"type"`
	Private bool            `json:"private"`
	AddedBy string          `json:"addedBy"`
	Group   *groupReference `json:"resourceGroup"`
}

func (a *API) assignGroup(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Group json.RawMessage `json:"resourceGroupId"` // null: none
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	var id hub.ID
	if b.Group == nil { // out of a group a repository comes into more people's sight, which nobody does by leaving something out
		return hub.Errorf(hub.InvalidInput, "The field resourceGroupId is missing: the id of a resource group, or null for none.")
	}
	if err := json.Unmarshal(b.Group, &id); err != nil {
		return hub.Wrap(err, hub.InvalidInput, "The field resourceGroupId must be the id of a resource group, or null for none.")
	}
	x, err := a.Groups.Assign(r.Context(), g, r.Repo, id, r.Event(""))
	if err != nil {
		return err
	}
	repo, err := g.Repo(access.RepoAssignGroup)
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, assignAnswer{repo.FullName(), repo.Type, repo.Visibility != hub.Public, g.Subject().ActorName(), referenceTo(x)})
	return nil
}

// setMemberRole sets a member's role together with all of his or her resource groups.
// Source: Hub documentation, "Programmatic user access control".
func (a *API) setMemberRole(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Role   string `json:"role"`
		Groups []struct {
			ID   hub.ID `json:"id"`
			Role string `json:"role"`
		} `json:"resourceGroups"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	role, err := hub.ParseRole(b.Role)
	if err != nil {
		return err
	}
	var in []groups.GroupRole
	for _, x := range b.Groups {
		gr, err := hub.ParseRole(x.Role)
		if err != nil {
			return err
		}
		in = append(in, groups.GroupRole{ID: x.ID, Role: gr})
	}
	if err := a.Groups.SetMemberRole(r.Context(), g, "", r.Param("user"), role, in, r.Event("")); err != nil {
		return err
	}
	return success(w)
}
