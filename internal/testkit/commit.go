package testkit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// Change is one file of a commit made directly in the stores. A large one is kept in the blob store, with a
// pointer in git.
type Change struct {
	Path    string
	Content []byte
	Large   bool
	Delete  bool
}

// Commit adds a commit to the default branch, as the person behind the token, and returns it. Nothing is
// asked of the access engine.
func (h *Hub) Commit(token string, id hub.RepoID, message string, changes ...Change) hub.OID {
	h.T.Helper()
	ctx := context.Background()
	r, _, err := h.DB.RepoByName(ctx, id)
	h.must(err)
	w, err := h.Git.Begin(ctx, r.ID)
	h.must(err)
	defer w.Abort()
	pub := hub.Publication{ID: hub.NewID(), RepoID: r.ID, GCEpoch: r.GCEpoch, Event: hub.Event{Type: "repo.commit", RepoID: r.ID}}
	steps := make([]gitrepo.TreeChange, len(changes))
	for i, c := range changes {
		steps[i] = gitrepo.TreeChange{Path: c.Path}
		if c.Delete {
			continue
		}
		steps[i].Mode = gitrepo.ModeFile
		if c.Large {
			d := h.Large(r.ID, c.Content)
			pub.LFS = append(pub.LFS, d)
			steps[i].OID, err = w.Pointer(d, int64(len(c.Content)))
		} else {
			steps[i].OID, err = w.Blob(int64(len(c.Content)), bytes.NewReader(c.Content))
		}
		h.must(err)
		if c.Path == "README.md" {
			card := repos.CardOf(id.Type, c.Content)
			pub.Card = &card
		}
	}
	parent, err := w.Base().Commit(ctx, r.HeadOID)
	h.must(err)
	tree, err := w.Apply(ctx, w.Base(), parent.Tree, steps)
	h.must(err)
	who := repos.SignatureOf(h.Subject(token), parent.Author.When)
	commit, err := w.Commit(tree, []hub.OID{parent.OID}, who, who, message)
	h.must(err)
	pub.Head, pub.Refs = &commit, []hub.RefUpdate{{Name: "refs/heads/" + hub.DefaultBranch, Old: parent.OID, New: commit}}
	_, err = w.Publish(ctx, pub)
	h.must(err)
	return commit
}

// Large stores a large file and links it to a repository.
func (h *Hub) Large(repoID hub.ID, content []byte) hub.Digest {
	h.T.Helper()
	ctx := context.Background()
	sum := sha256.Sum256(content)
	d := hub.Digest(hex.EncodeToString(sum[:]))
	size, key := int64(len(content)), "lfs/"+string(d)
	_, err := h.Blobs.Create(ctx, key, bytes.NewReader(content), blob.Expect{Size: size, SHA256: d})
	h.must(err)
	h.must(h.DB.CompleteLFS(ctx, repoID, d, size, key, hub.Event{Type: "lfs.upload", RepoID: repoID}))
	return d
}
