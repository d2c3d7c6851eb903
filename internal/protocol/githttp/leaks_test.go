package githttp_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/githttp"
	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/service/leaks"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// leaky is a hub that looks for its access tokens in what git pushes, and a clone of a repository there.
type leaky struct {
	*testkit.Hub
	dir
	t    *testing.T
	tr   *transfer.Service
	repo hub.Repo
}

func startLeaky(t *testing.T, rule hub.LeakRule) *leaky {
	t.Helper()
	w := &leaky{t: t}
	w.Hub = testkit.New(t, func(h *testkit.Hub) {
		w.tr = h.Transfer(transfer.Config{})
		judge := tokens.New(h.DB, h.Zone, h.Keys, testkit.Instance, tokens.Options{Leaks: rule})
		githttp.New(git.New(git.Config{}, git.Deps{Meta: h.DB, Git: h.Git, Authz: h.Zone, Leaks: judge,
			Large: func(ctx context.Context, r hub.Repo, d hub.Digest) (leaks.Object, error) {
				return w.tr.OpenLarge(ctx, r, d)
			},
		}), githttp.Config{}).Register(h.Server)
	})
	for _, name := range []string{"alice", "bob"} {
		w.User(name)
		w.Token(name+".write", name, hub.Token{Kind: hub.TokenWrite})
	}
	var url string
	w.repo, url = repo(t, w.Hub, "m")
	w.dir = clone(t, url)
	return w
}

// large uploads a large file and returns its pointer.
func (w *leaky) large(content string) string {
	w.t.Helper()
	g, err := w.Zone.Authorize(w.t.Context(), w.Subject("alice.write"), access.Need{Action: access.RepoWrite, Target: access.Repo(w.repo.RepoID)})
	if err != nil {
		w.t.Fatal(err)
	}
	o := transfer.Object{Digest: hub.Digest(fmt.Sprintf("%x", sha256.Sum256([]byte(content)))), Size: int64(len(content))}
	if err := w.tr.PutObject(w.t.Context(), g, o, strings.NewReader(content), hub.Event{}); err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", o.Digest, o.Size)
}

// told returns where messages say that tokens stand.
func (w *leaky) told() string {
	w.t.Helper()
	now := time.Now().Add(time.Minute)
	rows, err := w.DB.ClaimOutbox(w.t.Context(), now, now.Add(time.Hour), 100)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, r := range rows {
		out = append(out, r.Kind+": "+r.Data["path"])
	}
	return strings.Join(out, "; ")
}

// TestTokensInPushes pushes a token in everything that git carries: whole and changed files, large ones that stream, messages
// of commits and tags, and what lies among the large files.
func TestTokensInPushes(t *testing.T) {
	w := startLeaky(t, hub.LeakReport)
	value := func() string {
		name := fmt.Sprint("t", rand.Uint64())
		return w.Token(name, "bob", hub.Token{Kind: hub.TokenRead})
	}
	expect := func(what, want, out string) {
		t.Helper()
		if got := w.told(); got != "token.leak_found: "+want {
			t.Errorf("%s: told %q, want %q", what, got, want)
		}
		if !strings.Contains(out, "remote: An access token of this hub stands in "+want) || !strings.Contains(out, "its owner has been told") {
			t.Errorf("%s: git says %s", what, out)
		}
	}
	push := func(args ...string) string {
		t.Helper()
		out, err := w.try(append([]string{"push", "origin"}, args...)...)
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return out
	}
	push("main")
	lines := strings.Repeat("a line of text that is the same in both versions\n", 2000)
	w.commit(t, "notes.txt", lines+"hf_"+strings.Repeat("x", 34)+"\n")
	push("main")
	if got := w.told(); got != "" {
		t.Errorf("without a token of ours: %s", got)
	}

	w.commit(t, "conf/env", "HF_HOME=/tmp\nHF_TOKEN="+value()+"\n")
	expect("a file", "conf/env, line 2", push("main"))
	w.commit(t, "notes.txt", lines+"export TOKEN="+value()+"\n")
	expect("a change, sent as a delta", "notes.txt, line 2001", push("main"))
	w.commit(t, "wide.txt", strings.Repeat("0123456789abcdef0123456789abcdef\n", 60_000)+value())
	expect("a file that streams", "wide.txt, line 60001", push("main"))
	w.commit(t, "table.csv", w.large("a,b\n1,"+value()+"\n"))
	expect("a large file", "table.csv, line 2", push("main"))
	head := w.git(t, "commit", "--allow-empty", "-qm", "title\n\n"+value()) + w.git(t, "rev-parse", "HEAD")
	expect("a message", "commit "+head[:10], push("main"))
	w.git(t, "tag", "-a", "v1", "-m", value())
	tag := w.git(t, "rev-parse", "v1")
	expect("a tag", "tag "+tag[:10], push("v1"))
	w.write(t, "dir/"+value()+"/a.txt", "x")
	w.git(t, "add", ".")
	w.git(t, "commit", "-qm", "a folder")
	expect("a name", "the name of a file", push("main"))
	w.commit(t, "wide16.txt", "\xff\xfex\x00\n\x00"+strings.Join(strings.Split(value(), ""), "\x00")+"\x00")
	expect("a text in UTF-16", "wide16.txt, line 2", push("main"))
	w.commit(t, "wide16.csv", w.large("\xff\xfex\x00\n\x00"+strings.Join(strings.Split(value(), ""), "\x00")+"\x00"))
	expect("a large text in UTF-16", "wide16.csv, line 2", push("main"))
	if out, err := w.try("push", "origin", "main:"+value()); err == nil || !strings.Contains(out, "looks like an access token") {
		t.Errorf("a branch called like a token: %v: %s", err, out)
	}
	push("main:other") // nothing new, nothing to tell
	if got := w.told(); got != "" {
		t.Errorf("told again: %s", got)
	}
	same := value()
	w.write(t, "a.txt", same)
	w.write(t, "b.txt", same+"\n"+same)
	w.write(t, "c.txt", "\n"+same+"!")
	w.git(t, "add", ".")
	w.git(t, "commit", "-qm", "many")
	expect("in several files", "a.txt, line 1, b.txt, line 1, c.txt, line 2", push("main"))
	if w.Log.String() == "" || strings.Contains(w.Log.String(), same) {
		t.Error("the log has the value")
	}
}

// TestPushWithTokenIsRefused: nothing of it is visible, and the words name file and line.
func TestPushWithTokenIsRefused(t *testing.T) {
	w := startLeaky(t, hub.LeakRefuse)
	before := w.git(t, "ls-remote", "origin")
	value := w.TokenValue("bob.write")
	w.commit(t, "conf/env", "\n"+value+"\n")
	for range 2 {
		out, err := w.try("push", "origin", "main", "main:other")
		if err == nil || !strings.Contains(out, "conf/env, line 2") || strings.Contains(out, value) || strings.Count(out, "[remote rejected]") != 2 {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if got := w.git(t, "ls-remote", "origin"); got != before {
		t.Errorf("refs: %s", got)
	}
	if got := w.told(); got != "token.leak_found: conf/env, line 2" { // once
		t.Errorf("told %q", got)
	}
	w.git(t, "commit", "--amend", "-qm", "without", "--allow-empty")
	w.write(t, "conf/env", "nothing")
	w.git(t, "commit", "--amend", "-qam", "without")
	w.git(t, "push", "-q", "origin", "main")
}
