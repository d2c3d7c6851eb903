package transfer_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// between is a body that does something once its first part has been taken in.
type between struct {
	first, second io.Reader
	do            func()
}

func (b *between) Read(p []byte) (int, error) {
	if b.first != nil {
		if n, err := b.first.Read(p); n > 0 || err != io.EOF {
			return n, err
		}
		b.first = nil
		b.do()
	}
	return b.second.Read(p)
}

// A commit on its way while all garbage is dropped, with the very blob that the commit was not going to store because it lay
// among the garbage: it lands all the same, and has its file.
func TestCommitsOutlastACollection(t *testing.T) {
	s := start(t, transfer.Config{})
	g := s.grant("alice.write", access.RepoWrite, public)
	r := s.grant("alice.read", access.RepoContentRead, public)
	repo, err := g.Repo(access.RepoWrite)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(err)
	keeper := gitrepo.NewKeeper(s.Git, s.DB, gitrepo.KeeperConfig{})
	head, err := s.commit(g, "start", "", file("dir/start", "1"))
	ok(err)
	for i, withParent := range []bool{false, true} {
		lost := fmt.Sprintf("lost and found %d", i)
		gone, err := s.commit(g, "to be taken back", "", file("lost", lost), file("dir/big", strings.Repeat(lost, 1<<16)))
		ok(err)
		row, err := s.DB.RepoByID(t.Context(), repo.ID)
		ok(err)
		_, err = s.DB.Publish(t.Context(), hub.Publication{RepoID: repo.ID, GCEpoch: row.GCEpoch, Head: &head,
			Refs: []hub.RefUpdate{{Name: "refs/heads/main", Old: gone, New: head}}})
		ok(err)
		parent := ""
		if withParent {
			parent = head.String()
		}
		body := &between{
			first: strings.NewReader(fmt.Sprintf(`{"key":"header","value":{"summary":"found","parentCommit":%q}}`, parent) + "\n" +
				file("found", lost) + "\n" + file("dir/big", strings.Repeat(lost, 1<<16)) + "\n"),
			second: strings.NewReader(file("more", "more") + "\n"),
			do: func() {
				kept, err := keeper.GC(t.Context(), repo.ID, true, nil)
				if err != nil || kept.Dropped == 0 {
					t.Errorf("%+v, %v", kept, err)
				}
			},
		}
		head, err = s.svc.Commit(context.Background(), g, transfer.CommitRequest{Rev: "main", Body: body})
		ok(err)
		if body.first != nil {
			t.Fatal("nothing was collected")
		}
		_, err = keeper.GC(t.Context(), repo.ID, true, nil)
		ok(err)
		for path, want := range map[string]string{"found": lost, "dir/big": strings.Repeat(lost, 1<<16), "more": "more", "dir/start": "1"} {
			if got, err := s.read(r, "main", path); err != nil || got != want {
				t.Errorf("%s: %q, %v", path, got, err)
			}
		}
		if v, err := keeper.Verify(t.Context(), repo.ID, true, nil); err != nil || len(v.Problems) > 0 {
			t.Errorf("%+v, %v", v.Problems, err)
		}
	}
}
