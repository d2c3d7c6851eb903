package tokens_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/testkit"
)

func lines(list []tokens.EntityAtoms) string {
	var out []string
	for _, e := range list {
		out = append(out, fmt.Sprint(strings.TrimPrefix(e.Entity.String(), ":"), e.Permissions))
	}
	return strings.Join(out, " ")
}

// TestInsight lets tokens of each kind do things and looks at what is said about them.
func TestInsight(t *testing.T) {
	ctx := context.Background()
	h := testkit.New(t, func(*testkit.Hub) {})
	h.World()
	svc := tokens.New(h.DB, h.Zone, h.Keys, testkit.Instance, tokens.Options{})
	rec := tokens.NewRecorder(h.DB, nil)
	op, err := h.Zone.Authorize(ctx, access.Operator(), access.Need{Action: access.InstanceAdmin, Target: access.Hub()})
	if err != nil {
		t.Fatal(err)
	}
	model := func(name string) access.Target {
		id, err := hub.ParseRepoID(hub.Model, name)
		if err != nil {
			t.Fatal(err)
		}
		return access.Repo(id)
	}
	use := func(token string, a access.Action, on access.Target, n int) {
		t.Helper()
		for range n {
			g, err := h.Zone.Authorize(ctx, h.Subject(token), access.Need{Action: a, Target: on})
			if err != nil {
				t.Fatal(err)
			}
			rec.Note(g)
		}
	}
	insight := func(token string) tokens.Insight {
		t.Helper()
		if err := rec.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		in, err := svc.Insight(ctx, op, h.DB, h.Subject(token).TokenID())
		if err != nil {
			t.Fatal(err)
		}
		return in
	}

	// A write token that reads one repository and writes another.
	use("bob.write", access.RepoContentRead, model("acme/closed"), 3)
	use("bob.write", access.RepoWrite, model("acme/open"), 1)
	use("bob.write", access.RepoView, model("alice/public"), 2) // public: needs nothing
	in := insight("bob.write")
	if got := lines(in.Proposal); got != "model:acme/closed[repo.content.read] model:acme/open[repo.write]" {
		t.Errorf("proposal: %s", got)
	}
	if got := lines(in.Unused); got != "user:bob[repo.content.read discussion.write repo.access.read repo.write] org:acme[discussion.write repo.access.read org.read]" {
		t.Errorf("unused: %s", got)
	}
	var private []string
	for _, r := range in.Private {
		private = append(private, fmt.Sprint(r.Repo.String(), r.Write))
	}
	if got := strings.Join(private, " "); !strings.Contains(got, "acme/closedtrue") || strings.Contains(got, "alice/secret") {
		t.Errorf("private: %s", got)
	}
	if len(in.Did) != 3 {
		t.Errorf("did %+v", in.Did)
	}
	for _, d := range in.Did {
		if d.Permission == hub.PermRepoContentRead && (d.Uses != 3 || d.On.String() != "model:acme/closed") || d.Permission == access.PublicUse && d.Uses != 2 {
			t.Errorf("did %+v", d)
		}
	}
	use("bob.write", access.RepoContentRead, model("acme/closed"), 2) // adds up
	for _, d := range insight("bob.write").Did {
		if d.Permission == hub.PermRepoContentRead && d.Uses != 5 {
			t.Errorf("did %+v", d)
		}
	}

	// Creating needs the namespace.
	id, _ := hub.ParseRepoID(hub.Model, "alice/new")
	use("alice.write", access.RepoCreate, access.NewRepo(id), 1)
	if got := lines(insight("alice.write").Proposal); got != "user:alice[repo.write]" {
		t.Errorf("proposal: %s", got)
	}

	// A fine-grained token carries what it lists, as far as its owner's role goes, and one that did nothing needs nothing.
	in = insight("alice.fg")
	if lines(in.Can) != "model:alice/secret[repo.content.read repo.write]" || lines(in.Unused) != lines(in.Can) || in.Proposal != nil {
		t.Errorf("can %s, unused %s, proposal %s", lines(in.Can), lines(in.Unused), lines(in.Proposal))
	}
	use("alice.fg", access.RepoContentRead, model("alice/secret"), 1)
	if in = insight("alice.fg"); lines(in.Unused) != "model:alice/secret[repo.write]" || len(in.Private) != 1 || !in.Private[0].Write {
		t.Errorf("unused %s, private %+v", lines(in.Unused), in.Private)
	}

	if _, err := svc.Insight(ctx, op, h.DB, hub.NewID()); !hub.Is(err, hub.NotFound) {
		t.Errorf("an unknown token: %v", err)
	}
}

// slowStore counts what is written.
type slowStore struct {
	mu   sync.Mutex // guards rows
	rows map[string]int64
}

func (s *slowStore) RecordReach(_ context.Context, used []hub.Reach) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range used {
		s.rows[fmt.Sprint(r.TokenID, r.Permission, r.RepoID)] += r.Uses
	}
	return nil
}

func (s *slowStore) ForgetReach(context.Context, time.Time) error { return nil }

// TestRecorderLosesNothing notes from many sides while it is flushed, and ends with a flush.
func TestRecorderLosesNothing(t *testing.T) {
	h := testkit.New(t, func(*testkit.Hub) {})
	h.World()
	id, _ := hub.ParseRepoID(hub.Model, "acme/closed")
	g, err := h.Zone.Authorize(context.Background(), h.Subject("bob.write"), access.Need{Action: access.RepoContentRead, Target: access.Repo(id)})
	if err != nil {
		t.Fatal(err)
	}
	store := &slowStore{rows: map[string]int64{}}
	rec := tokens.NewRecorder(store, nil)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- rec.Run(ctx) }()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				rec.Note(g)
			}
		})
	}
	for range 20 {
		if err := rec.Flush(ctx); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	rec.Note(access.Grant{})
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if len(store.rows) != 1 {
		t.Fatalf("%v", store.rows)
	}
	for _, n := range store.rows {
		if n != 8000 {
			t.Errorf("%d uses", n)
		}
	}
}

func BenchmarkNote(b *testing.B) {
	h := testkit.New(b, func(*testkit.Hub) {})
	h.World()
	id, _ := hub.ParseRepoID(hub.Model, "acme/closed")
	g, err := h.Zone.Authorize(context.Background(), h.Subject("bob.write"), access.Need{Action: access.RepoContentRead, Target: access.Repo(id)})
	if err != nil {
		b.Fatal(err)
	}
	rec := tokens.NewRecorder(h.DB, nil)
	b.ReportAllocs()
	for b.Loop() {
		rec.Note(g)
	}
}
