package operatorapi

import (
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Policy are the rules of an organization.
type Policy struct {
	Org           string                          `json:"org"`
	Tokens        hub.TokenPolicy                 `json:"tokenPolicy"`
	SSH           hub.SSHRule                     `json:"ssh"` // empty: follows the token policy
	PrivateOnly   bool                            `json:"privateOnly"`
	MembersPublic bool                            `json:"membersPublic"`
	GroupCreation string                          `json:"resourceGroupCreation"`
	IPRanges      []string                        `json:"ipRanges"`
	Features      map[hub.Feature]hub.FeatureRule `json:"features"`
	MaxLifetime   int64                           `json:"tokenMaxLifetime"` // seconds, 0 as the hub says
	Lifetime      int64                           `json:"tokenLifetime"`    // seconds, 0 as the hub says
	MaxTokens     int                             `json:"tokenMaxCount"`    // 0 as the hub says
	Leaks         hub.LeakRule                    `json:"leaks"`            // empty: as the hub does
}

// SetPolicy changes the rules of an organization. Nil fields stay as they are.
type SetPolicy struct {
	Org           string                          `json:"org"`
	Tokens        *hub.TokenPolicy                `json:"tokenPolicy,omitempty"`
	SSH           *hub.SSHRule                    `json:"ssh,omitempty"`
	PrivateOnly   *bool                           `json:"privateOnly,omitempty"`
	MembersPublic *bool                           `json:"membersPublic,omitempty"`
	GroupCreation *string                         `json:"resourceGroupCreation,omitempty"`
	IPRanges      *[]string                       `json:"ipRanges,omitempty"`
	Features      map[hub.Feature]hub.FeatureRule `json:"features,omitempty"`
	MaxLifetime   *int64                          `json:"tokenMaxLifetime,omitempty"` // seconds
	Lifetime      *int64                          `json:"tokenLifetime,omitempty"`    // seconds
	MaxTokens     *int                            `json:"tokenMaxCount,omitempty"`
	Leaks         *hub.LeakRule                   `json:"leaks,omitempty"`
}

// ReviewQuery selects tokens with access to an organization.
type ReviewQuery struct {
	Org         string         `json:"org"`
	Owner       string         `json:"owner,omitempty"`
	Kind        hub.TokenKind  `json:"kind,omitempty"`
	State       hub.TokenState `json:"state,omitempty"`
	Revoked     bool           `json:"revoked,omitempty"`
	UnusedSince *time.Time     `json:"unusedSince,omitempty"`
	Carries     hub.Permission `json:"permission,omitempty"`
	Sign        hub.Sign       `json:"sign,omitempty"`
	After       hub.ID         `json:"after,omitempty"`
}

// ReviewedToken is a token with what its organization decided about it.
type ReviewedToken struct {
	Token
	Role     string         `json:"role"` // of the owner in the organization
	State    hub.TokenState `json:"state"`
	Reviewer string         `json:"reviewer,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	Signs    []hub.Sign     `json:"signs"`
	Version  int64          `json:"version"` // grows with every change of the token
}

// DecideToken approves, denies or revokes a token in an organization: by its id, or to revoke it by its value.
type DecideToken struct {
	Org    string         `json:"org"`
	ID     hub.ID         `json:"id,omitempty"`
	Value  string         `json:"value,omitempty"`
	To     hub.TokenState `json:"to"`
	Reason string         `json:"reason,omitempty"`
	Seen   int64          `json:"seen,omitempty"` // the version of the token that was looked at; 0: whatever it is
}

// Group is a resource group.
type Group struct {
	ID          hub.ID        `json:"id"`
	Org         string        `json:"org"`
	Name        string        `json:"name"`
	Description string        `json:"description"`
	AutoJoin    string        `json:"autoJoin"` // all, read_plus or empty
	AutoRole    string        `json:"autoJoinRole,omitempty"`
	Members     []GroupMember `json:"members"`
	Repos       []string      `json:"repos"`
	CreatedAt   time.Time     `json:"createdAt"`
}

// GroupMember is somebody with a role in a group.
type GroupMember struct {
	User string `json:"user"`
	Role string `json:"role"`
}

// GroupCall names a group by id or name and, as far as the call needs it, what happens to it.
type GroupCall struct {
	Org         string        `json:"org"`
	Group       string        `json:"group"`
	Name        *string       `json:"name,omitempty"`
	Description *string       `json:"description,omitempty"`
	AutoJoin    *string       `json:"autoJoin,omitempty"` // all, read_plus or empty
	AutoRole    string        `json:"autoJoinRole,omitempty"`
	Members     []GroupMember `json:"members,omitempty"`
	Repo        string        `json:"repo,omitempty"` // "model:acme/bert"
}

// GateCall names a repository and, as far as the call needs it, whom its gate lets in.
type GateCall struct {
	Repo   string          `json:"repo"` // "model:acme/bert"
	State  hub.GateState   `json:"state,omitempty"`
	User   string          `json:"user,omitempty"`
	Kind   hub.GateSubject `json:"kind,omitempty"`
	Name   string          `json:"name,omitempty"`
	ID     hub.ID          `json:"id,omitempty"`
	Reason string          `json:"reason,omitempty"`
	Until  *time.Time      `json:"until,omitempty"`
	After  hub.ID          `json:"after,omitempty"`
}

// GateEntry is a request or an admission.
type GateEntry struct {
	ID       hub.ID          `json:"id"`
	Kind     hub.GateSubject `json:"kind"`
	Name     string          `json:"name"`
	State    hub.GateState   `json:"state"`
	At       time.Time       `json:"at"`
	Until    *time.Time      `json:"until,omitempty"`
	Reviewer string          `json:"reviewer,omitempty"`
	Fields   map[string]any  `json:"fields,omitempty"`
}

// ServiceAccount is an identity of an organization.
type ServiceAccount struct {
	ID          hub.ID         `json:"id"`
	Org         string         `json:"org"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	CreatedAt   time.Time      `json:"createdAt"`
	Tokens      []ServiceToken `json:"tokens"`
}

// ServiceToken is a token of a service account. Value is seen at creation and rotation only.
type ServiceToken struct {
	ID               hub.ID           `json:"id"`
	Name             string           `json:"name"`
	Last4            string           `json:"last4"`
	Permissions      []hub.Permission `json:"permissions"`
	Repos            []hub.ID         `json:"repoIds"`
	RepoPermissions  []hub.Permission `json:"repoPermissions"`
	EndpointPatterns []string         `json:"endpointPatterns"`
	SkipNetwork      bool             `json:"skipNetworkSecurity"`
	CreatedAt        time.Time        `json:"createdAt"`
	RotatedAt        *time.Time       `json:"rotatedAt,omitempty"`
	ExpiresAt        *time.Time       `json:"expiresAt,omitempty"`
	LastUsedAt       *time.Time       `json:"lastUsedAt,omitempty"`
	Signs            []hub.Sign       `json:"signs,omitempty"`
	Value            string           `json:"token,omitempty"`
}

// ServiceCall names a service account or one of its tokens and, as far as the call needs it, what is made.
type ServiceCall struct {
	Org              string           `json:"org"`
	ID               hub.ID           `json:"id,omitempty"`
	Token            hub.ID           `json:"token,omitempty"`
	Name             string           `json:"name,omitempty"`
	Description      string           `json:"description,omitempty"`
	Permissions      []hub.Permission `json:"permissions,omitempty"`
	Repos            []string         `json:"repos,omitempty"` // "model:acme/bert"
	RepoPermissions  []hub.Permission `json:"repoPermissions,omitempty"`
	EndpointPatterns []string         `json:"endpointPatterns,omitempty"`
	SkipNetwork      bool             `json:"skipNetworkSecurity,omitempty"`
	ExpiresAt        *time.Time       `json:"expiresAt,omitempty"`
	Never            bool             `json:"never,omitempty"`   // no expiry, whatever is usual
	Overlap          int64            `json:"overlap,omitempty"` // seconds that the old value still works after a rotation
}

// The pages of lists about organizations.
type (
	// ReviewedTokens is a page of tokens under review.
	ReviewedTokens struct {
		Items []ReviewedToken `json:"items"`
		Next  hub.ID          `json:"next,omitempty"`
	}
	// Groups are all groups of an organization.
	Groups struct {
		Items []Group `json:"items"`
	}
	// GateEntries is a page of requests, or all admissions.
	GateEntries struct {
		Items []GateEntry `json:"items"`
		Next  hub.ID      `json:"next,omitempty"`
	}
	// ServiceAccounts are all accounts of an organization.
	ServiceAccounts struct {
		Items []ServiceAccount `json:"items"`
	}
)

// The calls about organizations with their argument and result.
const (
	PolicyShow    Call = "policy.show"         // Name → Policy
	PolicySet     Call = "policy.set"          // SetPolicy → Policy
	ReviewList    Call = "token-review.list"   // ReviewQuery → ReviewedTokens
	ReviewDecide  Call = "token-review.decide" // DecideToken → ReviewedToken; Empty fields when revoked by value
	GroupNew      Call = "group.create"        // GroupCall → Group
	GroupList     Call = "group.list"          // Name → Groups
	GroupShow     Call = "group.show"          // GroupCall → Group
	GroupEdit     Call = "group.edit"          // GroupCall → Group
	GroupDelete   Call = "group.delete"        // GroupCall → Empty
	GroupAdd      Call = "group.add"           // GroupCall → Group
	GroupRole     Call = "group.role"          // GroupCall → Group
	GroupRemove   Call = "group.remove"        // GroupCall → Group
	GroupAssign   Call = "group.assign"        // GroupCall → Empty; an empty Group takes the repository out
	GateList      Call = "gate.list"           // GateCall → GateEntries
	GateDecide    Call = "gate.decide"         // GateCall → Empty
	GateGrant     Call = "gate.grant"          // GateCall → Empty
	GateAdmitted  Call = "gate.admitted"       // GateCall → GateEntries
	GateAdmit     Call = "gate.admit"          // GateCall → Empty
	GateDismiss   Call = "gate.dismiss"        // GateCall → Empty
	ServiceNew    Call = "service.create"      // ServiceCall → ServiceAccount
	ServiceList   Call = "service.list"        // Name → ServiceAccounts
	ServiceShow   Call = "service.show"        // ServiceCall → ServiceAccount
	ServiceDelete Call = "service.delete"      // ServiceCall → Empty
	ServiceIssue  Call = "service.issue"       // ServiceCall → ServiceToken
	ServiceRotate Call = "service.rotate"      // ServiceCall → ServiceToken
	ServiceEnd    Call = "service.end"         // ServiceCall → Empty
)
