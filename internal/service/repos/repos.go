package repos

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/modelcard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/leaks"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// Meta is what this package needs of the metadata store; store/meta satisfies it.
type Meta interface {
	OrgByID(ctx context.Context, id hub.ID) (hub.Organization, error)
	OrgRules(ctx context.Context, orgID hub.ID) (hub.OrgRules, error)
	RepoByName(ctx context.Context, id hub.RepoID) (repo hub.Repo, moved bool, err error)
	// ChangeRepo lets change alter the settings of the row under its lock.
	ChangeRepo(ctx context.Context, id hub.ID, ev hub.Event, change func(*hub.Repo) (message string, err error)) error
	MoveRepo(ctx context.Context, id hub.ID, to hub.RepoID, namespaceID hub.ID, ev hub.Event) error
	DeleteRepo(ctx context.Context, id hub.ID, ev hub.Event) error
	ListRepos(ctx context.Context, q hub.RepoQuery) (repos []hub.Repo, next string, err error)
	Refs(ctx context.Context, repoID hub.ID, prefix string) ([]hub.Ref, error)
	Ref(ctx context.Context, repoID hub.ID, name string) (hub.Ref, error)
	Publish(ctx context.Context, pub hub.Publication) (gen int64, err error)
	// RepoByID is for the epoch of a repository that was cleaned up meanwhile.
	RepoByID(ctx context.Context, id hub.ID) (hub.Repo, error)
	// LFSKeyIn returns where a large file of the repository lies in one piece; NotFound.
	LFSKeyIn(ctx context.Context, repoID hub.ID, d hub.Digest) (key string, size int64, err error)
	LFSObjects(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]int64, error)
	LFSLinkedSince(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]time.Time, error)
	PurgeLFS(ctx context.Context, repoID hub.ID, gen int64, objects []hub.LFSObject) error
}

// Blobs opens stored large files, for the headers of safetensors files.
type Blobs interface {
	Open(ctx context.Context, key string) (blob.Object, error)
}

// Service does what callers may do with repositories. It is safe for concurrent use.
type Service struct {
	meta        Meta
	git         *gitrepo.Store
	blobs       Blobs
	chunked     func(ctx context.Context, repoID hub.ID, d hub.Digest) (blob.Object, error)
	now         func() time.Time
	leaks       leaks.Judge // nil: nobody looks for access tokens
	safetensors *headerCache
}

// New makes a Service. now may be nil for the machine's clock.
func New(meta Meta, git *gitrepo.Store, blobs Blobs, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{meta: meta, git: git, blobs: blobs, now: now, safetensors: newHeaderCache()}
}

// WithChunked sets what opens the large files of a repository that lie as chunks; NotFound. It returns the Service.
func (s *Service) WithChunked(open func(ctx context.Context, repoID hub.ID, d hub.Digest) (blob.Object, error)) *Service {
	s.chunked = open
	return s
}

// maxRowCard is the size in bytes up to which front matter lies in the row, as JSON. A page of a listing holds
// a thousand rows in memory; larger front matter is read from README.md when somebody asks for it.
const maxRowCard = 64 << 10

// CardOf makes the summary of a README that a publication carries when README.md changes.
func CardOf(t hub.RepoType, readme []byte) hub.Card {
	card := modelcard.Summarize(t, readme)
	if len(card.Data) > maxRowCard {
		card.Data = nil
	}
	return card
}

// SignatureOf is how commits name the subject: by the name of the account, with an address that delivers
// nothing, since a person's own must not be spread by a commit.
func SignatureOf(s *access.Subject, at time.Time) gitrepo.Signature {
	if a := s.Service(); a != nil {
		return gitrepo.Signature{Name: a.Name, Email: string(a.ID) + "@users.noreply.invalid", When: at.UTC()}
	}
	name := s.UserName()
	if name == "" {
		name = "ambit"
	}
	return gitrepo.Signature{Name: name, Email: name + "@users.noreply.invalid", When: at.UTC()}
}
