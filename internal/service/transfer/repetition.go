package transfer

import (
	"context"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// mayBeRepetition tells whether head looks like this commit, made a moment ago by the same caller: then a
// client may have lost the answer and sends it again.
func (c *change) mayBeRepetition(ctx context.Context, head hub.OID) (bool, error) {
	if head.IsZero() {
		return false, nil
	}
	snap, err := c.svc.git.Open(ctx, c.repo.ID)
	if err != nil {
		return false, err
	}
	defer snap.Close()
	commit, err := snap.Commit(ctx, head)
	if err != nil {
		return false, err
	}
	return c.looksLike(commit), nil
}

func (c *change) looksLike(commit gitrepo.Commit) bool {
	now := c.svc.now()
	who := c.svc.sign(c.grant.Subject(), now)
	age := now.Sub(commit.Author.When)
	return len(commit.Parents) == 1 && commit.Author.Name == who.Name && commit.Author.Email == who.Email &&
		age < retryWindow && strings.TrimRight(commit.Message, "\n") == strings.TrimRight(c.message(), "\n") &&
		(c.header.Parent == "" || namesCommit(c.header.Parent, commit.Parents[0]))
}

// isRepetition decides it for good: the change, made of head's parent, gives head's tree.
func (c *change) isRepetition(ctx context.Context, snap *gitrepo.Snapshot, head hub.OID) (bool, error) {
	if head.IsZero() || c.grant.Subject().ActorID() == "" {
		return false, nil
	}
	commit, err := snap.Commit(ctx, head)
	if err != nil || !c.looksLike(commit) {
		return false, err
	}
	parent := commit.Parents[0]
	parentTree, _, err := treeOf(ctx, snap, parent)
	if err != nil {
		return false, err
	}
	tree, err := c.apply(ctx, snap, parent, parentTree)
	if hub.Is(err, hub.EntryNotFound) {
		return false, nil
	}
	if err != nil || tree != commit.Tree {
		return false, err
	}
	_, err = c.svc.authz.Recheck(ctx, c.grant)
	return err == nil, err
}
