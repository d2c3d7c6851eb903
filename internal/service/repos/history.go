package repos

import (
	"context"

	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// Log returns a page of the history of the viewed commit, newest first, and how many commits it has in all.
func (v *View) Log(ctx context.Context, skip, limit int) (page []gitrepo.Commit, total int, err error) {
	if v.Commit.IsZero() {
		return nil, 0, nil
	}
	if total, err = v.snap.CountLog(ctx, v.Commit); err != nil {
		return nil, 0, err
	}
	if skip >= total {
		return nil, total, nil
	}
	page, err = v.snap.Log(ctx, v.Commit, skip, limit)
	return page, total, err
}
