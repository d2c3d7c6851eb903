package transfer

import (
	"context"
	"errors"
	"io"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// Fill makes the files of the default branch of one repository, for which g has RepoContentRead, the only commit of that
// of another one, for which it has RepoWrite: its history is replaced. A source without commits changes nothing. Submodules
// are left out. Codes: TooLarge (more files than one commit may have), Conflict (somebody committed in between), Unprocessable (access tokens
// in files, where the hub or the new owner refuses those), and those of Copy.
func (s *Service) Fill(ctx context.Context, g access.Grant, message string, ev hub.Event) error {
	source, target, err := fromAndTo(g)
	if err != nil {
		return err
	}
	snap, err := s.git.Open(ctx, source.ID)
	if err != nil {
		return err
	}
	defer snap.Close()
	head, err := snap.Resolve(ctx, "HEAD")
	if hub.Is(err, hub.RevisionNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	w, err := s.git.Begin(ctx, target.ID)
	if err != nil {
		return err
	}
	defer w.Abort()
	f := filling{svc: s, search: s.search(), grant: g, snap: snap, writer: w, event: ev}
	if err := f.files(ctx, head); err != nil {
		return err
	}
	if err := f.copyLarge(ctx); err != nil {
		return err
	}
	if _, err := f.search.report(ctx, s, target, ev); err != nil {
		return err
	}
	tree, err := w.Apply(ctx, nil, hub.ZeroOID, f.changes)
	if err != nil {
		return err
	}
	who := s.sign(g.Subject(), s.now())
	commit, err := w.Commit(tree, nil, who, who, message)
	if err != nil {
		return err
	}
	if _, err := s.authz.Recheck(ctx, g); err != nil {
		return err
	}
	t, err := s.findBranch(ctx, target, hub.DefaultBranch)
	if err != nil {
		return err
	}
	ev.RepoID, ev.NamespaceID = target.ID, target.NamespaceID
	ev.Message = "Filled " + target.FullName() + " with the files of another repository."
	_, err = w.Publish(ctx, hub.Publication{ID: hub.NewID(), RepoID: target.ID, GCEpoch: target.GCEpoch, Event: ev, Head: &commit, Card: &f.card,
		Refs: []hub.RefUpdate{{Name: t.name, Old: t.head, New: commit}}})
	if hub.Is(err, hub.PreconditionFailed) || errors.Is(err, hub.ErrEpoch) {
		return hub.Wrap(err, hub.Conflict, "The repository was changed while it was filled. Please try again.")
	}
	return err
}

// filling is a Fill on its way.
type filling struct {
	svc    *Service
	search search
	grant  access.Grant
	snap   *gitrepo.Snapshot
	writer *gitrepo.Writer
	event  hub.Event

	changes []gitrepo.TreeChange
	large   []hub.Digest // each once
	card    hub.Card
}

// files takes the blobs over, pointers among them.
func (f *filling) files(ctx context.Context, head hub.OID) error {
	seen := map[hub.Digest]bool{}
	for after := ""; ; {
		entries, next, err := f.snap.List(ctx, head, "", gitrepo.ListOptions{Recursive: true, After: after, Limit: 1000})
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Type != gitrepo.TypeFile {
				continue
			}
			if len(f.changes) >= f.svc.cfg.MaxLines {
				return hub.Errorf(hub.TooLarge, "The repository has more than %d files.", f.svc.cfg.MaxLines)
			}
			if err := f.file(ctx, e); err != nil {
				return err
			}
			if e.LFS != nil {
				f.search.note(e.Path, e.LFS.Digest)
			}
			if e.LFS != nil && !seen[e.LFS.Digest] {
				seen[e.LFS.Digest] = true
				f.large = append(f.large, e.LFS.Digest)
			}
		}
		if next == "" {
			return nil
		}
		after = next
	}
}

func (f *filling) file(ctx context.Context, e gitrepo.Entry) error {
	b, err := f.snap.Blob(ctx, e.OID)
	if err != nil {
		return err
	}
	defer b.Close()
	oid, err := f.writer.Blob(b.Size(), f.search.through(e.Path, b))
	if err != nil {
		return err
	}
	f.changes = append(f.changes, gitrepo.TreeChange{Path: e.Path, Mode: e.Mode, OID: oid})
	if e.Path != readmeFile || e.LFS != nil || b.Size() > maxReadme {
		return nil
	}
	if _, err := b.Seek(0, io.SeekStart); err != nil {
		return err
	}
	text, err := io.ReadAll(b)
	if err != nil {
		return err
	}
	target, err := f.grant.Repo(access.RepoWrite)
	f.card = repos.CardOf(target.Type, text)
	return err
}

// copyLarge makes the large files part of the target, each by its cheapest way.
func (f *filling) copyLarge(ctx context.Context) error {
	source, target, err := fromAndTo(f.grant)
	if err != nil {
		return err
	}
	for at := 0; at < len(f.large); at += MaxBatch {
		batch := f.large[at:min(at+MaxBatch, len(f.large))]
		var refs map[hub.Digest]hub.XetRef
		if f.svc.xet != nil && source.NamespaceID == target.NamespaceID {
			if refs, err = f.svc.xet.Refs(ctx, source.ID, batch); err != nil {
				return err
			}
		}
		for _, d := range batch {
			if ref, ok := refs[d]; ok {
				err = f.svc.xet.Copy(ctx, f.grant, xethash.Hash(ref.Hash), d, f.event)
			} else {
				err = f.svc.takeOver(ctx, f.grant, d, f.event)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
