package transfer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/commitlines"
	"github.com/ambit-hub/ambit/internal/format/modelcard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// checkLarge holds that every large file of the commit has been uploaded to this repository. A file that nobody
// ever uploaded and one that only others have look the same.
func (c *change) checkLarge(ctx context.Context) error {
	if len(c.large) == 0 {
		return nil
	}
	var digests []hub.Digest
	for _, f := range c.large {
		digests = append(digests, f.digest)
	}
	have, err := c.svc.meta.LFSObjects(ctx, c.repo.ID, digests)
	if err != nil {
		return err
	}
	for _, f := range c.large {
		size, ok := have[f.digest]
		if !ok {
			return hub.Errorf(hub.InvalidInput, "The large file %q (sha256 %s) has not been uploaded to this repository: upload it before the commit.", f.path, f.digest)
		}
		if f.size >= 0 && f.size != size {
			return hub.Errorf(hub.InvalidInput, "The large file %q (sha256 %s) has %d bytes, but the commit says %d.", f.path, f.digest, size, f.size)
		}
		if f.step < 0 {
			continue
		}
		if c.steps[f.step].oid, err = c.writer.Pointer(f.digest, size); err != nil {
			return err
		}
	}
	return nil
}

// publish builds the commit on the branch's head and makes it visible, again on a newer head if that moved.
func (c *change) publish(ctx context.Context, rev string) (hub.OID, error) {
	leave, err := c.svc.branch.Enter(ctx, c.repo.ID)
	if err != nil {
		return hub.ZeroOID, err
	}
	defer leave()
	for range publishTries {
		t, err := c.svc.findBranch(ctx, c.repo, rev)
		if err != nil {
			return hub.ZeroOID, err
		}
		oid, err := c.publishOn(ctx, t)
		switch {
		case errors.Is(err, hub.ErrEpoch):
			if err := c.renew(ctx); err != nil {
				return hub.ZeroOID, err
			}
		case !hub.Is(err, hub.PreconditionFailed) || c.header.Parent != "":
			return oid, err
		}
	}
	return hub.ZeroOID, hub.Errorf(hub.Conflict, "The branch is being changed too fast to commit to it; try again.")
}

// renew goes on from the repository as it is after garbage was collected.
func (c *change) renew(ctx context.Context) error {
	g, err := c.svc.authz.Recheck(ctx, c.grant)
	if err != nil {
		return err
	}
	if c.repo, err = g.Repo(access.RepoWrite); err != nil { // its epoch first, then its objects
		return err
	}
	return c.writer.Renew(ctx)
}

func (c *change) publishOn(ctx context.Context, t tip) (hub.OID, error) {
	snap, err := c.svc.git.Open(ctx, c.repo.ID)
	if err != nil {
		return hub.ZeroOID, err
	}
	defer snap.Close()
	if c.header.Parent != "" && !namesCommit(c.header.Parent, t.head) {
		if done, err := c.isRepetition(ctx, snap, t.head); done || err != nil {
			return t.head, err
		}
		return hub.ZeroOID, hub.Errorf(hub.PreconditionFailed, MessageBranchMoved)
	}
	parentTree, parents, err := treeOf(ctx, snap, t.head)
	if hub.Is(err, hub.RevisionNotFound) { // the branch was moved, and its old head is gone
		err = hub.Wrap(err, hub.PreconditionFailed, MessageBranchMoved)
	}
	if err != nil {
		return hub.ZeroOID, err
	}
	tree, err := c.apply(ctx, snap, t.head, parentTree)
	if hub.Is(err, hub.EntryNotFound) {
		// Deleting what is gone is an error, unless it is gone because this very commit is already there.
		if done, rerr := c.isRepetition(ctx, snap, t.head); done || rerr != nil {
			return t.head, rerr
		}
	}
	if err != nil {
		return hub.ZeroOID, err
	}
	if tree == parentTree && !t.head.IsZero() {
		return t.head, nil
	}
	who := c.svc.sign(c.grant.Subject(), c.svc.now())
	commit, err := c.writer.Commit(tree, parents, who, who, c.message())
	if err != nil {
		return hub.ZeroOID, err
	}
	if _, err := c.svc.authz.Recheck(ctx, c.grant); err != nil {
		return hub.ZeroOID, err
	}
	_, err = c.writer.Publish(ctx, c.publication(t, commit))
	if hub.Is(err, hub.PreconditionFailed) && c.header.Parent != "" {
		return hub.ZeroOID, hub.Wrap(err, hub.PreconditionFailed, MessageBranchMoved)
	}
	return commit, err
}

func (c *change) publication(t tip, commit hub.OID) hub.Publication {
	ev := c.event
	ev.RepoID, ev.NamespaceID = c.repo.ID, c.repo.NamespaceID
	ev.Message = fmt.Sprintf("Committed %d operations to %s: %s", len(c.steps), strings.TrimPrefix(t.name, "refs/heads/"), clip(c.header.Summary, 200))
	p := hub.Publication{
		ID: hub.NewID(), RepoID: c.repo.ID, GCEpoch: c.repo.GCEpoch, Event: ev,
		Refs: []hub.RefUpdate{{Name: t.name, Old: t.head, New: commit}},
	}
	for _, f := range c.large {
		p.LFS = append(p.LFS, f.digest)
	}
	if t.isDefault() {
		p.Head = &commit
		if c.readme != nil {
			card := modelcard.Summarize(c.repo.Type, c.readme.text)
			p.Card = &card
		}
	}
	return p
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}

func treeOf(ctx context.Context, snap *gitrepo.Snapshot, head hub.OID) (tree hub.OID, parents []hub.OID, err error) {
	if head.IsZero() {
		return hub.ZeroOID, nil, nil
	}
	commit, err := snap.Commit(ctx, head)
	return commit.Tree, []hub.OID{head}, err
}

// apply turns the steps into a tree on top of a commit.
func (c *change) apply(ctx context.Context, snap *gitrepo.Snapshot, head, parentTree hub.OID) (hub.OID, error) {
	changes, err := c.treeChanges(ctx, snap, head)
	if err != nil {
		return hub.ZeroOID, err
	}
	rules, err := c.newRules(ctx, snap, head)
	if err != nil {
		return hub.ZeroOID, err
	}
	return c.writer.Apply(ctx, snap, parentTree, append(changes, rules...))
}

// treeChanges decides for each deletion whether it means a file or a folder.
func (c *change) treeChanges(ctx context.Context, snap *gitrepo.Snapshot, head hub.OID) ([]gitrepo.TreeChange, error) {
	var gone []string
	for _, st := range c.steps {
		if st.kind != commitlines.File && st.kind != commitlines.LFSFile {
			gone = append(gone, st.path)
		}
	}
	type found struct{ folder, there bool }
	at := map[string]found{}
	if len(gone) > 0 && !head.IsZero() {
		entries, err := snap.Entries(ctx, head, gone)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			at[e.Path] = found{e.Type == gitrepo.TypeDirectory, true}
		}
	}
	changes := make([]gitrepo.TreeChange, len(c.steps))
	for i, st := range c.steps {
		tc := gitrepo.TreeChange{Path: st.path}
		switch {
		case st.kind == commitlines.File || st.kind == commitlines.LFSFile:
			tc.Mode, tc.OID, tc.Content = gitrepo.ModeFile, st.oid, true
		case at[st.path].folder, st.kind == commitlines.DeletedFolder && !at[st.path].there:
			tc.DeleteDir = true
		}
		changes[i] = tc
	}
	return changes, nil
}
