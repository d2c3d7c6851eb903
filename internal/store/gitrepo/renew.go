package gitrepo

import (
	"context"
	"fmt"

	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

// Renew moves the writer, and Base with it, on to the repository as it is now, after a publication met a collection of
// garbage. Blobs that were not stored because the repository had them are stored if it has them no more; trees and
// commits have to be made again.
func (w *Writer) Renew(ctx context.Context) error {
	if w.b == nil {
		return errEnded
	}
	if err := w.base.advance(ctx, w.repo); err != nil {
		return err
	}
	fresh, done, err := w.base.use()
	if err != nil {
		return err
	}
	defer done()
	old := w.v // what is gone can still be read from it
	w.store.retain(fresh)
	w.v = fresh
	defer w.store.release(old)
	clear(w.applied)
	c := pack.NewCopier(w.b)
	for oid := range w.relied {
		if _, _, ok := fresh.find(oid); ok {
			continue
		}
		p, pos, ok := old.find(oid)
		if !ok {
			return fmt.Errorf("%w: blob %s of repository %s", errMissing, oid, w.repo)
		}
		if err := c.AddWhole(p.Pack, pos); err != nil {
			return err
		}
		delete(w.relied, oid)
	}
	return nil
}
