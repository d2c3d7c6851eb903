package repos

import (
	"context"
	"errors"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// Prefixes of full ref names.
const (
	branchPrefix  = "refs/heads/"
	tagPrefix     = "refs/tags/"
	convertPrefix = "refs/convert/"
	pullPrefix    = "refs/pr/"
)

// RefList groups the refs of a repository; targets are commits, tags peeled.
type RefList struct{ Branches, Tags, Converts, Pulls []hub.Ref }

// Refs lists all refs of the repository of g, which must hold RepoView.
func (s *Service) Refs(ctx context.Context, g access.Grant) (RefList, error) {
	repo, err := g.Repo(access.RepoView)
	if err != nil {
		return RefList{}, err
	}
	refs, err := s.meta.Refs(ctx, repo.ID, "refs/")
	if err != nil {
		return RefList{}, err
	}
	snap, err := s.git.Open(ctx, repo.ID)
	if err != nil {
		return RefList{}, err
	}
	defer snap.Close()
	var out RefList
	for _, r := range refs {
		switch {
		case strings.HasPrefix(r.Name, branchPrefix):
			out.Branches = append(out.Branches, r)
		case strings.HasPrefix(r.Name, tagPrefix):
			if peeled, err := snap.Resolve(ctx, r.Name); err == nil {
				r.Target = peeled
			}
			out.Tags = append(out.Tags, r)
		case strings.HasPrefix(r.Name, convertPrefix):
			out.Converts = append(out.Converts, r)
		case strings.HasPrefix(r.Name, pullPrefix):
			out.Pulls = append(out.Pulls, r)
		}
	}
	return out, nil
}

// NewBranch says how to make a branch.
type NewBranch struct {
	Name      string
	Start     string // any revision; "" is the default branch
	Empty     bool   // a history of its own with one commit and no file
	Overwrite bool   // move the branch if it exists
}

// CreateBranch makes or, with Overwrite, moves a branch. g must hold RepoWrite.
// InvalidInput for a name that no branch may have, Conflict when it exists, RevisionNotFound for the start.
func (s *Service) CreateBranch(ctx context.Context, g access.Grant, b NewBranch, ev hub.Event) error {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return err
	}
	if err := CheckBranchName(b.Name); err != nil {
		return err
	}
	return s.unlessCleaned(ctx, repo, func(repo hub.Repo) error { return s.createBranch(ctx, g, repo, b, ev) })
}

func (s *Service) createBranch(ctx context.Context, g access.Grant, repo hub.Repo, b NewBranch, ev hub.Event) error {
	ref := branchPrefix + b.Name
	old, err := s.freeRef(ctx, repo.ID, ref, b.Overwrite)
	if err != nil {
		return err
	}
	ev.RepoID, ev.NamespaceID = repo.ID, repo.NamespaceID
	ev.Message = "Created the branch " + b.Name + " of " + repo.FullName() + "."
	w, err := s.git.Begin(ctx, repo.ID)
	if err != nil {
		return err
	}
	defer w.Abort()
	var target hub.OID
	if b.Empty {
		target, err = s.emptyCommit(ctx, w, g)
	} else if b.Start == "" {
		target, err = w.Base().Resolve(ctx, "HEAD")
	} else {
		target, err = w.Base().Resolve(ctx, b.Start)
	}
	if err != nil {
		return err
	}
	if target == old {
		return nil
	}
	pub := hub.Publication{ID: hub.NewID(), RepoID: repo.ID, GCEpoch: repo.GCEpoch, Event: ev,
		Refs: []hub.RefUpdate{{Name: ref, Old: old, New: target}}}
	if b.Name == hub.DefaultBranch {
		if err := s.describeHead(ctx, w.Base(), repo, target, &pub); err != nil {
			return err
		}
	}
	if b.Empty {
		_, err = w.Publish(ctx, pub)
	} else {
		_, err = s.meta.Publish(ctx, pub)
	}
	return raced(err, ref)
}

func (s *Service) emptyCommit(ctx context.Context, w *gitrepo.Writer, g access.Grant) (hub.OID, error) {
	tree, err := w.Apply(ctx, nil, hub.ZeroOID, nil)
	if err != nil {
		return hub.ZeroOID, err
	}
	who := SignatureOf(g.Subject(), s.now())
	return w.Commit(tree, nil, who, who, "initial commit")
}

// describeHead adds to a publication what the row says of the default branch, which it is about to move.
func (s *Service) describeHead(ctx context.Context, snap *gitrepo.Snapshot, repo hub.Repo, target hub.OID, pub *hub.Publication) error {
	v := View{Repo: repo, Commit: target, svc: s, snap: snap}
	readme, err := v.small(ctx, "README.md", MaxReadme)
	if err != nil && !hub.Is(err, hub.RevisionNotFound) { // that is a commit of this very publication, without a file
		return err
	}
	card := CardOf(repo.Type, readme)
	pub.Head, pub.Card = &target, &card
	return nil
}

// freeRef returns the target of a ref that is to be written: zero when it does not exist. Conflict when it
// does and may not be moved, or when git could not keep it beside another one ("a" and "a/b").
func (s *Service) freeRef(ctx context.Context, repoID hub.ID, name string, overwrite bool) (hub.OID, error) {
	r, err := s.meta.Ref(ctx, repoID, name)
	if err == nil {
		if !overwrite {
			return hub.ZeroOID, refExists(name)
		}
		return r.Target, nil
	}
	if !hub.Is(err, hub.RevisionNotFound) {
		return hub.ZeroOID, err
	}
	below, err := s.meta.Refs(ctx, repoID, name+"/")
	if err != nil {
		return hub.ZeroOID, err
	}
	if len(below) > 0 {
		return hub.ZeroOID, clash(name, below[0].Name)
	}
	for i := strings.LastIndexByte(name, '/'); strings.Count(name[:i], "/") >= 2; i = strings.LastIndexByte(name[:i], '/') {
		if _, err := s.meta.Ref(ctx, repoID, name[:i]); err == nil {
			return hub.ZeroOID, clash(name, name[:i])
		} else if !hub.Is(err, hub.RevisionNotFound) {
			return hub.ZeroOID, err
		}
	}
	return hub.ZeroOID, nil
}

func refExists(name string) error {
	return hub.Errorf(hub.Conflict, "Reference %s already exists", name)
}

func clash(name, other string) error {
	return hub.Errorf(hub.Conflict, "Reference %s cannot exist beside %s, as git keeps refs like files in folders.", name, other)
}

// raced turns a lost compare-and-swap of a ref into the answer that a slower request would have got.
func raced(err error, ref string) error {
	var m *hub.RefMismatch
	if !errors.As(err, &m) {
		return err
	}
	if m.Actual.IsZero() {
		return hub.Errorf(hub.RevisionNotFound, "Invalid rev id: %s", shortName(ref))
	}
	return refExists(ref)
}

func shortName(ref string) string {
	return strings.TrimPrefix(strings.TrimPrefix(ref, branchPrefix), tagPrefix)
}

// DeleteBranch removes a branch other than the default one. g must hold RepoWrite. RevisionNotFound when
// there is no such branch, Forbidden for the default one.
func (s *Service) DeleteBranch(ctx context.Context, g access.Grant, name string, ev hub.Event) error {
	if name == hub.DefaultBranch {
		return hub.Errorf(hub.Forbidden, "Cannot delete refs/heads/%s: it is the default branch.", name)
	}
	return s.deleteRef(ctx, g, branchPrefix, name, ev)
}

// DeleteTag removes a tag. g must hold RepoWrite. RevisionNotFound when there is no such tag.
func (s *Service) DeleteTag(ctx context.Context, g access.Grant, name string, ev hub.Event) error {
	return s.deleteRef(ctx, g, tagPrefix, name, ev)
}

func (s *Service) deleteRef(ctx context.Context, g access.Grant, prefix, name string, ev hub.Event) error {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return err
	}
	return s.unlessCleaned(ctx, repo, func(repo hub.Repo) error {
		ref, err := s.meta.Ref(ctx, repo.ID, prefix+name)
		if hub.Is(err, hub.RevisionNotFound) {
			return hub.Errorf(hub.RevisionNotFound, "Invalid rev id: %s", name)
		}
		if err != nil {
			return err
		}
		ev := ev
		ev.RepoID, ev.NamespaceID = repo.ID, repo.NamespaceID
		ev.Message = "Deleted " + ref.Name + " of " + repo.FullName() + "."
		_, err = s.meta.Publish(ctx, hub.Publication{ID: hub.NewID(), RepoID: repo.ID, GCEpoch: repo.GCEpoch, Event: ev,
			Refs: []hub.RefUpdate{{Name: ref.Name, Old: ref.Target}}})
		return raced(err, ref.Name)
	})
}

// CreateTag names a revision; with a message the tag is annotated. g must hold RepoWrite.
// InvalidInput for a name that no tag may have, Conflict when it exists, RevisionNotFound for the revision, Unprocessable for an
// access token in the message, where those are refused; otherwise warn, which may be nil, hears of it.
func (s *Service) CreateTag(ctx context.Context, g access.Grant, name, rev, message string, ev hub.Event, warn func(string)) error {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return err
	}
	return s.unlessCleaned(ctx, repo, func(repo hub.Repo) error { return s.createTag(ctx, g, repo, name, rev, message, ev, warn) })
}

func (s *Service) createTag(ctx context.Context, g access.Grant, repo hub.Repo, name, rev, message string, ev hub.Event, warn func(string)) error {
	w, err := s.git.Begin(ctx, repo.ID)
	if err != nil {
		return err
	}
	defer w.Abort()
	target, err := w.Base().Resolve(ctx, rev)
	if err != nil {
		return err // before the name is looked at: so says huggingface_hub tests/test_hf_api.py, create_tag on a missing revision
	}
	if err := CheckTagName(name); err != nil {
		return err
	}
	ref := tagPrefix + name
	if _, err := s.freeRef(ctx, repo.ID, ref, false); err != nil {
		return err
	}
	if err := s.judge(ctx, repo, ev, warn, text{"the tag's message", message}); err != nil {
		return err
	}
	if message != "" {
		if target, err = w.Tag(target, name, SignatureOf(g.Subject(), s.now()), message); err != nil {
			return err
		}
	}
	ev.RepoID, ev.NamespaceID = repo.ID, repo.NamespaceID
	ev.Message = "Created the tag " + name + " of " + repo.FullName() + "."
	pub := hub.Publication{ID: hub.NewID(), RepoID: repo.ID, GCEpoch: repo.GCEpoch, Event: ev,
		Refs: []hub.RefUpdate{{Name: ref, New: target}}}
	if message != "" {
		_, err = w.Publish(ctx, pub)
	} else {
		_, err = s.meta.Publish(ctx, pub)
	}
	return raced(err, ref)
}
