package hubapi

import (
	"net/http"
	"net/url"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// Pages of a list of members.
const (
	membersPage    = 100
	maxMembersPage = 1000
)

// profile is a request for the public side of a user or an organization.
type profile struct{ name string }

func (q profile) Needs() []access.Need {
	return []access.Need{{Action: access.NamespaceView, Target: access.Namespace(q.name)}}
}

func parseProfile(r *httpd.Request) (profile, error) { return profile{r.Param("name")}, nil }

// userOverviewAnswer is the public side of a user.
// Source: huggingface_hub hf_api.py, User.
type userOverviewAnswer struct {
	ID        hub.ID         `json:"_id"`
	User      string         `json:"user"`
	FullName  string         `json:"fullname"`
	AvatarURL string         `json:"avatarUrl"`
	Type      string         `json:"type"`
	IsPro     bool           `json:"isPro"`
	CreatedAt string         `json:"createdAt"`
	Orgs      []orgReference `json:"orgs"`
}

type orgReference struct {
	ID        hub.ID `json:"id"`
	Name      string `json:"name"`
	FullName  string `json:"fullname"`
	AvatarURL string `json:"avatarUrl"`
}

func (a *API) userOverview(w http.ResponseWriter, r *httpd.Request, _ profile, g access.Grant) error {
	u, orgs, err := a.Accounts.UserProfile(r.Context(), g)
	if err != nil {
		return err
	}
	out := userOverviewAnswer{ID: u.ID, User: u.Name, FullName: shownName(u.FullName, u.Name), AvatarURL: avatarURL(r, u.Name), Type: "user", CreatedAt: date(u.CreatedAt), Orgs: []orgReference{}}
	for _, m := range orgs {
		out.Orgs = append(out.Orgs, orgReference{m.Org.ID, m.Org.Name, shownName(m.Org.FullName, m.Org.Name), avatarURL(r, m.Org.Name)})
	}
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

// orgOverviewAnswer is the public side of an organization.
// Source: huggingface_hub hf_api.py, Organization.
type orgOverviewAnswer struct {
	ID         hub.ID `json:"_id"`
	Name       string `json:"name"`
	FullName   string `json:"fullname"`
	AvatarURL  string `json:"avatarUrl"`
	Type       string `json:"type"`
	IsVerified bool   `json:"isVerified"`
	CreatedAt  string `json:"createdAt"`
}

func (a *API) orgOverview(w http.ResponseWriter, r *httpd.Request, _ profile, g access.Grant) error {
	o, err := a.Accounts.OrgProfile(r.Context(), g)
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, orgOverviewAnswer{ID: o.ID, Name: o.Name, FullName: shownName(o.FullName, o.Name), AvatarURL: avatarURL(r, o.Name), Type: "org", CreatedAt: date(o.CreatedAt)})
	return nil
}

// orgMembersQuery is a request for a page of the members of an organization.
type orgMembersQuery struct {
	name   string
	search string
	after  hub.ID
	limit  int
	public bool // the organization shows its members to everybody
}

func (q orgMembersQuery) Needs() []access.Need {
	if q.public {
		return []access.Need{{Action: access.NamespaceView, Target: access.Namespace(q.name)}}
	}
	return []access.Need{{Action: access.OrgRead, Target: access.Namespace(q.name)}}
}

func (a *API) parseOrgMembers(r *httpd.Request) (q orgMembersQuery, err error) {
	q.name, q.search = r.Param("name"), r.URL.Query().Get("search")
	if r.URL.Query().Get("email") != "" {
		return q, hub.Errorf(hub.InvalidInput, "Members cannot be searched by e-mail on this hub.")
	}
	if c := r.URL.Query().Get("cursor"); c != "" {
		if q.after, err = hub.ParseID(c); err != nil {
			return q, badCursor()
		}
	}
	if q.limit, err = pageSize(r, membersPage, maxMembersPage); err != nil {
		return q, err
	}
	q.public, err = a.Accounts.MembersPublic(r.Context(), q.name)
	return q, err
}

// orgMember is one entry of the list of members.
// Source: huggingface_hub hf_api.py, list_organization_members.
type orgMember struct {
	ID        hub.ID `json:"_id"`
	User      string `json:"user"`
	FullName  string `json:"fullname"`
	AvatarURL string `json:"avatarUrl"`
	Type      string `json:"type"`
	IsPro     bool   `json:"isPro"`
	Role      string `json:"role,omitempty"` // for those who may read the organization
}

func (a *API) orgMembers(w http.ResponseWriter, r *httpd.Request, q orgMembersQuery, g access.Grant) error {
	ms, next, err := a.Accounts.OrgMembers(r.Context(), g, q.search, q.after, q.limit)
	if err != nil {
		return err
	}
	out := []orgMember{}
	for _, m := range ms {
		x := orgMember{ID: m.UserID, User: m.UserName, FullName: shownName(m.FullName, m.UserName), AvatarURL: avatarURL(r, m.UserName), Type: "user"}
		if g.AllowsOrg(m.OrgID, access.OrgRead) {
			x.Role = m.Role.String()
		}
		out = append(out, x)
	}
	if next != "" {
		setNext(w, r, "/api/organizations/"+url.PathEscape(q.name)+"/members", map[string]string{"cursor": string(next)})
	}
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}
