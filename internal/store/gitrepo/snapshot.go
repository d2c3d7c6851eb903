package gitrepo

import (
	"context"
	"io"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Snapshot is an immutable view of one generation of a repository. It is safe for concurrent use.
// Blobs that were opened from it may be read after Close.
type Snapshot struct {
}

// Gen returns the generation that the snapshot shows.
func (s *Snapshot) Gen() int64 { return 0 }

// Close ends the use of the snapshot. A second call does nothing.
func (s *Snapshot) Close() error { return nil }

// Resolve returns the commit that rev names: a branch, a tag, a full ref name (refs/…), HEAD (the default
// branch), the 40 hex digits of a commit or at least 4 of them, tried in this order. Tags are peeled.
// Code RevisionNotFound, "Invalid rev id: {rev}", when there is none or an abbreviation is ambiguous.
func (s *Snapshot) Resolve(ctx context.Context, rev string) (hub.OID, error) {
	return hub.ZeroOID, errSkeleton
}

// Commit returns a commit; RevisionNotFound if the repository has none of that id.
func (s *Snapshot) Commit(ctx context.Context, oid hub.OID) (Commit, error) {
	return Commit{}, errSkeleton
}

// Entry returns what a path names at a commit; the path "" names the root directory.
// EntryNotFound, "Entry not found", if there is no such path.
func (s *Snapshot) Entry(ctx context.Context, commit hub.OID, path string) (Entry, error) {
	return Entry{}, errSkeleton
}

// Entries is Entry for many paths: the answer has those that exist, in the order asked.
func (s *Snapshot) Entries(ctx context.Context, commit hub.OID, paths []string) ([]Entry, error) {
	return nil, errSkeleton
}

// List returns the entries below a directory ("" is the root) in git's tree order; a directory comes just
// before its contents. next is the cursor (ListOptions.After) of the following page, "" at the end.
// EntryNotFound if dir is not a directory at that commit.
func (s *Snapshot) List(ctx context.Context, commit hub.OID, dir string, opt ListOptions) (entries []Entry, next string, err error) {
	return nil, "", errSkeleton
}

// LastCommits returns, for every path that exists at the commit, the newest commit of its history that changed
// it. The walk is bounded (see MaxHistoryWalk): paths whose last change lies further back are absent.
func (s *Snapshot) LastCommits(ctx context.Context, commit hub.OID, paths []string) (map[string]Commit, error) {
	return nil, errSkeleton
}

// Blob opens a blob for reading; EntryNotFound if the repository has none of that id.
// Small ones lie in memory; others are inflated while they are read.
func (s *Snapshot) Blob(ctx context.Context, oid hub.OID) (*Blob, error) { return nil, errSkeleton }

// Log returns the history of a commit, newest first, without its first skip commits and at most limit of it.
func (s *Snapshot) Log(ctx context.Context, from hub.OID, skip, limit int) ([]Commit, error) {
	return nil, errSkeleton
}

// CountLog returns the number of commits in the history of a commit, itself included.
func (s *Snapshot) CountLog(ctx context.Context, from hub.OID) (int, error) { return 0, errSkeleton }

// IsAncestor tells whether a is b or in the history of b.
func (s *Snapshot) IsAncestor(ctx context.Context, a, b hub.OID) (bool, error) {
	return false, errSkeleton
}

// Blob is an open blob. Seeking back in one that does not lie in memory inflates again from the start.
type Blob struct{ io.ReadSeeker }

// Size returns the length in bytes.
func (b *Blob) Size() int64 { return 0 }

// Close releases the blob.
func (b *Blob) Close() error { return nil }
