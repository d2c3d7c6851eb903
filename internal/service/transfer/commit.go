package transfer

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/commitlines"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// MessageBranchMoved is the text of a 412 that official clients and their tests look for.
// Source: huggingface_hub tests/test_hf_api.py, test_create_commit_conflict.
const MessageBranchMoved = "The branch was updated since you opened this page. Please refresh and try again."

// NoOperations is the text for a commit that does nothing.
const noOperations = `The commit has no operation: Add a line with the key "file", "lfsFile", "deletedFile", "deletedFolder" or "deletedEntry".`

// publishTries is how often a commit without a parent is built anew because another node published first.
const publishTries = 20

// retryWindow is how long after a commit a second one with the same effect counts as its repetition.
const retryWindow = time.Hour

// CommitRequest is one commit.
type CommitRequest struct {
	Rev    string    // branch, with or without refs/heads/
	Body   io.Reader // see package commitlines
	Legacy bool      // the body is one JSON object instead of lines
	Event  hub.Event
	Warn   func(sentence string) // hears of what is wrong with a commit that is made all the same; may be nil
}

// Commit makes one commit of all operations in the body, or none, and returns the new head of the branch. When
// nothing would change, or when the head is this very commit that a client sends again, it returns the head.
//
// Without a parent commit the change is made on whatever the head is then. Codes: RevisionNotFound (rev is no
// branch), PreconditionFailed (the parent named is not the head), EntryNotFound (a deleted file is not there),
// InvalidInput (malformed body, large file not uploaded here, file too large for git, README refused),
// Unprocessable (path, or access tokens in files where the hub refuses those), TooLarge, and those of access: the caller's right is decided again before publication.
func (s *Service) Commit(ctx context.Context, g access.Grant, q CommitRequest) (hub.OID, error) {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return hub.ZeroOID, err
	}
	t, err := s.findBranch(ctx, repo, q.Rev)
	if err != nil {
		return hub.ZeroOID, err
	}
	w, err := s.git.Begin(ctx, repo.ID)
	if err != nil {
		return hub.ZeroOID, err
	}
	defer w.Abort()
	c := &change{svc: s, search: s.search(), repo: repo, grant: g, writer: w, branch: t.name, event: q.Event}
	if err := c.read(ctx, q, t); err != nil {
		return hub.ZeroOID, err
	}
	if err := c.checkLarge(ctx); err != nil {
		return hub.ZeroOID, err
	}
	if err := c.checkLeaks(ctx); err != nil {
		return hub.ZeroOID, err
	}
	oid, err := c.publish(ctx, q.Rev)
	if err == nil && q.Warn != nil {
		for _, w := range c.warnings {
			q.Warn(w)
		}
	}
	return oid, err
}

// change is a commit on its way.
type change struct {
	svc    *Service
	repo   hub.Repo
	grant  access.Grant
	writer *gitrepo.Writer
	branch string // full ref name
	event  hub.Event

	header   commitlines.Line
	steps    []step
	large    []largeFile        // files that the repository must have
	texts    map[string][]byte  // .gitattributes files of this commit, nil when deleted
	opaque   bool               // the root's .gitattributes becomes something that is not rules
	readme   *readmeChange      // nil: not touched
	tooBig   []commitlines.Line // regular files over the limit
	search   search
	warnings []string // for whoever commits
}

// step is one operation, before it is known whether its path is a file or a folder.
type step struct {
	kind commitlines.Kind // File, LFSFile or one of the deletions
	path string
	oid  hub.OID
}

type largeFile struct {
	path   string
	digest hub.Digest
	size   int64 // -1: not said
	step   int   // index of the step that waits for its pointer; -1 when the pointer came as a file
}

type readmeChange struct{ text []byte } // nil text: no README that can be read

// read takes the body in: blobs go to the writer, the rest to steps.
func (c *change) read(ctx context.Context, q CommitRequest, t tip) error {
	limits := commitlines.Limits{File: c.svc.cfg.MaxRegular, Bytes: c.svc.cfg.MaxCommit, Lines: c.svc.cfg.MaxLines, Dir: c.svc.cfg.TempDir}
	open := commitlines.New
	if q.Legacy {
		open = commitlines.NewLegacy
	}
	lines := open(q.Body, limits)
	defer lines.Close()
	seen := false
	for {
		line, err := lines.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if line.Kind == commitlines.Header {
			seen, c.header = true, line
			// A lost race is told before the body is sent for nothing. It is decided for good at publication.
			if err := c.checkParentEarly(ctx, t); err != nil {
				return err
			}
			continue
		}
		if err := c.operation(line); err != nil {
			return err
		}
	}
	switch {
	case !seen:
		return hub.Errorf(hub.InvalidInput, `The commit has no header: the first line must have the key "header".`)
	case len(c.steps) == 0 && len(c.tooBig) == 0:
		return hub.Errorf(hub.InvalidInput, noOperations)
	case len(c.tooBig) > 0:
		return c.tooBigError()
	}
	return c.checkReadme()
}

func (c *change) checkParentEarly(ctx context.Context, t tip) error {
	if c.header.Parent == "" || namesCommit(c.header.Parent, t.head) {
		return nil
	}
	if again, err := c.mayBeRepetition(ctx, t.head); again || err != nil {
		return err
	}
	return hub.Errorf(hub.PreconditionFailed, MessageBranchMoved)
}

// namesCommit tells whether abbreviated, 5 to 40 lower-case digits, names oid.
func namesCommit(abbreviated string, oid hub.OID) bool {
	return !oid.IsZero() && strings.HasPrefix(oid.String(), abbreviated)
}

// message is the commit message: title, empty line, body.
func (c *change) message() string {
	if c.header.Description == "" {
		return c.header.Summary
	}
	return c.header.Summary + "\n\n" + c.header.Description
}
