package gitrepo

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Meta is what this package needs of the metadata store. Methods may be called concurrently.
type Meta interface {
	// LivePacks returns the generation of a repository and its live packs; RepoNotFound if it does not exist.
	LivePacks(ctx context.Context, repoID hub.ID) (gen int64, packs []hub.Pack, err error)
	// LiveState returns what LivePacks does and all refs in the order of their names, all of the same generation.
	LiveState(ctx context.Context, repoID hub.ID) (gen int64, packs []hub.Pack, refs []hub.Ref, err error)
	// PackInline returns the stored object of a pack whose BlobKey is empty; NotFound once the row is gone.
	PackInline(ctx context.Context, packID hub.ID) ([]byte, error)
	// StagePack records the intent to store a pack under its blob key, until lease.
	StagePack(ctx context.Context, p hub.Pack, lease time.Time) error
	// DropStaged forgets an intent. It must leave a pack alone that is no longer staged.
	DropStaged(ctx context.Context, packID hub.ID) error
	// Publish makes a publication visible in one transaction and returns the new generation;
	// PreconditionFailed if a ref is not at its old target.
	Publish(ctx context.Context, p hub.Publication) (gen int64, err error)
	// CreateRepo makes a repository together with its first publication; Conflict if the name is taken, and with
	// hub.ErrTailTaken as cause.
	CreateRepo(ctx context.Context, r hub.Repo, p hub.Publication, ev hub.Event) error
	// PutClosure keeps what the tips of a repository lead to, TooLarge for more than 4 MiB; Closure returns what was kept
	// last, NotFound when that is nothing. It is a cache, which may be old.
	PutClosure(ctx context.Context, repoID hub.ID, body []byte) error
	Closure(ctx context.Context, repoID hub.ID) (body []byte, err error)
	// Ref returns one ref by its full name; RevisionNotFound if there is none.
	Ref(ctx context.Context, repoID hub.ID, name string) (hub.Ref, error)
}
