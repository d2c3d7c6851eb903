package transfer

import (
	"context"
	"io"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/leaks"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// scanned lets the finder see what is read from r.
func (c *change) scanned(path string, r io.Reader) io.Reader {
	if c.svc.leaks == nil {
		return r
	}
	if c.finder == nil {
		c.finder = c.svc.leaks.Finder()
	}
	c.finder.Begin(path)
	return io.TeeReader(r, c.finder)
}

// checkLeaks looks for access tokens in the commit's message and among its large files as well, and reports all that were
// found. An error turns the commit away.
func (c *change) checkLeaks(ctx context.Context) error {
	if c.svc.leaks == nil {
		return nil
	}
	if c.finder == nil {
		c.finder = c.svc.leaks.Finder()
	}
	c.finder.Begin("the commit's message")
	io.WriteString(c.finder, c.message())
	var large []leaks.Large
	for _, f := range c.large {
		large = append(large, leaks.Large{Path: f.path, Digest: f.digest})
	}
	err := leaks.Scan(ctx, c.finder, large, func(ctx context.Context, d hub.Digest) (leaks.Object, error) { return c.svc.openLarge(ctx, c.repo, d) })
	if err != nil || len(c.finder.Found()) == 0 {
		return err
	}
	c.warnings, err = c.svc.leaks.Leaked(ctx, c.repo, c.event, c.finder.Found())
	return err
}

// OpenLarge opens a large file of a repository, for looking for access tokens in what git pushes; the caller closes it.
// NotFound.
func (s *Service) OpenLarge(ctx context.Context, repo hub.Repo, d hub.Digest) (blob.Object, error) {
	return s.openLarge(ctx, repo, d)
}
