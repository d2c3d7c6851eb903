package repos

import (
	"bytes"
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/format/modelcard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// Limits of the files that may come with a creation.
const (
	MaxInitialFiles = 100
	maxShortText    = 60 // characters of a Space's short description
)

// NewRepo says what to create; the name is in the grant.
type NewRepo struct {
	Visibility       hub.Visibility // "" follows the owner's default
	SDK              string         // spaces only, and required there
	License          string         // these three go into the README's front matter
	LicenseName      string
	LicenseLink      string
	ShortDescription string                // spaces only
	Files            []File                // of the first commit
	Warn             func(sentence string) // hears of access tokens in the files, where those are not refused; may be nil
}

// File is one file of a first commit.
type File struct {
	Path    string
	Content []byte
}

// CheckNewRepo tells whether a request to create id is well formed; the error is InvalidInput or
// Unprocessable.
func CheckNewRepo(id hub.RepoID, n NewRepo) error {
	if err := hub.CheckRepoName(id.Name); err != nil {
		return err
	}
	switch n.Visibility {
	case "", hub.Public, hub.Private:
	case hub.Protected:
		if id.Type != hub.Space {
			return hub.Errorf(hub.InvalidInput, "Only a Space can be protected.")
		}
	default:
		return hub.Errorf(hub.InvalidInput, "Unknown visibility %q: use public, private or, for Spaces, protected.", string(n.Visibility))
	}
	if id.Type == hub.Space && !modelcard.KnownSDK(n.SDK) {
		return hub.Errorf(hub.InvalidInput, "A Space needs an sdk: gradio, streamlit, docker or static.")
	}
	if n.License != "" && !modelcard.KnownLicense(n.License) {
		return hub.Errorf(hub.InvalidInput, "Unknown license %q: use the name of one, or other with license_name and license_link.", clip(n.License))
	}
	if len([]rune(n.ShortDescription)) > maxShortText {
		return hub.Errorf(hub.InvalidInput, "The short description is longer than %d characters.", maxShortText)
	}
	return checkFiles(n.Files)
}

func checkFiles(files []File) error {
	if len(files) > MaxInitialFiles {
		return hub.Errorf(hub.TooLarge, "A repository can be created with at most %d files; commit the others afterwards.", MaxInitialFiles)
	}
	seen := map[string]bool{}
	for _, f := range files {
		if err := gitrepo.CheckPath(f.Path); err != nil {
			return err
		}
		if seen[f.Path] {
			return hub.Errorf(hub.InvalidInput, "The file %q stands twice in the list of files.", f.Path)
		}
		seen[f.Path] = true
		// A pointer would name a large file that this repository has never received.
		if _, isPointer := lfspointer.Parse(f.Content); isPointer {
			return hub.Errorf(hub.Unprocessable, "The file %q is a pointer to a large file, which a new repository does not have.", f.Path)
		}
	}
	return nil
}

// Create makes the repository that g allows, with one commit titled "initial commit".
// Conflict, with the existing repository's path as URL, when the name is taken; InvalidInput and
// Unprocessable as CheckNewRepo; Unprocessable for access tokens in the files, where those are refused.
func (s *Service) Create(ctx context.Context, g access.Grant, n NewRepo, ev hub.Event) (hub.Repo, error) {
	id, owner, err := g.NewRepo()
	if err != nil {
		return hub.Repo{}, err
	}
	if err := CheckNewRepo(id, n); err != nil {
		return hub.Repo{}, err
	}
	// Most callers that meet an existing repository only want to know that it is there; a race is decided by
	// the unique name in the transaction.
	if r, moved, err := s.meta.RepoByName(ctx, id); err == nil && !moved {
		return hub.Repo{}, exists(r.RepoID)
	} else if err != nil && !hub.Is(err, hub.RepoNotFound) {
		return hub.Repo{}, err
	}
	if n.Visibility == "" {
		if n.Visibility, err = s.defaultVisibility(ctx, owner); err != nil {
			return hub.Repo{}, err
		}
	}
	now := s.now().UTC()
	repo := hub.Repo{
		RepoID: id, NamespaceID: owner.ID, OwnerIsOrg: owner.Kind == hub.OrgNamespace,
		CreatorID: g.Subject().ActorID(), GroupID: groupOf(g), Visibility: n.Visibility, CreatedAt: now, UpdatedAt: now,
	}
	if id.Type == hub.Space {
		repo.SDK = n.SDK
	}
	ev.NamespaceID = owner.ID
	ev.Message = "Created the " + string(id.Type) + " " + id.FullName() + " (" + string(repo.Visibility) + ")."
	err = hub.GiveID(now, func(row hub.ID) error {
		repo.ID, ev.RepoID = row, row
		files := initialFiles(id, n)
		if err := s.judgeFiles(ctx, repo, ev, n.Warn, files); err != nil {
			return err
		}
		return s.publishFirst(ctx, &repo, files, SignatureOf(g.Subject(), now), ev)
	})
	if hub.Is(err, hub.Conflict) {
		return hub.Repo{}, exists(id)
	}
	return repo, err
}

// groupOf is the resource group in which g allows to create, "" for none.
func groupOf(g access.Grant) hub.ID {
	for _, a := range []access.Action{access.RepoCreate, access.RepoCreatePublic} {
		if x, err := g.Group(a); err == nil {
			return x.ID
		}
	}
	return ""
}

func exists(id hub.RepoID) error {
	return &hub.Error{Code: hub.Conflict, Message: "You already created this " + string(id.Type) + " repo: " + id.FullName() + " exists.", URL: id.WebPath()}
}

func (s *Service) defaultVisibility(ctx context.Context, owner hub.Namespace) (hub.Visibility, error) {
	if owner.Kind != hub.OrgNamespace {
		return hub.Public, nil
	}
	org, err := s.meta.OrgByID(ctx, owner.ID)
	if err != nil {
		return "", err
	}
	rules, err := s.meta.OrgRules(ctx, owner.ID)
	if err != nil {
		return "", err
	}
	switch {
	case rules.PrivateOnly:
		return hub.Private, nil
	case org.DefaultVisibility == "":
		return hub.Public, nil
	}
	return org.DefaultVisibility, nil
}

// initialFiles completes the caller's files: every repository has a .gitattributes, and a README.md where
// there is something to say in it.
func initialFiles(id hub.RepoID, n NewRepo) []File {
	files := append([]File(nil), n.Files...)
	has := func(path string) bool {
		for _, f := range files {
			if f.Path == path {
				return true
			}
		}
		return false
	}
	if !has(".gitattributes") {
		files = append(files, File{".gitattributes", DefaultAttributes(id.Type)})
	}
	if !has("README.md") {
		if readme := initialReadme(id, n); readme != nil {
			files = append(files, File{"README.md", readme})
		}
	}
	return files
}

func initialReadme(id hub.RepoID, n NewRepo) []byte {
	var fields []modelcard.Field
	if id.Type == hub.Space {
		fields = append(fields, modelcard.Field{Key: "title", Value: id.Name}, modelcard.Field{Key: "sdk", Value: n.SDK},
			modelcard.Field{Key: "short_description", Value: n.ShortDescription})
	}
	fields = append(fields, modelcard.Field{Key: "license", Value: n.License},
		modelcard.Field{Key: "license_name", Value: n.LicenseName}, modelcard.Field{Key: "license_link", Value: n.LicenseLink})
	return modelcard.FrontMatter(fields...)
}

func (s *Service) publishFirst(ctx context.Context, repo *hub.Repo, files []File, who gitrepo.Signature, ev hub.Event) error {
	w, err := s.git.Begin(ctx, repo.ID)
	if err != nil {
		return err
	}
	defer w.Abort()
	var changes []gitrepo.TreeChange
	for _, f := range files {
		oid, err := w.Blob(int64(len(f.Content)), bytes.NewReader(f.Content))
		if err != nil {
			return err
		}
		changes = append(changes, gitrepo.TreeChange{Path: f.Path, Mode: gitrepo.ModeFile, OID: oid})
		if f.Path == "README.md" {
			repo.Card = CardOf(repo.Type, f.Content)
		}
	}
	tree, err := w.Apply(ctx, nil, hub.ZeroOID, changes)
	if err != nil {
		return err
	}
	commit, err := w.Commit(tree, nil, who, who, "initial commit")
	if err != nil {
		return err
	}
	repo.HeadOID = commit
	return w.PublishNew(ctx, *repo, hub.Publication{
		ID: hub.NewID(), RepoID: repo.ID, Event: ev, Head: &commit, Card: &repo.Card,
		Refs: []hub.RefUpdate{{Name: "refs/heads/" + hub.DefaultBranch, New: commit}},
	})
}
