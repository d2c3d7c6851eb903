package transfer

import (
	"context"
	"io"

	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/leaks"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// search looks for access tokens in what a commit brings. Not for concurrent use.
type search struct {
	judge  leaks.Judge // nil: nobody looks
	finder *tokenfmt.Finder
	large  []leaks.Large
}

func (s *Service) search() search {
	x := search{judge: s.leaks}
	if x.judge != nil {
		x.finder = x.judge.Finder()
	}
	return x
}

// through lets the finder see what is read from r.
func (x *search) through(path string, r io.Reader) io.Reader {
	if x.judge == nil {
		return r
	}
	x.finder.Name(leaks.NameOfFile, path)
	x.finder.Begin(path)
	return io.TeeReader(r, x.finder)
}

// note adds a large file, which is looked at before the report.
func (x *search) note(path string, d hub.Digest) {
	if x.judge != nil {
		x.finder.Name(leaks.NameOfFile, path)
		x.large = append(x.large, leaks.Large{Path: path, Digest: d})
	}
}

// report looks among the large files of the repository and tells of all that was found. It returns sentences for whoever
// commits; an error turns the commit away.
func (x *search) report(ctx context.Context, s *Service, repo hub.Repo, by hub.Event) ([]string, error) {
	if x.judge == nil {
		return nil, nil
	}
	err := leaks.Scan(ctx, x.finder, x.large, func(ctx context.Context, d hub.Digest) (leaks.Object, error) { return s.openLarge(ctx, repo, d) })
	if err != nil || len(x.finder.Found()) == 0 {
		return nil, err
	}
	return x.judge.Leaked(ctx, repo, by, x.finder.Found())
}

// checkLeaks looks for access tokens in the commit's message too, and reports all that were found.
func (c *change) checkLeaks(ctx context.Context) (err error) {
	if c.search.judge != nil {
		c.search.finder.Begin("the commit's message")
		io.WriteString(c.search.finder, c.message())
	}
	for _, f := range c.large {
		c.search.note(f.path, f.digest)
	}
	c.warnings, err = c.search.report(ctx, c.svc, c.repo, c.event)
	return err
}

// OpenLarge opens a large file of a repository, for looking for access tokens in what git pushes; the caller closes it.
// NotFound.
func (s *Service) OpenLarge(ctx context.Context, repo hub.Repo, d hub.Digest) (blob.Object, error) {
	return s.openLarge(ctx, repo, d)
}
