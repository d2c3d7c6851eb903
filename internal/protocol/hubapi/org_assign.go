package hubapi

import (
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

func answerReference(w http.ResponseWriter, x *hub.ResourceGroup) error {
	var out struct {
		Group *groupReference `json:"resourceGroup"`
	}
	if x != nil {
		out.Group = &groupReference{x.ID, x.Name}
	}
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) groupOfRepo(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	x, err := a.Groups.Of(r.Context(), g)
	if err != nil {
		return err
	}
	return answerReference(w, x)
}

func (a *API) assignGroup(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Group *hub.ID `json:"resourceGroupId"` // null: none
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	var id hub.ID
	if b.Group != nil {
		id = *b.Group
	}
	x, err := a.Groups.Assign(r.Context(), g, r.Repo, id, r.Event(""))
	if err != nil {
		return err
	}
	return answerReference(w, x)
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
