package hubapi

import (
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/accounts"
)

// whoAmIAnswer is the answer of whoami-v2. Nobody pays here, so the fields about money are constants.
// Source: huggingface_hub hf_api.py, whoami, and _login.py; @huggingface/hub api-who-am-i.ts.
type whoAmIAnswer struct {
	Type          string      `json:"type"`
	ID            hub.ID      `json:"id"`
	Name          string      `json:"name"`
	FullName      string      `json:"fullname"`
	Email         *string     `json:"email"`
	EmailVerified bool        `json:"emailVerified"`
	CanPay        bool        `json:"canPay"`
	BillingMode   string      `json:"billingMode"`
	PeriodEnd     *int64      `json:"periodEnd"`
	IsPro         bool        `json:"isPro"`
	AvatarURL     string      `json:"avatarUrl"`
	Orgs          []whoAmIOrg `json:"orgs"`
	Auth          whoAmIAuth  `json:"auth"`
	Machine       bool        `json:"isServiceAccount,omitempty"` // ours: no person, and its organization is the only one
}

type whoAmIOrg struct {
	Type      string `json:"type"`
	ID        hub.ID `json:"id"`
	Name      string `json:"name"`
	FullName  string `json:"fullname"`
	AvatarURL string `json:"avatarUrl"`
	RoleInOrg string `json:"roleInOrg"`
	*whoAmIOrgPrivate
	SecurityRestrictions []string      `json:"securityRestrictions"`
	ResourceGroups       []whoAmIGroup `json:"resourceGroups"`
}

type whoAmIGroup struct {
	ID   hub.ID `json:"id"`
	Name string `json:"name"`
	Role string `json:"role"`
}

// whoAmIOrgPrivate is shown only where the credential may read the organization: a fine-grained token that is not
// scoped to it learns the name and the role, which clients need, and no more.
type whoAmIOrgPrivate struct {
	Email       *string `json:"email"`
	CanPay      bool    `json:"canPay"`
	BillingMode string  `json:"billingMode"`
	PeriodEnd   *int64  `json:"periodEnd"`
}

type whoAmIAuth struct {
	Type        string       `json:"type"`
	AccessToken *whoAmIToken `json:"accessToken,omitempty"`
	ExpiresAt   string       `json:"expiresAt,omitempty"`
}

type whoAmIToken struct {
	DisplayName string             `json:"displayName"`
	Role        hub.TokenKind      `json:"role"`
	CreatedAt   string             `json:"createdAt"`
	FineGrained *whoAmIFineGrained `json:"fineGrained,omitempty"`
}

type whoAmIFineGrained struct {
	CanReadGatedRepos bool             `json:"canReadGatedRepos"`
	Global            []hub.Permission `json:"global"`
	Scoped            []whoAmIScope    `json:"scoped"`
}

type whoAmIScope struct {
	Entity struct {
		ID   hub.ID         `json:"_id"`
		Type hub.EntityType `json:"type"`
		Name string         `json:"name"`
	} `json:"entity"`
	Permissions []hub.Permission `json:"permissions"`
}

const billingMode = "prepaid"

// self is a request about the caller.
type self struct{}

func (self) Needs() []access.Need {
	return []access.Need{{Action: access.WhoAmI, Target: access.Self()}}
}

func parseSelf(*httpd.Request) (self, error) { return self{}, nil }

// whoAmI tells whose credential this is. Every live credential may ask, whatever it may do otherwise: scanners for
// leaked tokens take an answer other than 200 and 401 for "unknown".
func (a *API) whoAmI(w http.ResponseWriter, r *httpd.Request, _ self, g access.Grant) error {
	f, err := a.Accounts.Self(r.Context(), g)
	if err != nil {
		return err
	}
	token, err := a.Tokens.Shown(r.Context(), g)
	if err != nil {
		return err
	}
	out := whoAmIAnswer{
		Type: "user", ID: f.User.ID, Name: f.User.Name, FullName: shownName(f.User.FullName, f.User.Name), Email: optionalText(f.User.Email),
		EmailVerified: f.User.EmailVerified, BillingMode: billingMode, AvatarURL: avatarURL(r, f.User.Name), Orgs: []whoAmIOrg{}, Auth: authOf(token),
	}
	if m := f.Service; m != nil {
		out.Machine, out.ID, out.Name, out.FullName, out.AvatarURL = true, m.ID, m.Name, m.Name, avatarURL(r, m.OrgName)
	}
	for _, m := range f.Orgs {
		out.Orgs = append(out.Orgs, whoAmIOrgOf(r, g.Subject(), m, f.Groups))
	}
	w.Header().Set("Cache-Control", "private, no-store")
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

func whoAmIOrgOf(r *httpd.Request, s *access.Subject, m accounts.Membership, groups []hub.GroupMember) whoAmIOrg {
	o := whoAmIOrg{
		Type: "org", ID: m.Org.ID, Name: m.Org.Name, FullName: shownName(m.Org.FullName, m.Org.Name), AvatarURL: avatarURL(r, m.Org.Name),
		RoleInOrg: m.Role.String(), SecurityRestrictions: notNil(s.Restrictions(m.Org.ID)), ResourceGroups: []whoAmIGroup{},
	}
	for _, x := range groups {
		if x.OrgID == m.Org.ID {
			o.ResourceGroups = append(o.ResourceGroups, whoAmIGroup{x.GroupID, x.GroupName, x.Role.String()})
		}
	}
	if m.Readable {
		o.whoAmIOrgPrivate = &whoAmIOrgPrivate{Email: optionalText(m.Org.Email), BillingMode: billingMode}
	}
	return o
}

func authOf(t *hub.Token) whoAmIAuth {
	if t == nil {
		return whoAmIAuth{Type: "session"}
	}
	auth := whoAmIAuth{Type: "access_token", AccessToken: &whoAmIToken{DisplayName: t.Name, Role: t.Kind, CreatedAt: date(t.CreatedAt)}}
	if !t.ExpiresAt.IsZero() {
		auth.ExpiresAt = date(t.ExpiresAt)
	}
	if t.Kind == hub.TokenFineGrained {
		fg := &whoAmIFineGrained{CanReadGatedRepos: t.CanReadGated, Global: notNil(t.Global), Scoped: []whoAmIScope{}}
		for _, s := range t.Scopes {
			sc := whoAmIScope{Permissions: notNil(s.Permissions)}
			sc.Entity.ID, sc.Entity.Type, sc.Entity.Name = s.EntityID, s.EntityType, s.EntityName
			fg.Scoped = append(fg.Scoped, sc)
		}
		auth.AccessToken.FineGrained = fg
	}
	return auth
}

// notNil makes an empty list an empty JSON array rather than null.
func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func shownName(full, name string) string {
	if full == "" {
		return name
	}
	return full
}

func optionalText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
