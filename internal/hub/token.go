package hub

import "time"

// TokenKind is what the Hub calls a token's role.
type TokenKind string

// The kinds of user access tokens.
const (
	TokenRead        TokenKind = "read"
	TokenWrite       TokenKind = "write"
	TokenFineGrained TokenKind = "fineGrained"
)

// ParseTokenKind accepts read, write, fineGrained and the spelling fine-grained.
func ParseTokenKind(s string) (TokenKind, error) {
	switch s {
	case "read", "write", "fineGrained":
		return TokenKind(s), nil
	case "fine-grained", "finegrained":
		return TokenFineGrained, nil
	}
	return "", Errorf(InvalidInput, "Unknown token kind %q: use read, write or fine-grained.", s)
}

// EntityType is what a fine-grained scope may name.
type EntityType string

// The entity types that this hub offers in scopes.
const (
	EntityUser    EntityType = "user"
	EntityOrg     EntityType = "org"
	EntityModel   EntityType = "model"
	EntityDataset EntityType = "dataset"
	EntitySpace   EntityType = "space"
	EntityGroup   EntityType = "resource-group"
)

// Scope is one entry of a fine-grained token: permissions on one entity.
type Scope struct {
	EntityType  EntityType
	EntityID    ID     // namespace id for user and org, repository id for the others
	EntityName  string // current display name; "ns/name" for repositories
	NamespaceID ID     // owner of the entity; for user and org the entity itself
	GroupID     ID     // resource group that the repository is in, or the group itself; empty if none
	Permissions []Permission
}

// Token is a user access token's row. Its value is never here.
type Token struct {
	ID           ID
	UserID       ID
	Kind         TokenKind
	Name         string // displayName
	Last4        string // last four letters of the value, for people
	Scopes       []Scope
	Global       []Permission
	CanReadGated bool
	Gen          int64 // grows with every change; tickets carry it
	CreatedAt    time.Time
	RotatedAt    time.Time // zero if never
	ExpiresAt    time.Time // zero if never
	LastUsedAt   time.Time // zero if never; minute precision, written in batches
	RevokedAt    time.Time // zero while live
	RevokedWhy   string    // deleted, leaked
}
