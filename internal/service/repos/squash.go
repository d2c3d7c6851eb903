package repos

import (
	"context"
	"errors"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// MaxSquashMessage is the length in characters that the message of a squash may have.
const MaxSquashMessage = 500

// Squash replaces the history of a branch, pull request or conversion by one commit with the same files.
// g must hold RepoWrite. RevisionNotFound when rev is none of these; PreconditionFailed when a commit came
// in between; Unprocessable for an access token in the message, where those are refused; otherwise warn, which may be nil, hears of it.
func (s *Service) Squash(ctx context.Context, g access.Grant, rev, message string, ev hub.Event, warn func(string)) (hub.OID, error) {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return hub.ZeroOID, err
	}
	if len([]rune(message)) > MaxSquashMessage {
		return hub.ZeroOID, hub.Errorf(hub.InvalidInput, "The message is longer than %d characters.", MaxSquashMessage)
	}
	var commit hub.OID
	err = s.unlessCleaned(ctx, repo, func(repo hub.Repo) error {
		commit, err = s.squash(ctx, g, repo, rev, message, ev, warn)
		return err
	})
	return commit, err
}

func (s *Service) squash(ctx context.Context, g access.Grant, repo hub.Repo, rev, message string, ev hub.Event, warn func(string)) (hub.OID, error) {
	name := branchPrefix + rev
	if strings.HasPrefix(rev, pullPrefix) || strings.HasPrefix(rev, convertPrefix) {
		name = rev
	}
	w, err := s.git.Begin(ctx, repo.ID)
	if err != nil {
		return hub.ZeroOID, err
	}
	defer w.Abort()
	ref, err := s.meta.Ref(ctx, repo.ID, name)
	if hub.Is(err, hub.RevisionNotFound) {
		return hub.ZeroOID, hub.Errorf(hub.RevisionNotFound, "Invalid rev id: %s", rev)
	}
	if err != nil {
		return hub.ZeroOID, err
	}
	old, err := w.Base().Commit(ctx, ref.Target)
	if err != nil {
		return hub.ZeroOID, err
	}
	if err := s.judge(ctx, repo, ev, warn, text{"the commit's message", message}); err != nil {
		return hub.ZeroOID, err
	}
	who := SignatureOf(g.Subject(), s.now())
	commit, err := w.Commit(old.Tree, nil, who, who, message)
	if err != nil {
		return hub.ZeroOID, err
	}
	ev.RepoID, ev.NamespaceID = repo.ID, repo.NamespaceID
	ev.Message = "Squashed the history of " + name + " of " + repo.FullName() + "."
	pub := hub.Publication{ID: hub.NewID(), RepoID: repo.ID, GCEpoch: repo.GCEpoch, Event: ev,
		Refs: []hub.RefUpdate{{Name: name, Old: ref.Target, New: commit}}}
	if name == branchPrefix+hub.DefaultBranch {
		pub.Head = &commit // the files, and with them the card, stay the same
	}
	_, err = w.Publish(ctx, pub)
	var m *hub.RefMismatch
	if errors.As(err, &m) {
		return hub.ZeroOID, hub.Wrap(err, hub.PreconditionFailed, "The branch was updated while it was squashed. Please try again.")
	}
	return commit, err
}
