package housekeeping

import (
	"context"
	"os"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// ImportRequest says what is brought in, and as what.
type ImportRequest struct {
	From       string // folder of a git repository on the hub's machine, or a URL that git can clone
	To         hub.RepoID
	As         string         // user in whose name; "": the owner of the namespace
	Visibility hub.Visibility // of a new repository; "": the owner's default
	SDK        string         // of a new Space
}

// Imported is what an import did.
type Imported struct {
	Created    bool     `json:"created"`
	Refs       int      `json:"refs"`       // that were made or moved
	Refused    []string `json:"refused"`    // refs that were not, with the reason
	Objects    int      `json:"objects"`    // git objects that came
	LargeFiles int      `json:"largeFiles"` // that came
	Missing    int      `json:"missing"`    // large files that the source lacks, and the hub too
	Notes      []string `json:"notes"`      // what a push would have been told: access tokens in files, for one
}

// Import makes a repository out of a git repository, or brings an existing one up to date: its branches and tags, and
// large files as far as git-lfs has them there. The branch that HEAD names becomes main when there is no main. All of it
// goes the way of a push by the person in whose name it is done, with the same checks; branches may be moved to
// where they have never been.
//
// InvalidInput when the source cannot be read; NotFound for an unknown user; Unprocessable when nothing could be taken;
// and the errors of access, creation and uploads.
func (s *Service) Import(ctx context.Context, g access.Grant, q ImportRequest, p gitrepo.Progress) (out Imported, err error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return out, err
	}
	out.Refused, out.Notes = []string{}, []string{}
	who, err := s.person(ctx, q)
	if err != nil {
		return out, err
	}
	dir := q.From
	if isURL(q.From) {
		tmp, err := os.MkdirTemp(s.d.TempDir, "import-*")
		if err != nil {
			return out, err
		}
		defer os.RemoveAll(tmp)
		if err := cloneURL(ctx, q.From, tmp, p); err != nil {
			return out, err
		}
		dir = tmp
	}
	src, err := s.d.Keeper.OpenForeign(ctx, dir, p)
	if err != nil {
		return out, err
	}
	defer src.Close()
	im := &importing{s: s, src: src, who: who, q: q, progress: p, out: &out}
	if err := im.target(ctx); err != nil {
		return out, err
	}
	if err := im.large(ctx); err != nil {
		return out, err
	}
	return out, im.push(ctx)
}

// person returns the subject in whose name an import is done.
func (s *Service) person(ctx context.Context, q ImportRequest) (*access.Subject, error) {
	name := q.As
	if name == "" {
		ns, err := s.d.Meta.Namespace(ctx, q.To.Namespace)
		if err != nil {
			return nil, err
		}
		if name = ns.Name; ns.Kind == hub.OrgNamespace {
			if name, err = s.orgAdmin(ctx, ns); err != nil {
				return nil, err
			}
		}
	}
	u, err := s.d.Meta.UserByName(ctx, name)
	if err != nil {
		return nil, err
	}
	facts, err := s.d.Meta.UserFacts(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	return access.NewSubject(facts, access.Credential{}), nil
}

func (s *Service) orgAdmin(ctx context.Context, ns hub.Namespace) (string, error) {
	for after := hub.ID(""); ; {
		ms, err := s.d.Meta.Members(ctx, ns.ID, after, 100)
		if err != nil {
			return "", err
		}
		for _, m := range ms {
			if m.Role == hub.RoleAdmin {
				return m.UserName, nil
			}
		}
		if len(ms) < 100 {
			return "", hub.Errorf(hub.NotFound, "The organization %s has no administrator: name a user.", ns.Name)
		}
		after = ms[len(ms)-1].UserID
	}
}

// importing is an import on its way.
type importing struct {
	s        *Service
	src      *gitrepo.Foreign
	who      *access.Subject
	q        ImportRequest
	progress gitrepo.Progress
	out      *Imported
	repo     hub.Repo
	refs     []hub.Ref // of the source, as the hub will call them
}

// grant decides anew, so that what took long does not outlive a right.
func (im *importing) grant(ctx context.Context, a access.Action, t access.Target) (access.Grant, error) {
	return im.s.d.Authz.Authorize(ctx, im.who, access.Need{Action: a, Target: t})
}

func (im *importing) event(typ string) hub.Event {
	return hub.Event{Type: typ, ActorID: im.who.UserID(), ActorName: im.who.UserName(), UserAgent: "ambit repo import"}
}

// target finds the repository, or makes it.
func (im *importing) target(ctx context.Context) error {
	im.refs = append(im.refs, im.src.Refs...)
	main := "refs/heads/" + hub.DefaultBranch
	hasMain, head := false, -1
	for i, r := range im.refs {
		hasMain = hasMain || r.Name == main
		if r.Name == im.src.Head {
			head = i
		}
	}
	if !hasMain && head >= 0 {
		im.refs[head].Name = main
	}
	if len(im.refs) == 0 {
		return hub.Errorf(hub.InvalidInput, "The repository has no branches and no tags.")
	}
	_, _, err := im.s.d.Meta.RepoByName(ctx, im.q.To)
	if hub.Is(err, hub.RepoNotFound) {
		var g access.Grant
		action := access.RepoCreate
		if im.q.Visibility == hub.Public {
			action = access.RepoCreatePublic
		}
		if g, err = im.grant(ctx, action, access.NewRepo(im.q.To)); err != nil {
			return err
		}
		_, err = im.s.d.Create(ctx, g, im.q.Visibility, im.q.SDK, im.event("repo.create"))
		im.out.Created = err == nil
	}
	if err != nil {
		return err
	}
	g, err := im.grant(ctx, access.RepoWrite, access.Repo(im.q.To))
	if err != nil {
		return err
	}
	im.repo, err = g.Repo(access.RepoWrite)
	return err
}

// large brings the large files that pointers name and the repository lacks.
func (im *importing) large(ctx context.Context) error {
	var tips []hub.OID
	for _, r := range im.refs {
		tips = append(tips, r.Target)
	}
	im.progress.Tell("finding large files", 0, 0)
	ptrs, err := im.src.Pointers(ctx, tips)
	if err != nil {
		return err
	}
	for i, batch := 0, 500; i < len(ptrs); i += batch {
		part := ptrs[i:min(i+batch, len(ptrs))]
		var ds []hub.Digest
		for _, p := range part {
			ds = append(ds, p.Digest)
		}
		have, err := im.s.d.Meta.LFSObjects(ctx, im.repo.ID, ds)
		if err != nil {
			return err
		}
		for j, p := range part {
			im.progress.Tell("storing large files", int64(i+j), int64(len(ptrs)))
			if _, ok := have[p.Digest]; ok {
				continue
			}
			if err := im.put(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (im *importing) put(ctx context.Context, p lfspointer.Pointer) error {
	f, err := im.src.Large(p.Digest)
	if hub.Is(err, hub.NotFound) {
		im.out.Missing++ // the push will say for which branch that matters
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	g, err := im.grant(ctx, access.RepoWrite, access.Repo(im.q.To))
	if err != nil {
		return err
	}
	if err := im.s.d.Put(ctx, g, p.Digest, p.Size, f, im.event("repo.lfs")); err != nil {
		return err
	}
	im.out.LargeFiles++
	return nil
}
