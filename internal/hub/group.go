package hub

import "time"

// AutoJoin says who becomes a member of a resource group without being added.
type AutoJoin string

// The scopes of automatic joining: nobody, every member, every member whose role is read or higher.
const (
	AutoJoinOff      AutoJoin = ""
	AutoJoinAll      AutoJoin = "all"
	AutoJoinReadPlus AutoJoin = "read_plus"
)

// ParseAutoJoin accepts "", all and read_plus; anything else is InvalidInput.
func ParseAutoJoin(s string) (AutoJoin, error) {
	switch a := AutoJoin(s); a {
	case AutoJoinOff, AutoJoinAll, AutoJoinReadPlus:
		return a, nil
	}
	return "", Errorf(InvalidInput, "Unknown scope %q of automatic joining: use all or read_plus.", s)
}

// ResourceGroup is a part of an organization's repositories with roles of its own.
type ResourceGroup struct {
	ID            ID
	OrgID         ID
	OrgName       string
	Name          string
	Description   string
	AutoJoinRole  Role     // RoleNone when AutoJoinScope is off
	AutoJoinScope AutoJoin // whom AutoJoinRole is given to
	SpendLimits   SpendLimits
	CreatedBy     ID
	CreatedAt     time.Time
}

// GroupMember is one person's membership of one resource group. Its role stands in place of the organization's role
// for the repositories of the group, except for the organization's admins.
type GroupMember struct {
	GroupID   ID
	GroupName string
	OrgID     ID
	UserID    ID
	UserName  string
	FullName  string
	Role      Role
	CreatedAt time.Time
}
