package transfer

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// File is one file of a repository at a revision. Close it.
type File struct {
	Repo      hub.Repo
	Commit    hub.OID // that the revision names
	Immutable bool    // the revision is a commit id, so the answer never changes
	Entry     gitrepo.Entry
	Xet       *hub.XetRef // how it can be fetched as chunks; nil: it cannot
	Raw       bool        // the git blob itself was asked for, also where it is a pointer

	svc  *Service
	snap *gitrepo.Snapshot
}

// NoFile is the error of OpenFile for a path that does not exist at a revision that does: EntryNotFound, with the
// commit that clients want to know even then.
type NoFile struct {
	Commit hub.OID
	Err    error
}

// Error returns the text of the cause.
func (e *NoFile) Error() string { return e.Err.Error() }

// Unwrap returns the cause, a *hub.Error.
func (e *NoFile) Unwrap() error { return e.Err }

// OpenFile finds a file. action is the one that g was given for. raw asks for the git blob, which for a large
// file is its pointer. RevisionNotFound, or *NoFile.
func (s *Service) OpenFile(ctx context.Context, g access.Grant, action access.Action, rev, path string, raw bool) (*File, error) {
	repo, err := g.Repo(action)
	if err != nil {
		return nil, err
	}
	snap, err := s.git.Open(ctx, repo.ID)
	if err != nil {
		return nil, err
	}
	f := &File{Repo: repo, Raw: raw, svc: s, snap: snap}
	if err := f.find(ctx, rev, path); err != nil {
		snap.Close()
		return nil, err
	}
	return f, nil
}

func (f *File) find(ctx context.Context, rev, path string) (err error) {
	if f.Commit, err = f.snap.Resolve(ctx, rev); err != nil {
		return err
	}
	f.Immutable = len(rev) == 2*len(f.Commit) && strings.EqualFold(rev, f.Commit.String())
	f.Entry, err = f.snap.Entry(ctx, f.Commit, strings.TrimSuffix(path, "/"))
	if err == nil && f.Entry.Type != gitrepo.TypeFile || hub.Is(err, hub.EntryNotFound) {
		return &NoFile{f.Commit, hub.Errorf(hub.EntryNotFound, "Entry not found")}
	}
	if err == nil && f.Large() && f.svc.xet != nil {
		err = f.findChunks(ctx)
	}
	return err
}

func (f *File) findChunks(ctx context.Context) error {
	d := f.Entry.LFS.Digest
	refs, err := f.svc.xet.Refs(ctx, f.Repo.ID, []hub.Digest{d})
	if ref, ok := refs[d]; ok && ref.Size == f.Size() {
		f.Xet = &ref
	}
	return err
}

// Large tells whether the file's bytes are those of a large file.
func (f *File) Large() bool { return f.Entry.LFS != nil && !f.Raw }

// Size returns the length in bytes of what Open reads.
func (f *File) Size() int64 {
	if f.Raw && f.Entry.LFS != nil {
		return f.Entry.LFS.PointerSize
	}
	return f.Entry.Size
}

// ETag returns what clients name the content by, without quotes: the SHA-256 of a large file, the blob's SHA-1
// of any other.
func (f *File) ETag() string {
	if f.Large() {
		return string(f.Entry.LFS.Digest)
	}
	return f.Entry.OID.String()
}

// Content is the open content of a file.
type Content interface {
	io.ReadSeekCloser
}

// Open opens the content; the caller closes it. For a large file on a local disk File tells the file to send
// from. A pointer whose object does not belong to the repository is *NoFile: it opens nothing.
func (f *File) Open(ctx context.Context) (Content, *os.File, error) {
	if !f.Large() {
		b, err := f.snap.Blob(ctx, f.Entry.OID)
		return b, nil, err
	}
	o, err := f.svc.openLarge(ctx, f.Repo, f.Entry.LFS.Digest)
	if hub.Is(err, hub.NotFound) {
		return nil, nil, &NoFile{f.Commit, hub.Wrap(err, hub.EntryNotFound, "The content of this large file was never uploaded to this repository.")}
	}
	if err != nil {
		return nil, nil, err
	}
	return o, o.File(), nil
}

// Close ends the use of the file. Content that was opened stays readable.
func (f *File) Close() { f.snap.Close() }

// CountDownload notes that somebody fetched bytes of the repository: caller is a stable name of him, such as his
// user id or his address.
func (s *Service) CountDownload(repo hub.Repo, caller string) { s.counter.note(repo.ID, caller) }
