package githttp_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/service/git"
)

// TestLikeGit lets clients in equal states fetch the same from the hub and from git's own upload-pack, and compares
// what they have then: refs, borders, objects. Versions of the protocol, depths, dates, exclusions and filters are random.
func TestLikeGit(t *testing.T) {
	h := start(t, git.Config{})
	seeds := 3
	if os.Getenv("AMBIT_FULL") != "" {
		seeds = 40
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			_, url := repo(t, h, fmt.Sprintf("like-git-%d", seed))
			newPair(t, uint64(seed), url).run()
		})
	}
}

// pair is a history that is pushed to the hub and to a bare repository of git's.
type pair struct {
	t      *testing.T
	r      *rand.Rand
	h      *history
	source dir
	hub    string // URL
	ref    string // URL
	bare   string // what lies behind ref
}

func newPair(t *testing.T, seed uint64, hub string) *pair {
	p := &pair{t: t, r: rand.New(rand.NewPCG(seed, 77)), h: newHistory(seed, seed%3 == 2), source: dir(t.TempDir()), hub: hub}
	p.source.git(t, "init", "-q", "--bare", "-b", "main")
	bare := filepath.Join(t.TempDir(), "bare.git")
	p.ref, p.bare = backend(t, filepath.Dir(bare))+"/bare.git", bare
	dir(t.TempDir()).git(t, "init", "-q", "--bare", "-b", "main", bare)
	for _, c := range []string{"uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"} {
		dir(bare).git(t, "config", c, "true")
	}
	return p
}

// backend serves the repositories of a folder by git's own server.
func backend(t testing.TB, root string) string {
	t.Helper()
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(&cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "HOME=" + root}, Stderr: io.Discard,
	})
	t.Cleanup(srv.Close)
	return srv.URL
}

// grow adds to the history and pushes it to both.
func (p *pair) grow(n int) {
	p.t.Helper()
	p.h.grow(n)
	p.source.feed(p.t, p.h.take(), "fast-import", "--quiet", "--force", "--import-marks-if-exists=m", "--export-marks=m")
	for _, url := range []string{p.hub, p.bare} {
		out, err := p.source.try("push", "-q", "--force", url, "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")
		if err != nil {
			p.t.Fatalf("push to %s: %v\n%s", url, err, out)
		}
	}
}

func (p *pair) run() {
	p.grow(15)
	type client struct {
		args     []string
		hub, ref dir
	}
	var clients []client
	for range 4 {
		args := p.cloneArgs()
		c := client{args: args, hub: p.dir("hub"), ref: p.dir("ref")}
		here := dir(p.t.TempDir())
		clone := func(url string, to dir) error {
			_, err := here.try(append(append([]string{"clone", "-q"}, args...), url, string(to))...)
			return err
		}
		hubErr, refErr := clone(p.hub, c.hub), clone(p.ref, c.ref)
		if (hubErr == nil) != (refErr == nil) {
			p.t.Fatalf("clone %s: hub %v, git %v", strings.Join(args, " "), hubErr, refErr)
		}
		if hubErr != nil {
			continue
		}
		for _, d := range []dir{c.hub, c.ref} {
			d.git(p.t, "config", "remote.origin.fetch", "+refs/heads/*:refs/heads/*")
		}
		p.compare(c.hub, c.ref, "clone "+strings.Join(args, " "))
		clients = append(clients, c)
	}
	apart := make([]bool, len(clients)) // their states differ, as they may
	for range 2 {
		p.grow(8)
		for i, c := range clients {
			args := p.fetchArgs()
			if apart[i] {
				continue
			}
			what := fmt.Sprintf("clone %s; fetch %s", strings.Join(c.args, " "), strings.Join(args, " "))
			hubOut, hubErr := c.hub.try(args...)
			refOut, refErr := c.ref.try(args...)
			if (hubErr == nil) != (refErr == nil) {
				p.t.Fatalf("%s: hub %v\n%s\ngit %v\n%s", what, hubErr, hubOut, refErr, refOut)
			}
			if apart[i] = strings.Contains(what, "--deepen") && p.deepened(c.hub, c.ref); !apart[i] {
				p.compare(c.hub, c.ref, what)
			}
		}
	}
}

// deepened tells whether the hub's client has another history or border than git's, and holds that it is whole. Git counts --deepen in
// two ways: until 2.53 from each commit of the border, and it cut also where a shorter way leads to the same commits; since then from the
// nearest of them to those that are wanted, for all of these alike. The hub counts in the first way and cuts nothing that was there:
// see TestDeepenBeyondMerge.
func (p *pair) deepened(a, b dir) (apart bool) {
	p.t.Helper()
	a.fsck(p.t)
	count := func(d dir) string { return d.git(p.t, "rev-list", "--count", "--all") }
	return count(a) != count(b) || a.border() != b.border()
}

// border returns the commits at which a shallow clone's history ends.
func (d dir) border() string {
	text, _ := os.ReadFile(filepath.Join(string(d), "shallow"))
	lines := strings.Split(string(text), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (p *pair) dir(name string) dir { return dir(filepath.Join(p.t.TempDir(), name)) }

func (p *pair) version() string { return fmt.Sprintf("protocol.version=%d", p.r.IntN(3)) }

func (p *pair) cloneArgs() []string {
	args := []string{"--bare", "-c", p.version()}
	switch p.r.IntN(6) {
	case 0:
		args = append(args, fmt.Sprintf("--depth=%d", 1+p.r.IntN(5)))
	case 1:
		args = append(args, fmt.Sprintf("--shallow-since=%d", p.h.now-int64(p.r.IntN(30_000))))
	case 2:
		args = append(args, "--single-branch")
	case 3:
		args = append(args, "--filter="+p.filter())
	case 4:
		args = append(args, "--depth=2", "--no-single-branch", "--filter="+p.filter())
	}
	return args
}

func (p *pair) filter() string {
	return []string{"blob:none", "blob:limit=200", "tree:0", "tree:1", "tree:2", "tree:3", "combine:tree:2+blob:limit=100",
		"object:type=commit", "object:type=tree", "object:type=tag", "object:type=blob"}[p.r.IntN(11)]
}

func (p *pair) fetchArgs() []string {
	args := []string{"-c", p.version(), "-c", "gc.auto=0", "fetch", "-q", "--force"}
	switch p.r.IntN(8) {
	case 0:
		args = append(args, fmt.Sprintf("--depth=%d", 1+p.r.IntN(8)))
	case 1:
		args = append(args, fmt.Sprintf("--deepen=%d", 1+p.r.IntN(4)))
	case 2:
		args = append(args, fmt.Sprintf("--shallow-since=%d", p.h.now-int64(p.r.IntN(60_000))))
	case 3:
		args = append(args, "--shallow-exclude=b1")
	case 4:
		args = append(args, "--tags")
	case 5:
		args = append(args, "--no-tags")
	}
	return append(args, "origin")
}

// compare holds that both clients are whole and have the same.
func (p *pair) compare(a, b dir, what string) {
	p.t.Helper()
	// Light tags come along with commits that are sent, of which the hub may send more.
	if x, y := a.git(p.t, "for-each-ref", "refs/heads"), b.git(p.t, "for-each-ref", "refs/heads"); x != y {
		p.t.Fatalf("%s: refs\n%s\nwant\n%s", what, x, y)
	}
	if out, err := a.try("fsck", "--strict", "--no-dangling", "--no-progress"); err != nil {
		p.t.Fatalf("%s: git fsck: %v\n%s", what, err, out)
	}
	if p.h.skew {
		return // git itself counts commits wrongly then
	}
	if x, y := a.border(), b.border(); x != y {
		p.t.Fatalf("%s: border\n%s\nwant\n%s", what, x, y)
	}
	x, y := a.objects(p.t), b.objects(p.t)
	only := func(x, y []string) (out []string) {
		for _, o := range x {
			if _, ok := slices.BinarySearch(y, o); !ok {
				out = append(out, o)
			}
		}
		return out
	}
	if less := only(y, x); len(less) > 0 {
		p.t.Fatalf("%s: %d objects, git has %d; without %v", what, len(x), len(y), less)
	}
	if more := only(x, y); len(more) > 10 {
		p.t.Fatalf("%s: %d objects, git has %d; besides %v", what, len(x), len(y), more)
	}
}
