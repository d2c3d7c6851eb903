package hub

import "time"

// Role is a member's role in an organization, in rising order.
type Role uint8

// The roles. RoleNone is no membership at all; RoleNoAccess is a member who sees nothing private.
// Source: Hub documentation, "Access control in organizations".
const (
	RoleNone Role = iota
	RoleNoAccess
	RoleRead
	RoleContributor
	RoleWrite
	RoleAdmin
)

var roleNames = [...]string{"none", "no_access", "read", "contributor", "write", "admin"}

// String returns the name used on the wire: no_access, read, contributor, write, admin.
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return "none"
}

// ParseRole accepts the five role names; anything else is InvalidInput.
func ParseRole(s string) (Role, error) {
	for i, n := range roleNames[1:] {
		if s == n {
			return Role(i + 1), nil
		}
	}
	return RoleNone, Errorf(InvalidInput, "Unknown role %q: use admin, write, contributor, read or no_access.", s)
}

// NamespaceKind tells a user's namespace from an organization's.
type NamespaceKind string

// The kinds of a namespace.
const (
	UserNamespace NamespaceKind = "user"
	OrgNamespace  NamespaceKind = "org"
)

// Namespace is the first part of a repository id. Its ID is that of the user or organization.
type Namespace struct {
	ID   ID
	Name string
	Kind NamespaceKind
}

// User is a person's or a machine user's account.
type User struct {
	ID            ID
	Name          string
	FullName      string
	Email         string // may be empty
	EmailVerified bool
	Admin         bool // operator of this instance
	Suspended     bool // every credential of a suspended user is refused
	HasPassword   bool
	CreatedAt     time.Time
}

// Organization is a namespace with members.
type Organization struct {
	ID                ID
	Name              string
	FullName          string
	Email             string
	DefaultVisibility Visibility // of repositories created without one
	HideMembers       bool       // of one that is made: only its members see who is in it. OrgRules say so afterwards
	CreatedAt         time.Time
}

// Member is one person's membership of one organization.
type Member struct {
	OrgID     ID
	OrgName   string
	UserID    ID
	UserName  string
	FullName  string
	Role      Role
	CreatedAt time.Time
}

// Session is a browser session. Its secret is a cookie value, kept as a digest.
type Session struct {
	ID        ID
	UserID    ID
	CreatedAt time.Time
	ExpiresAt time.Time
}
