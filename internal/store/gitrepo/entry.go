package gitrepo

import (
	"context"
	"fmt"
	"strings"

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

func noEntry() error { return hub.Errorf(hub.EntryNotFound, "Entry not found") }

// Entry returns what a path names at a commit; the path "" names the root directory.
// EntryNotFound, "Entry not found", if there is no such path.
func (s *Snapshot) Entry(ctx context.Context, commit hub.OID, path string) (Entry, error) {
	found, err := s.Entries(ctx, commit, []string{path})
	if err != nil {
		return Entry{}, err
	}
	if len(found) == 0 {
		return Entry{}, noEntry()
	}
	return found[0], nil
}

// Entries is Entry for many paths: the answer has those that exist, in the order asked.
func (s *Snapshot) Entries(ctx context.Context, commit hub.OID, paths []string) ([]Entry, error) {
	v, done, err := s.use()
	if err != nil {
		return nil, err
	}
	defer done()
	c, err := s.commitOf(v, commit)
	if err != nil {
		return nil, err
	}
	found := make([]Entry, 0, len(paths))
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		path = strings.Trim(path, "/")
		te, ok, err := s.store.walk(v, c.Tree, path)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		e, err := v.entry(path, te)
		if err != nil {
			return nil, err
		}
		found = append(found, e)
	}
	return found, nil
}

// walk finds a path below a tree; "" is the tree itself.
func (s *Store) walk(v *view, root hub.OID, path string) (object.TreeEntry, bool, error) {
	at := object.TreeEntry{Mode: ModeDirectory, OID: root}
	for path != "" {
		if !at.IsDir() {
			return at, false, nil
		}
		t, err := s.tree(v, at.OID)
		if err != nil {
			return at, false, err
		}
		var name string
		name, path, _ = strings.Cut(path, "/")
		i, ok := t.Find(name)
		if !ok {
			return at, false, nil
		}
		at = t.Entry(i)
	}
	return at, true, nil
}

// entry adds to a tree's entry what the packs know about its object, without inflating it.
func (v *view) entry(path string, te object.TreeEntry) (Entry, error) {
	e := Entry{Path: path, Mode: te.Mode, OID: te.OID, Type: TypeFile}
	switch te.Mode {
	case ModeDirectory:
		e.Type = TypeDirectory
		return e, nil
	case ModeSubmodule:
		e.Type = TypeSubmodule
		return e, nil
	}
	p, pos, ok := v.find(te.OID)
	if !ok {
		return Entry{}, fmt.Errorf("%w: blob %s of repository %s", errMissing, te.OID, v.repo)
	}
	e.Size = p.Size(pos)
	if ptr, ok := p.Pointer(pos); ok {
		e.LFS = &LFS{Digest: ptr.Digest, Size: ptr.Size, PointerSize: e.Size}
		e.Size = ptr.Size
	}
	return e, nil
}
