package housekeeping_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/service/housekeeping"
	"github.com/ambit-hub/ambit/internal/service/leaks"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/testkit"
)

type world struct {
	*testkit.Hub
	t    *testing.T
	s    *housekeeping.Service
	keep *gitrepo.Keeper
}

// people reads subjects anew that the operator named.
type people struct {
	*identity.Authenticator
	h *testkit.Hub
}

func (p people) Refresh(ctx context.Context, s *access.Subject) (*access.Subject, error) {
	facts, err := p.h.DB.UserFacts(ctx, s.UserID())
	return access.NewSubject(facts, access.Credential{}), err
}

func start(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	w.Hub = testkit.New(t, func(*testkit.Hub) {})
	w.World()
	zone := access.NewAuthorizer(w.DB, access.Options{Refresher: people{w.Auth, w.Hub}})
	tr := transfer.New(transfer.Config{}, transfer.Deps{Meta: w.DB, Git: w.Git, Blobs: w.Blobs, Authz: zone})
	g := git.New(git.Config{}, git.Deps{Meta: w.DB, Git: w.Git, Authz: zone,
		Leaks: tokens.New(w.DB, w.Zone, w.Keys, testkit.Instance, tokens.Options{Leaks: hub.LeakReport}),
		Large: func(ctx context.Context, repo hub.Repo, d hub.Digest) (leaks.Object, error) {
			return tr.OpenLarge(ctx, repo, d)
		}})
	w.keep = gitrepo.NewKeeper(w.Git, w.DB, gitrepo.KeeperConfig{})
	w.s = housekeeping.New(housekeeping.Config{}, housekeeping.Deps{
		Meta: w.DB, Keeper: w.keep, Authz: zone, Push: g.ReceivePack, TempDir: t.TempDir(),
		Create: func(ctx context.Context, g access.Grant, v hub.Visibility, sdk string, ev hub.Event) (hub.Repo, error) {
			return w.Repos.Create(ctx, g, repos.NewRepo{Visibility: v, SDK: sdk}, ev)
		},
		Put: func(ctx context.Context, g access.Grant, d hub.Digest, size int64, r io.Reader, ev hub.Event) error {
			return tr.PutObject(ctx, g, transfer.Object{Digest: d, Size: size}, r, ev)
		},
	})
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// operator holds InstanceAdmin.
func (w *world) operator() access.Grant {
	w.t.Helper()
	g, err := w.Zone.Authorize(w.t.Context(), access.Operator(), access.Need{Action: access.InstanceAdmin, Target: access.Hub()})
	w.ok(err)
	return g
}

func model(name string) hub.RepoID {
	return hub.RepoID{Type: hub.Model, Namespace: "alice", Name: name}
}

// git runs git in a folder.
func (w *world) git(dir string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org")
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (w *world) write(dir, name, text string) {
	w.t.Helper()
	w.ok(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
	w.ok(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
}

// source makes a repository with a history in packs with deltas and loose objects, two branches, tags and a large file.
func (w *world) source() string {
	w.t.Helper()
	dir := w.t.TempDir()
	w.git(dir, "init", "-q", "-b", "master", ".")
	w.git(dir, "lfs", "install", "--local")
	long := strings.Repeat("a line of a file that is long enough for deltas\n", 200)
	for i := range 6 {
		w.write(dir, "d/long.txt", long+strings.Repeat("x", i))
		w.write(dir, "README.md", strings.Repeat("words ", i+1))
		w.git(dir, "add", ".")
		w.git(dir, "commit", "-q", "-m", "change")
		if i == 3 {
			w.git(dir, "repack", "-adq")
			w.git(dir, "branch", "side/ways")
			w.git(dir, "tag", "-a", "v1", "-m", "annotated")
			w.git(dir, "tag", "light")
			w.git(dir, "pack-refs", "--all")
		}
	}
	w.git(dir, "lfs", "track", "*.bin")
	w.write(dir, "big.bin", strings.Repeat("large ", 50_000))
	w.git(dir, "add", ".")
	w.git(dir, "commit", "-q", "-m", "large")
	return dir
}

func TestImportAndExport(t *testing.T) {
	w := start(t)
	src := w.source()
	got, err := w.s.Import(t.Context(), w.operator(), housekeeping.ImportRequest{From: src, To: model("new"), Visibility: hub.Public}, nil)
	w.ok(err)
	if !got.Created || got.Refs != 4 || got.LargeFiles != 1 || len(got.Refused) > 0 || got.Missing > 0 {
		t.Fatalf("%+v", got)
	}
	// Once more changes nothing.
	again, err := w.s.Import(t.Context(), w.operator(), housekeeping.ImportRequest{From: src, To: model("new")}, nil)
	w.ok(err)
	if again.Created || again.Refs != 0 || again.Objects != 0 || again.LargeFiles != 0 {
		t.Fatalf("%+v", again)
	}
	// What is new comes, and nothing else.
	w.write(src, "more.txt", "more")
	w.git(src, "add", ".")
	w.git(src, "commit", "-q", "-m", "more")
	more, err := w.s.Import(t.Context(), w.operator(), housekeeping.ImportRequest{From: filepath.Join(src, ".git"), To: model("new")}, nil)
	w.ok(err)
	if more.Refs != 1 || more.Objects != 3 {
		t.Fatalf("%+v", more)
	}
	v, err := w.s.Verify(t.Context(), w.operator(), model("new"), true, nil)
	w.ok(err)
	if len(v.Problems) > 0 || v.LargeFiles != 1 {
		t.Fatalf("%+v", v)
	}
	_, err = w.s.GC(t.Context(), w.operator(), model("new"), true, nil)
	w.ok(err)
	out := filepath.Join(t.TempDir(), "out.git")
	_, err = w.s.Export(t.Context(), w.operator(), model("new"), out, true, nil)
	w.ok(err)
	if text := w.git(out, "fsck", "--strict", "--full"); strings.Contains(text, "dangling") {
		t.Errorf("%s", text)
	}
	want := strings.ReplaceAll(w.git(src, "for-each-ref", "--format=%(objectname) %(refname)"), "refs/heads/master", "refs/heads/main")
	if refs := w.git(out, "for-each-ref", "--format=%(objectname) %(refname)"); refs != want {
		t.Errorf("refs\n%swant\n%s", refs, want)
	}
	if a, b := w.git(src, "rev-list", "--all", "--objects", "--no-object-names"), w.git(out, "rev-list", "--all", "--objects", "--no-object-names"); len(a) != len(b) {
		t.Errorf("%d and %d bytes of objects", len(a), len(b))
	}
	_, err = w.s.Export(t.Context(), w.operator(), model("new"), out, true, nil)
	if !hub.Is(err, hub.Conflict) {
		t.Errorf("exporting over something: %v", err)
	}
}

// A source whose bytes are not what they were is refused with what to do, whatever part of it is read first.
func TestImportOfDamage(t *testing.T) {
	w := start(t)
	src := w.source()
	w.git(src, "repack", "-adq")
	packs, err := filepath.Glob(filepath.Join(src, ".git/objects/pack/*.pack"))
	w.ok(err)
	whole, err := os.ReadFile(packs[0])
	w.ok(err)
	w.ok(os.Chmod(packs[0], 0o600))
	for at := 12; at < len(whole)-20; at += len(whole) / 16 {
		bad := slices.Clone(whole)
		bad[at] ^= 0x10
		w.ok(os.WriteFile(packs[0], bad, 0o600))
		_, err := w.s.Import(t.Context(), w.operator(), housekeeping.ImportRequest{From: src, To: model("damaged"), Visibility: hub.Public}, nil)
		var e *hub.Error
		said := func(s string) bool { return strings.Contains(e.Message, s) }
		if !errors.As(err, &e) || !said("git fsck") && !said("not whole") && !said("malformed") {
			t.Errorf("byte %d of %d: %v", at, len(whole), err)
		}
	}
	w.ok(os.WriteFile(packs[0], whole, 0o600))
	_, err = w.s.Import(t.Context(), w.operator(), housekeeping.ImportRequest{From: src, To: model("damaged"), Visibility: hub.Public}, nil)
	w.ok(err)
}

// TestImportOverIsAPush holds that the rules for pushes and for people count.
func TestImportOverIsAPush(t *testing.T) {
	w := start(t)
	in := func(q housekeeping.ImportRequest) (housekeeping.Imported, error) {
		return w.s.Import(t.Context(), w.operator(), q, nil)
	}
	refused := func(what string, code hub.Code, q housekeeping.ImportRequest) {
		t.Helper()
		if got, err := in(q); hub.CodeOf(err) != code {
			t.Errorf("%s: %+v, %v, want %s", what, got, err, code)
		}
	}
	src := w.source()
	refused("a folder without a repository", hub.InvalidInput, housekeeping.ImportRequest{From: t.TempDir(), To: model("a")})
	refused("a protocol that runs programs", hub.InvalidInput, housekeeping.ImportRequest{From: "ext://sh/x", To: model("a")})
	refused("an unknown user", hub.NotFound, housekeeping.ImportRequest{From: src, To: model("a"), As: "nobody-here"})
	if _, err := in(housekeeping.ImportRequest{From: src, To: model("a"), As: "bob"}); err == nil {
		t.Error("bob may write into alice's namespace")
	}
	// A pointer whose large file is nowhere.
	w.ok(os.RemoveAll(filepath.Join(src, ".git", "lfs")))
	got, err := in(housekeeping.ImportRequest{From: src, To: model("b")})
	if got.Missing != 1 || len(got.Refused) == 0 || !strings.Contains(got.Refused[0], "refs/heads/main") {
		t.Errorf("%+v %v", got, err)
	}
	// A file that is too large for git.
	big := t.TempDir()
	w.git(big, "init", "-q", "-b", "main", ".")
	w.ok(os.WriteFile(filepath.Join(big, "huge"), bytes.Repeat([]byte("0123456789abcdef"), 1<<20), 0o644))
	w.git(big, "add", ".")
	w.git(big, "commit", "-q", "-m", "huge")
	refused("a huge file", hub.Unprocessable, housekeeping.ImportRequest{From: big, To: model("c")})
	// Not whole.
	shallow := filepath.Join(t.TempDir(), "shallow")
	w.git(src, "clone", "-q", "--bare", "--depth", "1", "file://"+src, shallow)
	refused("a shallow clone", hub.InvalidInput, housekeeping.ImportRequest{From: shallow, To: model("d")})
	sha256 := t.TempDir()
	w.git(sha256, "init", "-q", "--object-format=sha256", ".")
	refused("SHA-256", hub.InvalidInput, housekeeping.ImportRequest{From: sha256, To: model("e")})
	// Rotten.
	packs, err := filepath.Glob(filepath.Join(src, ".git/objects/pack/*.pack"))
	if err != nil || len(packs) == 0 {
		t.Fatal("no pack", err)
	}
	w.ok(os.Chmod(packs[0], 0o644))
	text, err := os.ReadFile(packs[0])
	w.ok(err)
	for i := 100; i < 200; i++ {
		text[i] ^= 0xff
	}
	w.ok(os.WriteFile(packs[0], text, 0o644))
	if got, err := in(housekeeping.ImportRequest{From: src, To: model("f")}); err == nil {
		t.Errorf("a rotten pack: %+v", got)
	}
	if _, err := w.s.Verify(t.Context(), access.Grant{}, model("b"), false, nil); !hub.Is(err, hub.Internal) {
		t.Errorf("without a grant: %v", err)
	}
}
