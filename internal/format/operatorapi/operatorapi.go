// Package operatorapi is the JSON that operator's commands and the hub exchange over the Unix socket in the data
// folder. Both sides are one program of one version, so it is not a public interface.
//
// Requests are POST /{Call} with the call's arguments as a JSON object; answers are the call's result, or Failure
// with a status of 400 or above.
package operatorapi

import (
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// MaxBody is the size in bytes that a request may have.
const MaxBody = 1 << 20

// Page is the number of entries that a list call returns at most; Next of a full page asks for the rest.
const Page = 200

// Failure is the body of every answer that is not a result.
type Failure struct {
	Code    hub.Code `json:"code"`
	Message string   `json:"message"`
}

// Hub tells about the running hub.
type Hub struct {
	URL     string `json:"url"` // empty when no hub listens
	Version string `json:"version"`
	Users   int64  `json:"users"`
}

// User is an account.
type User struct {
	ID        hub.ID    `json:"id"`
	Name      string    `json:"name"`
	FullName  string    `json:"fullName"`
	Email     string    `json:"email"`
	Admin     bool      `json:"admin"`
	Suspended bool      `json:"suspended"`
	Password  bool      `json:"hasPassword"`
	CreatedAt time.Time `json:"createdAt"`
	Orgs      []Member  `json:"orgs,omitempty"` // only in the answer to one user's show
}

// NewUser asks for an account. An empty Password makes one that can only be used through tokens.
type NewUser struct {
	Name     string `json:"name"`
	FullName string `json:"fullName"`
	Email    string `json:"email"`
	Password string `json:"password"`
	Admin    bool   `json:"admin"`
}

// EditUser changes an account. Nil fields stay as they are.
type EditUser struct {
	Name     string  `json:"name"`
	FullName *string `json:"fullName,omitempty"`
	Email    *string `json:"email,omitempty"`
	Admin    *bool   `json:"admin,omitempty"`
}

// EditOrg changes an organization. Nil fields stay as they are.
type EditOrg struct {
	Name              string          `json:"name"`
	FullName          *string         `json:"fullName,omitempty"`
	Email             *string         `json:"email,omitempty"`
	DefaultVisibility *hub.Visibility `json:"defaultVisibility,omitempty"`
}

// Name names a user or an organization.
type Name struct {
	Name string `json:"name"`
}

// SetPassword changes a user's password.
type SetPassword struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

// Org is an organization.
type Org struct {
	ID        hub.ID         `json:"id"`
	Name      string         `json:"name"`
	FullName  string         `json:"fullName"`
	Email     string         `json:"email"`
	CreatedAt time.Time      `json:"createdAt"`
	Default   hub.Visibility `json:"defaultVisibility"` // of repositories created without one
	Members   int            `json:"members,omitempty"` // only in the answer to one organization's show
}

// NewOrg asks for an organization; Admin becomes its first member.
type NewOrg struct {
	Name     string `json:"name"`
	FullName string `json:"fullName"`
	Email    string `json:"email"`
	Admin    string `json:"admin"`

	HideMembers bool `json:"hideMembers,omitempty"`
}

// Member is one person's membership of one organization.
type Member struct {
	Org      string    `json:"org"`
	User     string    `json:"user"`
	FullName string    `json:"fullName"`
	Role     string    `json:"role"`
	Since    time.Time `json:"since"`
}

// SetMember adds a member or changes a role; an empty Role removes the member.
type SetMember struct {
	Org  string `json:"org"`
	User string `json:"user"`
	Role string `json:"role"`
}

// Scope is one entry of a fine-grained token. Entity is written "org:acme", "user:alice", "model:acme/bert".
type Scope struct {
	Entity      string           `json:"entity"`
	Permissions []hub.Permission `json:"permissions"`
}

// Token is a user access token without its value.
type Token struct {
	ID           hub.ID           `json:"id"`
	Name         string           `json:"name"`
	User         string           `json:"user"`
	Kind         hub.TokenKind    `json:"kind"`
	Last4        string           `json:"last4"`
	Scopes       []Scope          `json:"scopes,omitempty"`
	Global       []hub.Permission `json:"global,omitempty"`
	CanReadGated bool             `json:"canReadGatedRepos,omitempty"`
	CreatedAt    time.Time        `json:"createdAt"`
	RotatedAt    *time.Time       `json:"rotatedAt,omitempty"`
	ExpiresAt    *time.Time       `json:"expiresAt,omitempty"`
	LastUsedAt   *time.Time       `json:"lastUsedAt,omitempty"`
	Status       string           `json:"status"`          // live, expired, deleted, leaked or reused
	Signs        []hub.Sign       `json:"signs,omitempty"` // what is remarkable: unused, never_rotated, over_broad, expiring, no_expiry, too_long
}

// NewToken asks for a token.
type NewToken struct {
	User         string           `json:"user"`
	Name         string           `json:"name"`
	Kind         hub.TokenKind    `json:"kind"`
	Scopes       []Scope          `json:"scopes"`
	Global       []hub.Permission `json:"global"`
	CanReadGated bool             `json:"canReadGatedRepos"`
	ExpiresAt    *time.Time       `json:"expiresAt,omitempty"` // nil: after the hub's usual lifetime
	Never        bool             `json:"never,omitempty"`     // no expiry, whatever is usual
}

// RotateToken gives a token a new value; the old one works for Overlap seconds more.
type RotateToken struct {
	ID        hub.ID     `json:"id"`
	Overlap   int64      `json:"overlap,omitempty"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty"` // nil: the end stays, unless Never
	Never     bool       `json:"never,omitempty"`
}

// EditToken changes what a token may do and how it is called. Nil fields stay as they are.
type EditToken struct {
	ID           hub.ID            `json:"id"`
	Name         *string           `json:"name,omitempty"`
	Scopes       *[]Scope          `json:"scopes,omitempty"`
	Global       *[]hub.Permission `json:"global,omitempty"`
	CanReadGated *bool             `json:"canReadGatedRepos,omitempty"`
	ExpiresAt    *time.Time        `json:"expiresAt,omitempty"`
	Never        bool              `json:"never,omitempty"` // takes the end away
}

// TokenWithValue is the answer to creation and rotation: the only time that the value is seen.
type TokenWithValue struct {
	Token
	Value string `json:"token"`
}

// ID names a token.
type ID struct {
	ID hub.ID `json:"id"`
}

// List asks for one page of a list. Of names the user or organization that it is about, where one is needed.
type List struct {
	Of    string `json:"of,omitempty"`
	After hub.ID `json:"after,omitempty"`
}

// The pages of lists; Next is empty on the last one.
type (
	// Users is a page of accounts.
	Users struct {
		Items []User `json:"items"`
		Next  hub.ID `json:"next,omitempty"`
	}
	// Orgs is a page of organizations.
	Orgs struct {
		Items []Org  `json:"items"`
		Next  hub.ID `json:"next,omitempty"`
	}
	// Members is a page of memberships.
	Members struct {
		Items []Member `json:"items"`
		Next  hub.ID   `json:"next,omitempty"`
	}
	// Tokens is a page of tokens.
	Tokens struct {
		Items []Token `json:"items"`
		Next  hub.ID  `json:"next,omitempty"`
	}
)

// Storage is what the hub stores. Sizes are in bytes.
type Storage struct {
	Owners []StorageOwner `json:"owners"` // the largest first
	Total  StorageTotal   `json:"total"`
}

// StorageOwner is what the repositories of one user or organization hold and take.
type StorageOwner struct {
	Owner              string `json:"owner"`
	Repositories       int64  `json:"repositories"`
	Git                int64  `json:"git"`     // stored packs
	Logical            int64  `json:"logical"` // large files, as downloaded
	Stored             int64  `json:"stored"`  // what those take
	SavedByDedupe      int64  `json:"savedByDeduplication"`
	SavedByCompression int64  `json:"savedByCompression"`
}

// StorageTotal is what the whole hub stores: bytes that several owners have are stored once.
type StorageTotal struct {
	Git     int64 `json:"git"`
	Stored  int64 `json:"stored"` // of large files
	Xorbs   int64 `json:"xorbs"`  // bundles of chunks
	Damaged int64 `json:"damaged"`
}

// StorageCheck asks to check stored objects from where an earlier answer ended.
type StorageCheck struct {
	From string `json:"from"`
}

// StorageChecked is the outcome; Next is empty when everything has been checked.
type StorageChecked struct {
	Objects int64           `json:"objects"`
	Bytes   int64           `json:"bytes"`
	Damaged []StorageDamage `json:"damaged"`
	Next    string          `json:"next,omitempty"`
}

// StorageDamage is a stored object that is not what it should be.
type StorageDamage struct {
	Kind   string `json:"kind"` // lfs, pack or xorb
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// StorageCollected is what one round of collecting came to; More tells that another one has work too.
type StorageCollected struct {
	Uploads       int   `json:"uploads"`       // given up
	Packs         int   `json:"packs"`         // of history, replaced
	Whole         int   `json:"whole"`         // large files in one piece
	Registrations int   `json:"registrations"` // of large files that no commit took up
	Chunked       int   `json:"chunked"`       // large files as chunks
	Xorbs         int   `json:"xorbs"`         // bundles of chunks that were deleted
	Looked        int   `json:"looked"`        // bundles looked at for dead chunks
	Rewritten     int   `json:"rewritten"`     // of these, written anew without them
	Freed         int64 `json:"freed"`         // bytes by which those are smaller
	More          bool  `json:"more,omitempty"`
}

// Empty is the argument or the result of calls that have none.
type Empty struct{}

// Call names an operation.
type Call string

// The calls with their argument and result.
const (
	HubShow         Call = "hub.show"          // Empty → Hub
	UserCreate      Call = "user.create"       // NewUser → User
	UserList        Call = "user.list"         // List → Users
	UserEdit        Call = "user.edit"         // EditUser → User
	UserShow        Call = "user.show"         // Name → User
	UserSuspend     Call = "user.suspend"      // Name → Empty
	UserResume      Call = "user.resume"       // Name → Empty
	UserDelete      Call = "user.delete"       // Name → Empty
	UserSetPassword Call = "user.set-password" // SetPassword → Empty
	OrgCreate       Call = "org.create"        // NewOrg → Org
	OrgList         Call = "org.list"          // List → Orgs
	OrgEdit         Call = "org.edit"          // EditOrg → Org
	OrgShow         Call = "org.show"          // Name → Org
	OrgDelete       Call = "org.delete"        // Name → Empty
	MemberSet       Call = "member.set"        // SetMember → Member
	MemberList      Call = "member.list"       // List → Members
	MemberRemove    Call = "member.remove"     // SetMember → Empty
	TokenCreate     Call = "token.create"      // NewToken → TokenWithValue
	TokenList       Call = "token.list"        // List → Tokens
	TokenShow       Call = "token.show"        // ID → Token
	TokenEdit       Call = "token.edit"        // EditToken → Token
	TokenRotate     Call = "token.rotate"      // RotateToken → TokenWithValue
	TokenDelete     Call = "token.delete"      // ID → Empty
	StorageStats    Call = "storage.stats"     // Empty → Storage
	StorageVerify   Call = "storage.verify"    // StorageCheck → StorageChecked
	StorageGC       Call = "storage.gc"        // Empty → StorageCollected
)
