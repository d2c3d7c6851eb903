package hub

import "time"

// ServiceAccount is an identity that belongs to an organization. It is no person: no password, no session, no
// membership, no seat. Its access is that of its tokens.
type ServiceAccount struct {
	ID          ID
	OrgID       ID
	OrgName     string
	Name        string
	Description string
	CreatedBy   ID
	CreatedAt   time.Time
}

// ServiceToken is a token of a service account. It is always fine-grained: Permissions hold in the whole
// organization, RepoPermissions replace them on Repos. Its value is never here.
type ServiceToken struct {
	ID               ID
	AccountID        ID
	Name             string // displayName
	Last4            string
	Permissions      []Permission
	Repos            []ID
	RepoPermissions  []Permission
	EndpointPatterns []string // which inference endpoints; empty means all
	SkipNetwork      bool     // the organization's IP ranges do not bind it
	Gen              int64
	CreatedBy        ID
	CreatedAt        time.Time
	RotatedAt        time.Time
	ExpiresAt        time.Time
	LastUsedAt       time.Time
	RevokedAt        time.Time
	RevokedWhy       string
}

// ExpiringServiceToken is a service account's token that ends soon.
type ExpiringServiceToken struct {
	ID        ID
	Name      string
	Last4     string
	ExpiresAt time.Time
	OrgID     ID
	OrgName   string
	Account   string // name
}

// ServicePermissions are the atoms that a service account's token may carry in its organization.
// Source: Hub OpenAPI, service accounts.
var ServicePermissions = []Permission{
	PermRepoContentRead, PermRepoWrite, PermInferenceWrite, PermEndpointsInfer, PermEndpointsWrite,
	PermOrgRead, PermOrgWrite, PermCollectionRead, PermCollectionWrite, PermResourceGroupWrite, PermJobWrite,
	PermOrgSARead, PermOrgSAWrite,
}

// ServiceRepoPermissions are the atoms that it may carry on single repositories.
var ServiceRepoPermissions = []Permission{PermRepoContentRead, PermRepoWrite}

// CheckServicePermissions tells whether every atom may stand in a service account's token; the error is
// InvalidInput and lists all that may not.
func CheckServicePermissions(org, repo []Permission) error {
	if err := checkAtoms("the organization", ServicePermissions, org); err != nil {
		return err
	}
	return checkAtoms("a repository", ServiceRepoPermissions, repo)
}

// Denial is one refusal as it can be looked up afterwards by the request's id.
type Denial struct {
	ID        ID
	RequestID string
	At        time.Time
	UserID    ID     // who asked, empty for anonymous callers
	TokenID   ID     // empty for sessions and SSH keys
	Kind      string // of the credential, as access.Kind names it; empty when nobody noted it
	AccountID ID     // service account
	OrgID     ID     // organization that owns the target, also when the target was hidden; empty if none
	Action    string // stable name, such as repo.write
	Target    string // as it was asked for
	Code      Code
	Reason    string
	Message   string // what the caller was told
}
