package hub

import (
	"errors"
	"time"
)

// SubjectFacts are the stored facts from which the access engine makes a subject: whose credential it is,
// what it may do, and where its owner is a member. Token is nil for sessions and the operator.
//
// Of a service account's token, User has no id, Service is set, Token is its token read as one with scopes, and
// Memberships holds its organization alone.
type SubjectFacts struct {
	Token       *Token
	User        User
	Service     *ServiceAccount
	SkipNetwork bool // of a service account's token
	Memberships []Member
	Rules       []OrgRules    // of organizations in Memberships whose rules are not the defaults
	Grants      []TokenGrant  // of Token, in organizations
	Groups      []GroupMember // memberships of resource groups
	Gates       []GateGrant   // of the person, of the organizations and groups, of the service account
	Seq         int64         // newest auth change that these facts include
	Superseded  *Superseded   // set when the credential is a value that Token had before it was rotated
}

// Superseded is a former value of a token that is allowed to work for a while.
type Superseded struct {
	Last4 string
	Until time.Time
}

// Reuse is the use of a value that a token had before it was rotated, after its time.
type Reuse struct {
	Token   Token           // as it is now
	Service *ServiceAccount // whose token it is, if it is no person's
	Last4   string          // of the value
}

// ErrEpoch is the cause of Conflict from a publication when garbage was collected after the publication's connectivity had
// been checked: check again under the repository's current GCEpoch, then publish again.
var ErrEpoch = errors.New("garbage was collected meanwhile")

// RefMismatch is the cause of PreconditionFailed from a publication: a ref was not where the caller thought.
type RefMismatch struct {
	Name   string
	Actual OID // zero when the ref does not exist
}

// Error names the ref.
func (e *RefMismatch) Error() string { return "ref " + e.Name + " is at " + e.Actual.String() }

// Upload is an intent: bytes that are arriving and are not yet part of anything. When its lease has run out
// its bytes may be swept.
type Upload struct {
	ID        ID
	Kind      string // lfs-basic, lfs-multipart
	RepoID    ID
	UserID    ID
	TokenID   ID
	Digest    Digest
	Size      int64
	PartSize  int64 // multipart only
	Lease     time.Time
	CreatedAt time.Time
}

// UploadPart is one stored part of a multipart upload. Numbers start at 1.
type UploadPart struct {
	Number  int
	Size    int64
	ETag    string
	BlobKey string
}

// RepoSort is the order of a listing, always descending.
type RepoSort string

// The orders of listings.
const (
	SortCreated   RepoSort = "createdAt"
	SortModified  RepoSort = "lastModified"
	SortDownloads RepoSort = "downloads"
	SortLikes     RepoSort = "likes"
	SortTrending  RepoSort = "trendingScore"
	SortID        RepoSort = "id"
)

// RepoQuery selects repositories for a listing.
type RepoQuery struct {
	Type        RepoType
	Author      string   // namespace, exact without regard to case; empty for all
	Search      []string // each a substring of "namespace/name", without regard to case
	Tags        []string // each must be among the card's tags
	PipelineTag string
	Gated       *bool
	Visible     Visible
	Sort        RepoSort // empty: SortTrending
	Limit       int      // 1 to 1000
	Cursor      string   // opaque, from the previous page
}

// LFSObject is a stored large file.
type LFSObject struct {
	Digest  Digest
	Size    int64 // in bytes
	BlobKey string
}
