package xet

import (
	"context"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Connection is where the transfers of a repository go, and what they may do there.
type Connection struct {
	Repo   hub.Repo
	Path   string
	Action access.Action // RepoContentRead; RepoWrite; or DiscussionWrite: for a proposal by somebody who may not write
}

// Read connects for reading a revision. g holds RepoContentRead. RevisionNotFound.
func (s *Service) Read(ctx context.Context, g access.Grant, rev string) (Connection, error) {
	repo, err := g.Repo(access.RepoContentRead)
	if err == nil {
		err = s.checkRevision(ctx, repo, rev)
	}
	if err != nil {
		return Connection{}, err
	}
	return s.connection(ctx, repo, access.RepoContentRead)
}

// Write connects for uploading to a branch. g holds RepoWrite. rev "" is not checked. RevisionNotFound.
func (s *Service) Write(ctx context.Context, g access.Grant, rev string) (Connection, error) {
	repo, err := g.Repo(access.RepoWrite)
	if err == nil && rev != "" {
		err = s.checkRevision(ctx, repo, rev)
	}
	if err != nil {
		return Connection{}, err
	}
	return s.connection(ctx, repo, access.RepoWrite)
}

// Propose connects for uploading what a pull request is to bring: a new one, for which rev is "", or the one of the
// revision rev. g holds RepoContentRead. To open one takes the right to discuss, to change one that or the right to write. Who
// may write gets what Write gives. Forbidden and the like as access decides, or where the repository takes no pull requests;
// RevisionNotFound.
func (s *Service) Propose(ctx context.Context, g access.Grant, rev string) (Connection, error) {
	repo, err := g.Repo(access.RepoContentRead)
	if err != nil {
		return Connection{}, err
	}
	may := func(a access.Action) error {
		_, err := s.authz.Authorize(ctx, g.Subject(), access.Need{Action: a, Target: access.RepoRow(repo.ID)})
		return err
	}
	writes, discusses := may(access.RepoWrite), may(access.DiscussionWrite)
	switch {
	case repo.DiscussionsDisabled && (rev == "" || writes != nil):
		return Connection{}, &hub.Error{Code: hub.Forbidden, Reason: "discussions.disabled", Message: "Discussions and pull requests are disabled for this repository."}
	case discusses != nil && (rev == "" || writes != nil):
		return Connection{}, discusses
	}
	if rev != "" {
		if err := s.checkRevision(ctx, repo, rev); err != nil {
			return Connection{}, err
		}
	}
	if writes == nil {
		return s.connection(ctx, repo, access.RepoWrite)
	}
	return s.connection(ctx, repo, access.DiscussionWrite)
}

// IsProposal tells whether a revision is that of a pull request.
func IsProposal(rev string) bool { return strings.HasPrefix(rev, "refs/pr/") }

// BasePath is the path below which the store's HTTP interface lies.
const BasePath = "/xet/"

// connection names the domain and the epoch of what clients remember of it, which they keep by the address. What proposals
// know of the owner's chunks must be forgotten with those.
func (s *Service) connection(ctx context.Context, repo hub.Repo, action access.Action) (Connection, error) {
	domain := repo.NamespaceID
	epoch, err := s.meta.XetEpoch(ctx, domain)
	if err == nil && action == access.DiscussionWrite {
		domain = repo.ID
		var own int64
		own, err = s.meta.XetEpoch(ctx, domain)
		epoch += own
	}
	return Connection{repo, BasePath + string(domain) + "-" + itoa(epoch), action}, err
}

func (s *Service) checkRevision(ctx context.Context, repo hub.Repo, rev string) error {
	snap, err := s.git.Open(ctx, repo.ID)
	if err != nil {
		return err
	}
	defer snap.Close()
	_, err = snap.Resolve(ctx, rev)
	if hub.Is(err, hub.RevisionNotFound) && repo.HeadOID.IsZero() && rev == hub.DefaultBranch {
		return nil // an empty repository: the first commit makes its branch
	}
	return err
}
