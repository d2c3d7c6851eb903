package repos

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// View is a repository at one commit, open for reading. Close it. It is not safe for concurrent use.
type View struct {
	Repo    hub.Repo
	Commit  hub.OID // zero for the default revision of a repository without commits
	Content bool    // whether the caller may read files; otherwise digests of large files are masked
	svc     *Service
	snap    *gitrepo.Snapshot
}

// View opens the repository of g at a revision; "" is the default branch.
// RevisionNotFound when there is no such revision.
func (s *Service) View(ctx context.Context, g access.Grant, rev string) (*View, error) {
	repo, err := g.Repo(access.RepoView)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, repo, rev, g.Allows(access.RepoContentRead))
}

func (s *Service) open(ctx context.Context, repo hub.Repo, rev string, content bool) (*View, error) {
	snap, err := s.git.Open(ctx, repo.ID)
	if err != nil {
		return nil, err
	}
	v := &View{Repo: repo, Content: content, svc: s, snap: snap}
	name := rev
	if name == "" {
		name = "HEAD"
	}
	v.Commit, err = snap.Resolve(ctx, name)
	if err != nil && !(hub.Is(err, hub.RevisionNotFound) && rev == "") {
		snap.Close()
		return nil, err
	}
	return v, nil
}

// Close ends the use of the view.
func (v *View) Close() { v.snap.Close() }

// Listed is one path of a listing; Last is nil unless it was asked for and found within the bounds of the walk.
type Listed struct {
	gitrepo.Entry
	Last *gitrepo.Commit
}

// List returns one page of the entries below dir, with their last commits if wanted, and the next page's
// cursor, "" at the end. EntryNotFound when dir is no directory.
func (v *View) List(ctx context.Context, dir string, opt gitrepo.ListOptions, last bool) ([]Listed, string, error) {
	if slashed(dir) {
		return nil, "", hub.Errorf(hub.EntryNotFound, "Entry not found")
	}
	if v.Commit.IsZero() {
		return nil, "", nil
	}
	entries, next, err := v.snap.List(ctx, v.Commit, dir, opt)
	if err != nil {
		return nil, "", err
	}
	out, err := v.withLast(ctx, entries, last)
	return out, next, err
}

// Paths returns those of the paths that exist, in the order asked.
func (v *View) Paths(ctx context.Context, paths []string, last bool) ([]Listed, error) {
	if v.Commit.IsZero() {
		return nil, nil
	}
	entries, err := v.snap.Entries(ctx, v.Commit, slices.DeleteFunc(slices.Clone(paths), slashed))
	if err != nil {
		return nil, err
	}
	return v.withLast(ctx, entries, last)
}

// slashed tells whether a path begins or ends with a slash: git has no such paths, so none exists.
func slashed(path string) bool { return strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") }

func (v *View) withLast(ctx context.Context, entries []gitrepo.Entry, last bool) ([]Listed, error) {
	out := make([]Listed, len(entries))
	paths := make([]string, len(entries))
	for i, e := range entries {
		out[i].Entry, paths[i] = e, e.Path
	}
	if !last || len(entries) == 0 {
		return out, nil
	}
	commits, err := v.snap.LastCommits(ctx, v.Commit, paths)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if c, ok := commits[out[i].Path]; ok {
			out[i].Last = &c
		}
	}
	return out, nil
}

// walkPage is how many entries Files holds at once.
const walkPage = 1000

// Files calls f for every file of the revision, in tree order, until f fails.
func (v *View) Files(ctx context.Context, f func(gitrepo.Entry) error) error {
	for after := ""; !v.Commit.IsZero(); {
		entries, next, err := v.snap.List(ctx, v.Commit, "", gitrepo.ListOptions{Recursive: true, After: after, Limit: walkPage})
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Type == gitrepo.TypeFile {
				if err := f(e); err != nil {
					return err
				}
			}
		}
		if next == "" {
			return nil
		}
		after = next
	}
	return nil
}

// small reads a file that lies in git and has at most limit bytes; anything else gives nil.
func (v *View) small(ctx context.Context, path string, limit int64) ([]byte, error) {
	if v.Commit.IsZero() {
		return nil, nil
	}
	e, err := v.snap.Entry(ctx, v.Commit, path)
	if hub.Is(err, hub.EntryNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if e.Type != gitrepo.TypeFile || e.LFS != nil || e.Size > limit {
		return nil, nil
	}
	b, err := v.snap.Blob(ctx, e.OID)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return io.ReadAll(io.LimitReader(b, limit))
}
