package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

// Writer collects the objects of one change in one pack. It is not safe for concurrent use.
type Writer struct {
	store *Store
	repo  hub.ID
	base  *Snapshot // as the repository was at Begin; a repository that does not exist has no packs
	v     *view     // what base showed then, retained until the writer ends
	b     *pack.Builder

	// attempt is where the trees and commits begin that were made since the last blob: after a lost race they
	// are taken back, because new ones take their place.
	attempt   pack.Mark
	attempted bool

	relied  map[hub.OID]bool // blobs that are not held because the view has them
	applied map[hub.OID]bool // trees that Apply returned because they lie in the view it was given
}

// Begin starts a change of a repository. A repository that does not exist yet counts as empty; see PublishNew.
// The caller must end the writer with Publish, PublishNew or Abort; Abort after success does nothing.
func (s *Store) Begin(ctx context.Context, repoID hub.ID) (*Writer, error) {
	base, err := s.Open(ctx, repoID)
	if hub.Is(err, hub.RepoNotFound) {
		base, err = &Snapshot{store: s, v: &view{repo: repoID, refs: 1}}, nil
	}
	if err != nil {
		return nil, err
	}
	dir, err := s.tempDir()
	if err != nil {
		return nil, errors.Join(err, base.Close())
	}
	w := &Writer{store: s, repo: repoID, base: base, b: pack.NewBuilder(dir, s.cfg.SpoolMemory), applied: map[hub.OID]bool{}, relied: map[hub.OID]bool{}}
	s.retain(base.v)
	w.v = base.v
	w.b.Known = func(oid hub.OID) bool {
		_, _, ok := w.v.find(oid)
		return ok
	}
	return w, nil
}

// Base returns the view of the repository that the writer started from; it is closed together with the writer.
func (w *Writer) Base() *Snapshot { return w.base }

var errEnded = errors.New("gitrepo: the writer has ended")

// Blob adds a blob of exactly size bytes read from r; Unprocessable when r ends early or has more.
// Bytes stream: a big blob is never whole in memory. What the repository already has is not stored again.
func (w *Writer) Blob(size int64, r io.Reader) (hub.OID, error) {
	if w.b == nil {
		return hub.ZeroOID, errEnded
	}
	w.attempted = false
	return w.rely(w.b.AddBlob(size, r))
}

// rely notes a blob that was added and is not held.
func (w *Writer) rely(oid hub.OID, err error) (hub.OID, error) {
	if err == nil {
		if _, held := w.b.Has(oid); !held {
			w.relied[oid] = true
		}
	}
	return oid, err
}

// Pointer adds the git-lfs pointer of a large file.
func (w *Writer) Pointer(digest hub.Digest, size int64) (hub.OID, error) {
	if w.b == nil {
		return hub.ZeroOID, errEnded
	}
	if _, err := hub.ParseDigest(string(digest)); err != nil {
		return hub.ZeroOID, err
	}
	if size < 0 {
		return hub.ZeroOID, hub.Errorf(hub.Unprocessable, "The size of a large file is negative.")
	}
	w.attempted = false
	return w.rely(w.b.Add(object.KindBlob, lfspointer.Pointer{Digest: digest, Size: size}.Format()))
}

// add holds a tree, commit or tag.
func (w *Writer) add(kind object.Kind, data []byte) (hub.OID, error) {
	if w.b == nil {
		return hub.ZeroOID, errEnded
	}
	if !w.attempted {
		var err error
		if w.attempt, err = w.b.Mark(); err != nil {
			return hub.ZeroOID, err
		}
		w.attempted = true
	}
	return w.b.Add(kind, data)
}

// Commit adds a commit. Signatures and message are cleaned as git does.
func (w *Writer) Commit(tree hub.OID, parents []hub.OID, author, committer Signature, message string) (hub.OID, error) {
	if err := w.expect(tree, object.KindTree); err != nil {
		return hub.ZeroOID, err
	}
	c := Commit{Tree: tree, Parents: parents, Author: author, Committer: committer, Message: message}
	return w.add(object.KindCommit, c.Clean().Format())
}

// expect checks that an object is held or known, so that nothing dangles after the publication.
func (w *Writer) expect(oid hub.OID, kind object.Kind) error {
	if w.b == nil {
		return errEnded
	}
	if k, ok := w.b.Has(oid); ok && k == kind {
		return nil
	}
	if k, ok := w.v.kind(oid); ok && k == kind {
		return nil
	}
	if kind == object.KindTree && w.applied[oid] {
		return nil
	}
	return fmt.Errorf("%w: %s %s", errMissing, kind, oid)
}

// Tag adds an annotated tag of a commit. Unprocessable for a name that no tag may have.
func (w *Writer) Tag(target hub.OID, name string, tagger Signature, message string) (hub.OID, error) {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return hub.ZeroOID, hub.Errorf(hub.Unprocessable, "%q cannot be the name of a tag.", name)
	}
	t := object.Tag{Target: target, Kind: object.KindCommit, Name: name, Tagger: tagger, Message: message}
	return w.add(object.KindTag, t.Format())
}

// Pointers returns the large files named by the pointers that this writer adds to the repository, whether they came
// through Pointer or as the content of a Blob. Publish demands that the repository owns them.
func (w *Writer) Pointers() []hub.Digest {
	if w.b == nil {
		return nil
	}
	var ds []hub.Digest
	for _, p := range w.b.Pointers() {
		ds = append(ds, p.Digest)
	}
	return ds
}

// Abort forgets everything that was not published. It may be called at any time, also twice.
func (w *Writer) Abort() {
	if w.b == nil {
		return
	}
	w.b.Close() // an unnamed temporary file: nothing that could be lost
	w.b = nil
	w.store.release(w.v)
	w.base.Close()
}

// tree returns a tree that this writer made, or one of the view.
func (w *Writer) tree(v *view, oid hub.OID) (*object.Tree, error) {
	if oid.IsZero() {
		return noEntries, nil
	}
	data, ok, err := w.b.Read(oid)
	if err != nil {
		return nil, err
	}
	if ok {
		return object.ParseTree(data)
	}
	return w.store.tree(v, oid)
}
