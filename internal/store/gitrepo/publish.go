package gitrepo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

// The kinds of packs in their rows.
const (
	kindCommit  = "commit"
	kindCompact = "compact"
	kindReceive = "receive"
)

// Publish stores the pack and publishes it together with the refs in p. It fills p.Pack and p.Inline, p.ID and
// p.RepoID when empty, and adds the writer's Pointers to p.LFS. p.GCEpoch must have been read before Begin.
// The writer has ended when it returns nil.
//
// After PreconditionFailed the writer stays usable: make tree and commit again on the new tip (blobs are kept, the
// other objects of the failed attempt are not), then Publish again. After Conflict with hub.ErrEpoch as cause likewise, but
// read the repository's GCEpoch anew and call Renew first.
func (w *Writer) Publish(ctx context.Context, p hub.Publication) (gen int64, err error) {
	err = w.publish(ctx, p, func(p hub.Publication) error {
		gen, err = w.store.meta.Publish(ctx, p)
		return err
	})
	return gen, err
}

// PublishNew is Publish for a repository that does not exist yet: r and p become visible together, with p.Event.
// r.ID must be the id given to Begin. Conflict if the name is taken, and with hub.ErrTailTaken as cause: Abort then, and begin anew
// with another id. Nothing is left of the first.
func (w *Writer) PublishNew(ctx context.Context, r hub.Repo, p hub.Publication) error {
	if r.ID != w.repo {
		return fmt.Errorf("gitrepo: the writer of repository %s cannot publish %s", w.repo, r.ID)
	}
	return w.publish(ctx, p, func(p hub.Publication) error {
		return w.store.meta.CreateRepo(ctx, r, p, p.Event)
	})
}

func (w *Writer) publish(ctx context.Context, p hub.Publication, commit func(hub.Publication) error) error {
	if w.b == nil {
		return errEnded
	}
	if p.ID == "" {
		p.ID = hub.NewID()
	}
	p.RepoID = w.repo
	p.LFS = slices.Concat(p.LFS, w.Pointers())
	slices.Sort(p.LFS)
	p.LFS = slices.Compact(p.LFS)
	p.Pack, p.Inline = nil, nil
	if w.b.Len() > 0 {
		row, inline, err := w.store.storePack(ctx, w.repo, kindCommit, w.b)
		if err != nil {
			return err
		}
		p.Pack, p.Inline = row, inline
	}
	if err := commit(p); err != nil {
		w.lost(ctx, p.Pack, err)
		return err
	}
	w.Abort()
	w.store.compactions.add(p.RepoID)
	return nil
}

// lost cleans up after a publication that failed.
func (w *Writer) lost(ctx context.Context, p *hub.Pack, err error) {
	if p != nil {
		w.store.unstage(ctx, *p, err)
	}
	if (hub.Is(err, hub.PreconditionFailed) || errors.Is(err, hub.ErrEpoch)) && w.attempted {
		if err := w.b.Rollback(w.attempt); err != nil {
			w.Abort() // half of the attempt may be there
			return
		}
		w.attempted = false
	}
}

// storePack makes what b holds durable and returns its row. A small pack is returned as bytes that lie in the row; a
// bigger one is announced by a staged row before its bytes are stored, so that after a crash a sweeper finds them.
func (s *Store) storePack(ctx context.Context, repo hub.ID, kind string, b *pack.Builder) (*hub.Pack, []byte, error) {
	f, err := b.Finish()
	if err != nil {
		return nil, nil, err
	}
	return s.storeFinished(ctx, repo, kind, f)
}

func (s *Store) storeFinished(ctx context.Context, repo hub.ID, kind string, f *pack.Finished) (*hub.Pack, []byte, error) {
	row := &hub.Pack{
		ID: hub.NewID(), RepoID: repo, Kind: kind, State: hub.PackLive,
		Objects: f.Objects, PackBytes: f.PackBytes, Bytes: f.Bytes, Sum: f.Sum,
	}
	if f.Bytes <= hub.MaxInlinePack {
		inline, err := f.Whole()
		return row, inline, err
	}
	var err error
	var nonce [4]byte
	rand.Read(nonce[:]) // crypto/rand never fails: it ends the process instead
	row.BlobKey = fmt.Sprintf("pack/%s/%s-%s", repo, row.ID, hex.EncodeToString(nonce[:]))
	staged := *row
	staged.State = hub.PackStaged
	if err := s.meta.StagePack(ctx, staged, time.Now().Add(s.cfg.StageLease)); err != nil {
		return nil, nil, fmt.Errorf("stage pack: %w", err)
	}
	_, err = s.blobs.Create(ctx, row.BlobKey, f.Reader(), blob.Expect{Size: f.Bytes, SHA256: f.Sum})
	if err != nil {
		s.discard(ctx, *row) // nobody has been asked to publish it
		return nil, nil, fmt.Errorf("store pack: %w", err)
	}
	return row, nil, nil
}

// unstage removes a stored pack that cause kept from becoming live. Only a refusal is certain: after any other
// error the commit may have happened although its answer was lost, or may come to have happened when the database is
// opened again after a COMMIT that a full disk broke off, and then the bytes are needed. Even a refusal may
// be the answer to a second try whose first one got through, so the live packs are looked at once more. What is
// left is found by the sweeper when the lease has run out.
func (s *Store) unstage(ctx context.Context, p hub.Pack, cause error) {
	var refused *hub.Error
	if p.BlobKey == "" || !errors.As(cause, &refused) {
		return
	}
	switch refused.Code {
	case hub.Internal, hub.Unavailable, hub.InsufficientStorage:
		return
	}
	_, live, err := s.meta.LivePacks(context.WithoutCancel(ctx), p.RepoID)
	if err != nil && !hub.Is(err, hub.RepoNotFound) ||
		slices.ContainsFunc(live, func(l hub.Pack) bool { return l.ID == p.ID }) {
		return
	}
	s.discard(ctx, p)
}

// discard removes the bytes and the intent of a pack that is certain not to be live, also when ctx has ended.
func (s *Store) discard(ctx context.Context, p hub.Pack) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	// The row goes last: it is what leads a sweeper to the bytes.
	err := s.blobs.Delete(ctx, p.BlobKey)
	if err == nil {
		err = s.meta.DropStaged(ctx, p.ID)
	}
	if err != nil {
		s.cfg.LogError(ctx, "a pack that was not published is left to the sweeper", err)
	}
}
