package hub

import (
	"strings"
	"time"
)

// RepoType is the kind of a repository.
type RepoType string

// The repository types that Ambit keeps.
const (
	Model   RepoType = "model"
	Dataset RepoType = "dataset"
	Space   RepoType = "space"
)

// RepoTypes lists the types in the order in which pages and listings name them.
var RepoTypes = []RepoType{Model, Dataset, Space}

// ParseRepoType accepts "model", "dataset", "space" and their plurals; "" means model, as in the Hub's create call.
func ParseRepoType(s string) (RepoType, error) {
	switch s {
	case "", "model", "models":
		return Model, nil
	case "dataset", "datasets":
		return Dataset, nil
	case "space", "spaces":
		return Space, nil
	}
	return "", Errorf(InvalidInput, "Unknown repository type %q: use model, dataset or space.", s)
}

// Plural returns "models", "datasets" or "spaces", the segment used in API paths.
func (t RepoType) Plural() string { return string(t) + "s" }

// RepoID names a repository as people do. Lookups ignore the case of Namespace and Name.
type RepoID struct {
	Type      RepoType
	Namespace string
	Name      string
}

// ParseRepoID splits "namespace/name". Only the shape is checked, so that an id that could never exist
// is answered like one that does not; creation calls CheckNamespace and CheckRepoName.
func ParseRepoID(t RepoType, s string) (RepoID, error) {
	ns, name, ok := strings.Cut(s, "/")
	if !ok || ns == "" || name == "" || strings.Contains(name, "/") {
		return RepoID{}, Errorf(InvalidInput, "A repository id has the form namespace/name.")
	}
	return RepoID{Type: t, Namespace: ns, Name: name}, nil
}

// FullName returns "namespace/name".
func (r RepoID) FullName() string { return r.Namespace + "/" + r.Name }

// String returns the web path without the leading slash: "ns/name", "datasets/ns/name" or "spaces/ns/name".
func (r RepoID) String() string { return strings.TrimPrefix(r.WebPath(), "/") }

// WebPath returns the root of the repository's pages and files: "/ns/name" for models,
// "/datasets/ns/name", "/spaces/ns/name" for the others.
func (r RepoID) WebPath() string {
	if r.Type == Model {
		return "/" + r.FullName()
	}
	return "/" + r.Type.Plural() + "/" + r.FullName()
}

// APIPath returns "/api/{type}s/ns/name".
func (r RepoID) APIPath() string { return "/api/" + r.Type.Plural() + "/" + r.FullName() }

// Visibility says who may see that a repository exists.
type Visibility string

// Public repositories are seen by everybody, private ones by those whose role lets them.
// Protected is a Space whose application is public while its source is private: for access it is private.
const (
	Public    Visibility = "public"
	Private   Visibility = "private"
	Protected Visibility = "protected"
)

// GateMode says how a gated repository lets people in.
type GateMode string

// The gate modes. Upstream writes the absent gate as JSON false.
const (
	Ungated    GateMode = ""
	GateAuto   GateMode = "auto"
	GateManual GateMode = "manual"
)

// DefaultBranch is the branch that a new repository has.
const DefaultBranch = "main"

// Repo is a repository's row.
type Repo struct {
	ID                  ID
	RepoID                   // current names, as they are displayed
	NamespaceID         ID   // of the user or organization that owns it
	OwnerIsOrg          bool // whether the namespace is an organization
	CreatorID           ID   // the user that created it; decides a contributor's rights
	GroupID             ID   // resource group of the organization, empty for none
	Visibility          Visibility
	Gated               GateMode
	MembersGated        bool       // members of the organization need to be let in too
	GateEmail           string     // whom requests are told to, empty for the owner
	GateNotify          GateNotify // how
	Disabled            bool
	DiscussionsDisabled bool
	SDK                 string // spaces only: gradio, streamlit, docker or static
	Gen                 int64  // grows with every publication
	GCEpoch             int64  // grows with every garbage collection
	HeadOID             OID    // commit of the default branch, zero if it has none
	GitBytes            int64  // stored pack bytes
	LFSBytes            int64  // sum of the sizes of linked large files
	Downloads           int64
	Likes               int64
	Trending            int64 // score of the last days: grows with downloads, halves daily
	CreatedAt           time.Time
	UpdatedAt           time.Time // of the last publication or change of settings
	Card                Card      // summary of README front matter at the head of the default branch
}

// FoundRepo is what the name of a repository leads to.
type FoundRepo struct {
	Repo   *Repo // never nil, and shared: nobody changes it
	Exists bool  // otherwise Repo is like a NoRepo
	Moved  bool  // it is found under a name that it had before it was moved and that nothing else has taken since
}

// NoRepo returns what is read in place of a repository that is not there. Nothing has its ids.
func NoRepo() *Repo {
	r := (&Repo{ID: noID, NamespaceID: noID, CreatorID: noID}).Absent()
	return r.Gathered()
}

const noID ID = "ffffffffffffffffffffffff"

// Absent returns what is read in place of a repository that is not there, in the likeness of r: whoever may not know of r
// is told nothing about either, and deciding so takes as long. It has no name, and its id is that of no row.
func (r *Repo) Absent() Repo {
	id := noID
	if len(r.ID) == len(noID) {
		id = noID[:1] + r.ID[1:]
	}
	return Repo{ID: id, RepoID: RepoID{Type: r.Type}, NamespaceID: r.NamespaceID, CreatorID: r.CreatorID, GroupID: r.GroupID,
		Visibility: Private, Gated: r.Gated, MembersGated: r.MembersGated}
}

// Gathered returns a copy of r whose ids lie side by side: decisions read them all, and find them in one place of one
// size, whatever the repository and however its row was read.
func (r *Repo) Gathered() *Repo {
	c := *r
	ids := [...]*ID{&c.ID, &c.NamespaceID, &c.CreatorID, &c.GroupID}
	var b [len(ids) * len(noID)]byte
	for i, id := range ids {
		copy(b[i*len(noID):], *id)
	}
	all := ID(b[:])
	for i, id := range ids {
		if len(*id) <= len(noID) {
			*id = all[i*len(noID):][:len(*id)]
		}
	}
	return &c
}

// Card is what listings and filters need of a repository's README front matter.
type Card struct {
	Data        []byte   // the front matter as a JSON object, nil if there is none
	Tags        []string // all tags that `filter` matches, sorted, derived ones (license:mit, language:en, …) included
	PipelineTag string
	LibraryName string
}

// Ref is a git reference of a repository. Name is full: refs/heads/main.
type Ref struct {
	Name   string
	Target OID
}

// RefUpdate moves one ref. Old zero: it must not exist. New zero: it is deleted.
type RefUpdate struct {
	Name string
	Old  OID
	New  OID
}

// PackState says whether readers see a pack.
type PackState string

// A staged pack is an intent; a live one is part of its repository; a retired one waits for its last reader.
const (
	PackStaged  PackState = "staged"
	PackLive    PackState = "live"
	PackRetired PackState = "retired"
)

// MaxInlinePack is the size in bytes up to which a stored pack lies in its row instead of the blob store.
const MaxInlinePack = 64 << 10

// Pack is one stored pack: pack bytes, index and facts as one write-once object (format: store/gitrepo).
type Pack struct {
	ID        ID
	RepoID    ID
	Kind      string // commit, receive, compact, base, garbage
	State     PackState
	Objects   int64  // git objects in it
	PackBytes int64  // length of the pack part, which comes first
	Bytes     int64  // length of the whole stored object
	Sum       Digest // SHA-256 of the whole stored object
	BlobKey   string // empty when the bytes lie inline in the row
	BornGen   int64
}
