package transfer_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
)

var public = hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "public"}

// stage is a hub and the service under test, without HTTP.
type stage struct {
	*testkit.Hub
	svc *transfer.Service
}

func start(t *testing.T, cfg transfer.Config, opts ...testkit.Option) *stage {
	t.Helper()
	s := &stage{}
	s.Hub = testkit.New(t, func(h *testkit.Hub) { s.svc = h.Transfer(cfg) }, opts...)
	s.World()
	return s
}

func (s *stage) grant(token string, a access.Action, id hub.RepoID) access.Grant {
	s.T.Helper()
	g, err := s.Zone.Authorize(context.Background(), s.Subject(token), access.Need{Action: a, Target: access.Repo(id)})
	if err != nil {
		s.T.Fatal(err)
	}
	return g
}

// commit commits one line, or several, with a parent unless it is empty.
func (s *stage) commit(g access.Grant, summary, parent string, lines ...string) (hub.OID, error) {
	body := fmt.Sprintf(`{"key":"header","value":{"summary":%q,"parentCommit":%q}}`, summary, parent) + "\n" + strings.Join(lines, "\n")
	return s.svc.Commit(context.Background(), g, transfer.CommitRequest{Rev: "main", Body: strings.NewReader(body)})
}

func file(path, content string) string {
	return fmt.Sprintf(`{"key":"file","value":{"path":%q,"content":%q}}`, path, content)
}

func (s *stage) read(g access.Grant, rev, path string) (string, error) {
	ctx := context.Background()
	f, err := s.svc.OpenFile(ctx, g, access.RepoContentRead, rev, path, false)
	if err != nil {
		return "", err
	}
	defer f.Close()
	c, _, err := f.Open(ctx)
	if err != nil {
		return "", err
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	return string(b), err
}

// A hundred commits at once, none with a parent: all of them land, each on top of another.
func TestConcurrentCommitsAllLand(t *testing.T) {
	s := start(t, transfer.Config{})
	g := s.grant("alice.write", access.RepoWrite, public)
	const n = 100
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := s.commit(g, fmt.Sprint("commit ", i), "", file(fmt.Sprintf("dir%d/%d.txt", i%7, i), fmt.Sprint(i))); err != nil {
				t.Errorf("commit %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	r := s.grant("alice.read", access.RepoContentRead, public)
	for i := range n {
		if got, err := s.read(r, "main", fmt.Sprintf("dir%d/%d.txt", i%7, i)); err != nil || got != fmt.Sprint(i) {
			t.Errorf("file %d: %q, %v", i, got, err)
		}
	}
	repo, err := r.Repo(access.RepoContentRead)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := s.Git.Open(context.Background(), repo.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	head, err := snap.Resolve(context.Background(), "main")
	if err != nil {
		t.Fatal(err)
	}
	if count, err := snap.CountLog(context.Background(), head); err != nil || count != n+1 {
		t.Errorf("the history has %d commits, %v; want %d", count, err, n+1)
	}
}

// Two commits on one parent, again and again: one lands, one is told that it came too late, none is lost.
func TestTwoCommitsOnOneParent(t *testing.T) {
	s := start(t, transfer.Config{})
	g := s.grant("alice.write", access.RepoWrite, public)
	head, err := s.commit(g, "start", "", file("start", "1"))
	if err != nil {
		t.Fatal(err)
	}
	r := s.grant("alice.read", access.RepoContentRead, public)
	for round := range 20 {
		var wg sync.WaitGroup
		var oids [2]hub.OID
		var errs [2]error
		for i := range 2 {
			wg.Go(func() {
				oids[i], errs[i] = s.commit(g, fmt.Sprint("by ", i), head.String(), file(fmt.Sprintf("r%d-%d", round, i), "x"))
			})
		}
		wg.Wait()
		won := 0
		if errs[0] != nil {
			won = 1
		}
		if errs[won] != nil || !hub.Is(errs[1-won], hub.PreconditionFailed) {
			t.Fatalf("round %d: %v, %v", round, errs[0], errs[1])
		}
		head = oids[won]
		if _, err := s.read(r, "main", fmt.Sprintf("r%d-%d", round, won)); err != nil {
			t.Errorf("round %d: the acknowledged commit is lost: %v", round, err)
		}
		if _, err := s.read(r, "main", fmt.Sprintf("r%d-%d", round, 1-won)); !hub.Is(err, hub.EntryNotFound) {
			t.Errorf("round %d: the refused commit is there: %v", round, err)
		}
	}
}

// A caller who loses the right while he sends his commit does not get it in.
func TestRightIsDecidedAgainBeforePublication(t *testing.T) {
	s := start(t, transfer.Config{})
	open := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "open"}
	g := s.grant("bob.write", access.RepoWrite, open)
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := s.svc.Commit(context.Background(), g, transfer.CommitRequest{Rev: "main", Body: pr})
		done <- err
	}()
	fmt.Fprintln(pw, `{"key":"header","value":{"summary":"slow"}}`)
	s.Member("acme", "bob", hub.RoleRead)
	fmt.Fprintln(pw, file("late.txt", "x"))
	pw.Close()
	if err := <-done; !hub.Is(err, hub.Forbidden) {
		t.Errorf("got %v", err)
	}
	if _, err := s.read(s.grant("alice.read", access.RepoContentRead, open), "main", "late.txt"); !hub.Is(err, hub.EntryNotFound) {
		t.Errorf("the file is there: %v", err)
	}
}

// The second of two equal deletions, sent because an answer was lost, is answered like the first.
func TestRepeatedDeletion(t *testing.T) {
	s := start(t, transfer.Config{})
	g := s.grant("alice.write", access.RepoWrite, public)
	line := `{"key":"deletedFile","value":{"path":"data/a.txt"}}`
	first, err := s.commit(g, "remove", "", line)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.commit(g, "remove", "", line); err != nil || again != first {
		t.Errorf("again: %v, %v", again, err)
	}
	if _, err := s.commit(g, "another title", "", line); !hub.Is(err, hub.EntryNotFound) {
		t.Errorf("another commit: %v", err)
	}
}
