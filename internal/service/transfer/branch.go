package transfer

import (
	"context"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// tip is a branch that can be committed to.
type tip struct {
	name string  // full: refs/heads/main
	head hub.OID // zero: the branch does not exist yet, in a repository without any
}

// findBranch finds the branch that rev names, with or without refs/heads/. A tag, a commit id and a missing
// branch are RevisionNotFound. The default branch of a repository without branches counts as there, empty.
func (s *Service) findBranch(ctx context.Context, repo hub.Repo, rev string) (tip, error) {
	t := tip{name: rev}
	if !strings.HasPrefix(rev, "refs/") {
		t.name = "refs/heads/" + rev
	}
	notFound := hub.Errorf(hub.RevisionNotFound, "Invalid rev id: %s", rev)
	if !strings.HasPrefix(t.name, "refs/heads/") || len(t.name) > 300 {
		return t, notFound
	}
	ref, err := s.meta.Ref(ctx, repo.ID, t.name)
	if err == nil {
		t.head = ref.Target
		return t, nil
	}
	if !hub.Is(err, hub.RevisionNotFound) {
		return t, err
	}
	if t.name != "refs/heads/"+hub.DefaultBranch {
		return t, notFound
	}
	any, err := s.meta.Refs(ctx, repo.ID, "refs/heads/")
	if err != nil {
		return t, err
	}
	if len(any) > 0 {
		return t, notFound
	}
	return t, nil
}

func (t tip) isDefault() bool { return t.name == "refs/heads/"+hub.DefaultBranch }
