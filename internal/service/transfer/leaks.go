package transfer

import (
	"context"
	"io"

	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Leaks knows the hub's access tokens; service/tokens is it.
type Leaks interface {
	Finder() *tokenfmt.Finder
	// Leaked does what the hub wants done about tokens in the files of a commit by whoever by names, before the commit is
	// visible. An error turns the commit away.
	Leaked(ctx context.Context, repo hub.Repo, by hub.Event, found []tokenfmt.Found) error
}

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

// checkLeaks reports the tokens that were found in the commit's files.
func (c *change) checkLeaks(ctx context.Context) error {
	if c.finder == nil || len(c.finder.Found()) == 0 {
		return nil
	}
	return c.svc.leaks.Leaked(ctx, c.repo, c.event, c.finder.Found())
}
