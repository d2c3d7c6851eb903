package gitrepo

import (
	"context"
	"io"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Writer collects the objects of one change in one pack. It is not safe for concurrent use.
type Writer struct {
}

// TreeChange is one step of a change of a tree. Steps take effect in their order.
type TreeChange struct {
	Path      string  // from the root
	Mode      uint32  // ModeFile, ModeExecutable or ModeSymlink; 0 deletes the file
	OID       hub.OID // blob, in this writer or in the repository
	DeleteDir bool    // deletes the directory and all below it; Mode and OID are zero
}

// Base returns the view of the repository that the writer started from; it lives as long as the writer.
func (w *Writer) Base() *Snapshot { return nil }

// Blob adds a blob of exactly size bytes read from r; Unprocessable when r ends early or has more.
// Bytes stream: a big blob is never whole in memory. What the repository already has is not stored again.
func (w *Writer) Blob(size int64, r io.Reader) (hub.OID, error) { return hub.ZeroOID, errSkeleton }

// Pointer adds the git-lfs pointer of a large file.
func (w *Writer) Pointer(digest hub.Digest, size int64) (hub.OID, error) {
	return hub.ZeroOID, errSkeleton
}

// Apply returns the tree that changes make of parentTree, writing the directories that differ. base is where
// parentTree lies, nil if it is empty (ZeroOID) or was made by this writer. Directories left empty vanish; a
// file takes the place of a directory and the other way round.
// Unprocessable: a path or mode that is not allowed, or a file and a file below it in one change.
// EntryNotFound: a deleted path that does not exist.
func (w *Writer) Apply(ctx context.Context, base *Snapshot, parentTree hub.OID, changes []TreeChange) (hub.OID, error) {
	return hub.ZeroOID, errSkeleton
}

// Commit adds a commit. Signatures and message are cleaned as git does.
func (w *Writer) Commit(tree hub.OID, parents []hub.OID, author, committer Signature, message string) (hub.OID, error) {
	return hub.ZeroOID, errSkeleton
}

// Tag adds an annotated tag of a commit.
func (w *Writer) Tag(target hub.OID, name string, tagger Signature, message string) (hub.OID, error) {
	return hub.ZeroOID, errSkeleton
}

// Publish stores the pack and publishes it together with the refs in p; it sets p.Pack and p.Inline, and p.ID
// and p.RepoID when empty. After PreconditionFailed the writer stays usable: Apply and Commit on the new tip
// (blobs are kept), then Publish again. p.GCEpoch must have been read before Begin.
func (w *Writer) Publish(ctx context.Context, p hub.Publication) (gen int64, err error) {
	return 0, errSkeleton
}

// PublishNew is Publish for a repository that does not exist yet: r and p become visible together.
func (w *Writer) PublishNew(ctx context.Context, r hub.Repo, p hub.Publication) error {
	return errSkeleton
}

// Abort forgets everything that was not published. It may be called at any time, also twice.
func (w *Writer) Abort() {}
