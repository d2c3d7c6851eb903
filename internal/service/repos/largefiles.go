package repos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// MaxPurge is how many large files one call takes out of a history. Source: Hub OpenAPI.
const MaxPurge = 1000

// LargeFile is a large file that the history of some ref names.
type LargeFile struct {
	Digest hub.Digest
	Size   int64 // bytes
	Path   string
	Ref    string    // full name of a ref whose history has it, the default branch before others
	Pushed time.Time // when the repository got it; zero when its bytes are gone
}

// LargeFiles returns the large files that the histories of all refs name, in the order of their digests, after the given
// one, and whether there are more. Needs RepoWrite.
func (s *Service) LargeFiles(ctx context.Context, g access.Grant, after hub.Digest, limit int) (files []LargeFile, more bool, err error) {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return nil, false, err
	}
	snap, err := s.git.Open(ctx, repo.ID)
	if err != nil {
		return nil, false, err
	}
	defer snap.Close()
	refs, tips, err := s.tips(ctx, repo.ID)
	if err != nil {
		return nil, false, err
	}
	err = snap.Pointers(ctx, tips, func(p gitrepo.PointerAt) error {
		if p.Digest > after {
			files = append(files, LargeFile{Digest: p.Digest, Size: p.LFS.Size, Path: p.Path, Ref: refs[p.Tip].Name})
		}
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	slices.SortFunc(files, func(a, b LargeFile) int { return cmp.Compare(a.Digest, b.Digest) })
	if more = len(files) > limit; more {
		files = files[:limit]
	}
	digests := make([]hub.Digest, len(files))
	for i, f := range files {
		digests[i] = f.Digest
	}
	since, err := s.meta.LFSLinkedSince(ctx, repo.ID, digests)
	for i := range files {
		files[i].Pushed = since[files[i].Digest]
	}
	return files, more, err
}

// tips are all refs, the default branch first, and what they name.
func (s *Service) tips(ctx context.Context, repo hub.ID) (refs []hub.Ref, tips []hub.OID, err error) {
	if refs, err = s.meta.Refs(ctx, repo, ""); err != nil {
		return nil, nil, err
	}
	const main = branchPrefix + hub.DefaultBranch
	slices.SortFunc(refs, func(a, b hub.Ref) int {
		switch {
		case a.Name == b.Name:
			return 0
		case a.Name == main:
			return -1
		case b.Name == main:
			return 1
		}
		return cmp.Compare(a.Name, b.Name)
	})
	for _, r := range refs {
		tips = append(tips, r.Target)
	}
	return refs, tips, nil
}

// Purge takes large files out of the history of every ref, for good: commits that named one are made anew without it, and
// the repository lets go of the bytes, which are deleted when no other repository has them. What had been read by the ids
// of old commits is not served any more. Needs RepoWrite. EntryNotFound when no history names any of them;
// PreconditionFailed when the repository changed meanwhile.
func (s *Service) Purge(ctx context.Context, g access.Grant, digests []hub.Digest, ev hub.Event) error {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return err
	}
	if len(digests) == 0 || len(digests) > MaxPurge {
		return hub.Errorf(hub.InvalidInput, "Name 1 to %d files by their SHA-256.", MaxPurge)
	}
	drop := map[hub.Digest]bool{}
	for _, d := range digests {
		if _, err := hub.ParseDigest(string(d)); err != nil {
			return err
		}
		drop[d] = true
	}
	if repo, err = s.meta.RepoByID(ctx, repo.ID); err != nil { // for the epoch
		return err
	}
	w, err := s.git.Begin(ctx, repo.ID)
	if err != nil {
		return err
	}
	defer w.Abort()
	refs, tips, err := s.tips(ctx, repo.ID)
	if err != nil {
		return err
	}
	now, err := w.Without(ctx, tips, drop)
	if err != nil {
		return err
	}
	pub := hub.Publication{ID: hub.NewID(), RepoID: repo.ID, GCEpoch: repo.GCEpoch, Event: ev}
	pub.Event.RepoID, pub.Event.NamespaceID = repo.ID, repo.NamespaceID
	pub.Event.Message = fmt.Sprintf("Took %d large files out of the history of %s, which changed the refs", len(drop), repo.FullName())
	for _, r := range refs {
		to := now[r.Target]
		if to == r.Target {
			continue
		}
		pub.Refs = append(pub.Refs, hub.RefUpdate{Name: r.Name, Old: r.Target, New: to})
		if r.Name == branchPrefix+hub.DefaultBranch {
			pub.Head = &to
		}
		if len(pub.Refs) <= maxNamedRefs {
			pub.Event.Message += " " + r.Name
		}
	}
	if len(pub.Refs) == 0 {
		return hub.Errorf(hub.EntryNotFound, "No revision of %s has any of these files.", repo.FullName())
	}
	pub.Event.Message += "."
	gen, err := w.Publish(ctx, pub)
	var m *hub.RefMismatch
	if errors.As(err, &m) || errors.Is(err, hub.ErrEpoch) {
		return hub.Wrap(err, hub.PreconditionFailed, "The repository changed while its history was made anew. Please try again.")
	}
	if err != nil {
		return err
	}
	// What fails here is done by the next cleaning up, after its grace: no ref names these files any more.
	return s.letGo(ctx, repo.ID, gen, digests)
}

// maxNamedRefs is how many refs the event of a purge names.
const maxNamedRefs = 20

// letGo ends what links the repository to large files, as soon as its history is without them.
func (s *Service) letGo(ctx context.Context, repo hub.ID, gen int64, digests []hub.Digest) error {
	sizes, err := s.meta.LFSObjects(ctx, repo, digests)
	if err != nil {
		return err
	}
	var gone []hub.LFSObject
	for d, size := range sizes {
		gone = append(gone, hub.LFSObject{Digest: d, Size: size})
	}
	err = s.meta.PurgeLFS(ctx, repo, gen, gone)
	if hub.Is(err, hub.PreconditionFailed) {
		return nil // a commit came in between, and may have brought one of them back
	}
	return err
}
