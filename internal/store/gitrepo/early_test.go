package gitrepo

import (
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// pushed returns a pack that is too large for a row, and the commit that it brings.
func pushed(t *testing.T, dir string) (packed string, tip hub.OID) {
	t.Helper()
	blob := strings.TrimSpace(git(t, dir, noise(7, 200<<10), "hash-object", "-w", "--stdin"))
	tree := strings.TrimSpace(git(t, dir, "100644 blob "+blob+"\tlarge\n", "mktree"))
	commit := strings.TrimSpace(git(t, dir, "large", "commit-tree", tree))
	tip, err := hub.ParseOID(commit)
	ok(t, err)
	return git(t, dir, commit+"\n", "pack-objects", "--revs", "--stdout", "-q"), tip
}

// TestPacksAreStoredWhileTheyAreChecked holds that a pack that is stored early is published once, also at a second try, and that
// nothing is left of one that is not.
func TestPacksAreStoredWhileTheyAreChecked(t *testing.T) {
	s, meta, blobs := newStore(t)
	repo := newRepo(t, s)
	put(t, s, repo, 1, map[string]string{"first": "text"})
	packed, tip := pushed(t, export(t, s, repo))
	before := keys(t, blobs)
	receive := func() *Incoming {
		in, err := s.Receive(t.Context(), repo, strings.NewReader(packed), Limits{Bytes: 1 << 30, Objects: 1 << 20, Inflated: 1 << 30})
		ok(t, err)
		if in.early == nil {
			t.Fatal("nothing is being stored")
		}
		return in
	}
	left := func(want int) {
		t.Helper()
		if n := keys(t, blobs) - before; n != want || meta.count(repo, hub.PackStaged) != 0 {
			t.Errorf("%d packs are stored, %d are staged", n, meta.count(repo, hub.PackStaged))
		}
	}

	in := receive()
	in.Abort() // most likely while it is being stored
	left(0)

	in = receive()
	<-in.early.done // certainly after it
	in.Abort()
	left(0)

	in = receive()
	defer in.Abort()
	conn := in.Connect(t.Context())
	ok(t, conn.Tip(tip, func(NewFile) error { return nil }))
	ok(t, conn.Prove(t.Context()))
	wrong := hub.RefUpdate{Name: BranchPrefix + "next", Old: tip, New: tip}
	if _, err := in.Publish(t.Context(), hub.Publication{Refs: []hub.RefUpdate{wrong}}); err == nil {
		t.Fatal("a ref was changed that is not there")
	}
	left(0)
	_, err := in.Publish(t.Context(), hub.Publication{Refs: []hub.RefUpdate{{Name: BranchPrefix + "next", New: tip}}})
	ok(t, err)
	left(1)
}

// TestAFullDiskIsFoundOutAtPublication holds that an error of storing early is the publication's.
func TestAFullDiskIsFoundOutAtPublication(t *testing.T) {
	s, meta, blobs := newStore(t)
	repo := newRepo(t, s)
	put(t, s, repo, 1, map[string]string{"first": "text"})
	packed, tip := pushed(t, export(t, s, repo))
	s.blobs = fullStore{blobs}
	in, err := s.Receive(t.Context(), repo, strings.NewReader(packed), Limits{Bytes: 1 << 30, Objects: 1 << 20, Inflated: 1 << 30})
	ok(t, err)
	defer in.Abort()
	_, err = in.Publish(t.Context(), hub.Publication{Refs: []hub.RefUpdate{{Name: BranchPrefix + "next", New: tip}}})
	if !hub.Is(err, hub.InsufficientStorage) {
		t.Error(err)
	}
	if n := meta.count(repo, hub.PackStaged); n != 0 {
		t.Errorf("%d packs are staged", n)
	}
}
