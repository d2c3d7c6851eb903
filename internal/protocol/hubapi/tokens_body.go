package hubapi

import (
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

// tokenBody describes a token: all of it at creation, what changes at an edit. Permissions stand by themselves for the own
// namespace, for all organizations that are named, or in an entry for one thing.
// Source: access-model 2.5; orgs and orgPermissions are named as in the Hub's form, scoped as in whoami.
type tokenBody struct {
	Role              *string           `json:"role"`
	Name              *string           `json:"displayName"`
	OwnPermissions    *[]hub.Permission `json:"ownUserPermissions"`
	GlobalPermissions *[]hub.Permission `json:"globalPermissions"`
	CanReadGated      *bool             `json:"canReadGatedRepos"`
	Orgs              *[]string         `json:"orgs"`
	OrgPermissions    *[]hub.Permission `json:"orgPermissions"`
	Scoped            *[]tokenScope     `json:"scoped"`
	Expiration        expiration        `json:"expiration"`
}

type tokenScope struct {
	Entity struct {
		Type hub.EntityType `json:"type"`
		Name string         `json:"name"`
	} `json:"entity"`
	Permissions []hub.Permission `json:"permissions"`
}

// defaultTokenName is the name of a token that is made without one.
// Source: access-model 2.5, as for the Hub's service-account tokens.
const defaultTokenName = "API Token"

// scopes puts the entries together; user is the owner's name. InvalidInput.
func (b tokenBody) scopes(user string) ([]tokens.NewScope, error) {
	var out []tokens.NewScope
	if b.OwnPermissions != nil && len(*b.OwnPermissions) > 0 {
		out = append(out, tokens.NewScope{Entity: tokens.Entity{Type: hub.EntityUser, Name: user}, Permissions: *b.OwnPermissions})
	}
	var atOrgs []hub.Permission
	copyTo(&atOrgs, b.OrgPermissions)
	if b.Orgs != nil {
		for _, name := range *b.Orgs {
			out = append(out, tokens.NewScope{Entity: tokens.Entity{Type: hub.EntityOrg, Name: name}, Permissions: slices.Clone(atOrgs)})
		}
	}
	if len(atOrgs) > 0 && (b.Orgs == nil || len(*b.Orgs) == 0) {
		return nil, hub.Errorf(hub.InvalidInput, "orgPermissions need organizations: name them in orgs.")
	}
	if b.Scoped != nil {
		for _, sc := range *b.Scoped {
			e, err := tokens.ParseEntity(string(sc.Entity.Type) + ":" + sc.Entity.Name)
			if err != nil {
				return nil, err
			}
			out = append(out, tokens.NewScope{Entity: e, Permissions: sc.Permissions})
		}
	}
	return out, nil
}

func (b tokenBody) new(user string) (n tokens.NewToken, err error) {
	if b.Role == nil {
		return n, hub.Errorf(hub.InvalidInput, "The field role is missing: use read, write or fineGrained.")
	}
	if n.Kind, err = hub.ParseTokenKind(*b.Role); err != nil {
		return n, err
	}
	if n.Scopes, err = b.scopes(user); err != nil {
		return n, err
	}
	n.Name = defaultTokenName
	copyTo(&n.Name, b.Name)
	copyTo(&n.Global, b.GlobalPermissions)
	copyTo(&n.CanReadGated, b.CanReadGated)
	at, err := b.Expiration.at()
	copyTo(&n.ExpiresAt, at)
	n.Never = at != nil && at.IsZero()
	return n, err
}

// change is an edit. Whoever names any entry names all of them.
func (b tokenBody) change(user string) (c tokens.Change, err error) {
	if b.Role != nil {
		return c, hub.Errorf(hub.InvalidInput, "The kind of a token cannot change: make a new one.")
	}
	c.Name, c.Global, c.CanReadGated = b.Name, b.GlobalPermissions, b.CanReadGated
	if b.OwnPermissions != nil || b.Orgs != nil || b.OrgPermissions != nil || b.Scoped != nil {
		scopes, err := b.scopes(user)
		if err != nil {
			return c, err
		}
		c.Scopes = &scopes
	}
	c.ExpiresAt, err = b.Expiration.at()
	return c, err
}
