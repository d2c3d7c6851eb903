package hub

import "time"

// Publication is one change of a repository that becomes visible at once or not at all.
type Publication struct {
	ID      ID // names this publication, so that an ambiguous COMMIT can be looked up
	RepoID  ID
	Refs    []RefUpdate
	Pack    *Pack    // the pack that brings the new objects, nil if there are none
	Inline  []byte   // the pack's bytes when Pack.BlobKey is empty
	LFS     []Digest // large files that the repository must own for this change to be valid
	Card    *Card    // new summary of the default branch, nil if unchanged
	Head    *OID     // new head of the default branch, nil if unchanged
	GCEpoch int64    // epoch under which connectivity was checked
	Event   Event
}

// Event is what the audit log keeps of a change. It never carries a secret.
type Event struct {
	ID          ID     // set by the store
	Type        string // such as repo.create, org.add_user, token.rotate
	ActorID     ID     // user, or empty for the operator and the system
	ActorName   string
	TokenID     ID // the token that was used, empty for sessions and the operator
	NamespaceID ID // organization or user concerned, empty if none
	RepoID      ID
	TargetID    ID     // any other row concerned
	Message     string // one sentence for people
	IP          string
	UserAgent   string
	At          time.Time
	Notices     []Notice // messages to people, stored for delivery together with the event; not part of the log
}

// Notice is a message that the hub owes somebody: by mail, and to the instance's webhook. It never holds a secret.
type Notice struct {
	Kind   string            // such as token.rotated; service/outbox has the words for each
	To     ID                // a user; an organization stands for each of its admins; empty for the instance's admins
	Dedupe string            // the same text is delivered once to each receiver; empty: always
	Data   map[string]string // what the words need
	Most   int               // of an organization's admins, so many at most are told; 0: all
}

// Change says whose cached access facts a transaction made stale.
type Change struct {
	Kind ChangeKind
	ID   ID
}

// ChangeKind names what an auth change is about.
type ChangeKind string

// The kinds of auth changes.
const (
	ChangeUser  ChangeKind = "user"  // everything of this user: all tokens, sessions, memberships
	ChangeToken ChangeKind = "token" // one token
	ChangeOrg   ChangeKind = "org"   // everybody who is a member of this organization
	ChangeRepo  ChangeKind = "repo"  // names, visibility or owner of one repository
)

// Visible is the condition under which a listing shows a repository to a subject:
//
//   - it is public,
//   - or its id is in Repos,
//   - or its id is not in Except, and it is in a resource group of Groups, or in none and its namespace is in
//     Namespaces, or in one that is not of ExceptGroups and its namespace is in AllGroups.
//
// The zero value shows public repositories only. Made by the access engine; turned into SQL by store/meta.
type Visible struct {
	Everything   bool // operators' tools only
	Namespaces   []ID // their repositories that are in no group
	AllGroups    []ID // organizations all of whose groups are seen
	Groups       []ID
	ExceptGroups []ID
	Except       []ID
	Repos        []ID
}
