package gitrepo

import (
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// Commit is a git commit; see object.Commit.
type Commit = object.Commit

// Signature is the author or committer of a commit; see object.Signature.
type Signature = object.Signature

// The modes of tree entries.
const (
	ModeFile       = object.ModeFile
	ModeExecutable = object.ModeExecutable
	ModeSymlink    = object.ModeSymlink
	ModeDirectory  = object.ModeDirectory
	ModeSubmodule  = object.ModeSubmodule
)

// EntryType is what the Hub API calls the kinds of entries.
type EntryType string

// The types of entries. Symbolic links are files, as they are on the Hub.
const (
	TypeFile      EntryType = "file"
	TypeDirectory EntryType = "directory"
	TypeSubmodule EntryType = "submodule"
)

// Entry is one path of one commit.
type Entry struct {
	Path string // from the root, without leading or trailing slash
	Mode uint32
	OID  hub.OID
	Type EntryType
	Size int64 // of the file, in bytes: for a pointer that of the large file; 0 for directories
	LFS  *LFS  // nil unless the blob is a git-lfs pointer
}

// LFS is what a pointer says.
type LFS struct {
	Digest      hub.Digest
	Size        int64 // of the large file, in bytes
	PointerSize int64 // of the pointer blob, in bytes
}

// ListOptions selects a page of a listing.
type ListOptions struct {
	Recursive bool
	After     string // cursor from the previous page
	Limit     int    // entries in a page; 0 means MaxListPage
}

// MaxListPage is the largest number of entries that one List returns.
const MaxListPage = 10_000
