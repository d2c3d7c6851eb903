package transfer

import (
	"bytes"
	"context"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/gitattributes"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// MaxProbes is how many files one preupload may ask about.
const MaxProbes = 1000

// Probe is a file that a client is about to upload.
type Probe struct {
	Path   string
	Size   int64  // in bytes
	Sample []byte // the first bytes
}

// PreuploadRequest asks how files are to be uploaded. The texts, when not nil, replace the files of the same
// name at the root of the branch, because they are being uploaded too.
type PreuploadRequest struct {
	Rev        string
	Files      []Probe
	Ignore     []byte
	Attributes []byte
}

// Advice says how to upload one file.
type Advice struct {
	Path   string
	LFS    bool   // as a large file; otherwise inside the commit
	Ignore bool   // not at all
	OID    string // of what the path holds now, "" if nothing: SHA-1 of the blob, SHA-256 of a large file
}

// Preupload answers for all files in their order, and returns the head of the branch, zero if it is empty.
// RevisionNotFound if rev is not a branch; Unprocessable for a path that could not be committed.
func (s *Service) Preupload(ctx context.Context, g access.Grant, q PreuploadRequest) ([]Advice, hub.OID, error) {
	repo, err := g.Repo(access.RepoPreupload)
	if err != nil {
		return nil, hub.ZeroOID, err
	}
	if len(q.Files) > MaxProbes {
		return nil, hub.ZeroOID, hub.Errorf(hub.TooLarge, "Ask about at most %d files at a time.", MaxProbes)
	}
	paths := make([]string, len(q.Files))
	for i, f := range q.Files {
		if err := gitrepo.CheckPath(f.Path); err != nil {
			return nil, hub.ZeroOID, err
		}
		if f.Size < 0 {
			return nil, hub.ZeroOID, hub.Errorf(hub.InvalidInput, "The size of %q is negative.", f.Path)
		}
		paths[i] = f.Path
	}
	t, err := s.findBranch(ctx, repo, q.Rev)
	if err != nil {
		return nil, hub.ZeroOID, err
	}
	snap, err := s.git.Open(ctx, repo.ID)
	if err != nil {
		return nil, hub.ZeroOID, err
	}
	defer snap.Close()
	given := map[string][]byte{}
	if q.Attributes != nil {
		given[attributesFile] = q.Attributes
	}
	attrs, err := attributesAt(ctx, snap, t.head, paths, given)
	if err != nil {
		return nil, hub.ZeroOID, err
	}
	ignore, err := ignoreAt(ctx, snap, t.head, q.Ignore)
	if err != nil {
		return nil, hub.ZeroOID, err
	}
	present := map[string]string{}
	if !t.head.IsZero() {
		entries, err := snap.Entries(ctx, t.head, paths)
		if err != nil {
			return nil, hub.ZeroOID, err
		}
		for _, e := range entries {
			present[e.Path] = contentID(e, g.Allows(access.RepoContentRead))
		}
	}
	out := make([]Advice, len(q.Files))
	budget := gitattributes.NewBudget(matchBudget)
	for i, f := range q.Files {
		out[i] = Advice{Path: f.Path, LFS: s.isLarge(f, attrs, budget), Ignore: ignore.Match(f.Path, budget), OID: present[f.Path]}
	}
	return out, t.head, tooCostly(budget)
}

// isLarge decides how a file is kept: by the repository's own rules, then by what git is bad at.
func (s *Service) isLarge(f Probe, attrs *gitattributes.Attributes, b *gitattributes.Budget) bool {
	switch {
	case f.Size == 0:
		return false // clients put empty files into the commit whatever we say
	case attrs.LFS(f.Path, b), f.Size > s.cfg.MaxRegular:
		return true
	}
	return isBinary(f.Sample)
}

// isBinary tells whether the start of a file is not UTF-8 text. A character may be cut off at the end.
func isBinary(sample []byte) bool {
	if bytes.IndexByte(sample, 0) >= 0 {
		return true
	}
	for len(sample) > 0 {
		r, n := utf8.DecodeRune(sample)
		if r == utf8.RuneError && n == 1 {
			return utf8.FullRune(sample)
		}
		sample = sample[n:]
	}
	return false
}

func ignoreAt(ctx context.Context, snap *gitrepo.Snapshot, commit hub.OID, given []byte) (*gitattributes.Ignore, error) {
	if given != nil || commit.IsZero() {
		return gitattributes.ParseIgnore(given), nil
	}
	e, err := snap.Entry(ctx, commit, ignoreFile)
	if hub.Is(err, hub.EntryNotFound) {
		return gitattributes.ParseIgnore(nil), nil
	}
	if err != nil {
		return nil, err
	}
	text, err := smallText(ctx, snap, e)
	return gitattributes.ParseIgnore(text), err
}

// contentID is the hash that clients compare with that of their local file.
func contentID(e gitrepo.Entry, mayRead bool) string {
	switch {
	case e.Type != gitrepo.TypeFile:
		return ""
	case e.LFS == nil:
		return e.OID.String()
	case !mayRead:
		return "" // the digest of a large file is only for those who may read it
	}
	return string(e.LFS.Digest)
}
