package githttp_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/testkit"
)

const zero = "0000000000000000000000000000000000000000"

// line formats a pkt-line.
func line(format string, args ...any) string {
	s := fmt.Sprintf(format, args...)
	return fmt.Sprintf("%04x%s", len(s)+4, s)
}

// raw sends a push without git: commands "old new ref" and a pack.
func raw(t testing.TB, h *testkit.Hub, repo string, pack io.Reader, commands ...string) string {
	t.Helper()
	body := ""
	for i, c := range commands {
		if i == 0 {
			c += "\x00report-status"
		}
		body += line("%s", c)
	}
	res := send(t, "POST", h.URL+"/"+repo+"/git-receive-pack", io.MultiReader(strings.NewReader(body+"0000"), pack), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-git-receive-pack-request")
		r.SetBasicAuth("x", h.TokenValue("alice.write"))
	})
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.Status + "\n" + string(b)
}

// pack makes a pack of the given objects, and none that they lead to.
func (d dir) pack(t testing.TB, oids ...string) io.Reader {
	t.Helper()
	cmd := d.cmd("pack-objects", "--stdout", "-q")
	var list strings.Builder
	for _, oid := range oids {
		list.WriteString(oid + "\n")
	}
	cmd.Stdin = strings.NewReader(list.String())
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(out)
}

// TestIncompletePushes holds that nothing dangles after a push, whatever is left out of its pack.
func TestIncompletePushes(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	base := d.git(t, "rev-parse", "HEAD")
	mid := d.commit(t, "dir/a.txt", "mid\n")
	tip := d.commit(t, "dir/b.txt", "tip\n")
	of := func(revs ...string) []string {
		return strings.Split(d.git(t, append([]string{"rev-parse"}, revs...)...), "\n")
	}
	all := strings.Fields(d.git(t, "rev-list", "--objects", "--no-object-names", tip, "^"+base))
	without := func(revs ...string) io.Reader {
		var left []string
		for _, oid := range all {
			if !strings.Contains(strings.Join(of(revs...), " "), oid) {
				left = append(left, oid)
			}
		}
		return d.pack(t, left...)
	}
	for name, p := range map[string]io.Reader{
		"commit":      without(tip),
		"parent":      without(mid),
		"root tree":   without(tip + "^{tree}"),
		"parent tree": without(mid + "^{tree}"),
		"directory":   without(tip + ":dir"),
		"file":        without(tip + ":dir/b.txt"),
		"old file":    without(mid + ":dir/a.txt"),
		"everything":  d.pack(t, of(base)...),
	} {
		if out := raw(t, h, "alice/m", p, zero+" "+tip+" refs/heads/x"); !strings.Contains(out, "missing necessary objects") {
			t.Errorf("without the %s: %q", name, out)
		}
	}
	// One of two tips is whole.
	out := raw(t, h, "alice/m", without(tip+":dir/b.txt"), zero+" "+tip+" refs/heads/bad", zero+" "+mid+" refs/heads/good")
	if !strings.Contains(out, "ng refs/heads/bad missing") || !strings.Contains(out, "ok refs/heads/good") {
		t.Errorf("half: %q", out)
	}
	if got := d.git(t, "ls-remote", "origin"); strings.Contains(got, "refs/heads/bad") || !strings.Contains(got, mid+"\trefs/heads/good") {
		t.Errorf("refs:\n%s", got)
	}
	clone(t, url, "--mirror").fsck(t)
}

// TestGarbageStaysGarbage holds that what was taken out of a history cannot be had back by somebody who knows its id:
// not by asking for it, not by pushing a ref to it, not by a delta based on it.
func TestGarbageStaysGarbage(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	text := strings.Repeat("a secret that was committed by accident\n", 100)
	tip := d.commit(t, "secret.txt", text)
	d.git(t, "push", "-q", "origin", "HEAD:oops")
	d.git(t, "push", "-q", "origin", ":oops")
	blob, tree := d.git(t, "rev-parse", "HEAD:secret.txt"), d.git(t, "rev-parse", "HEAD^{tree}")

	e := clone(t, url)
	for _, oid := range []string{tip, tree, blob} {
		for _, version := range []string{"0", "1", "2"} {
			e.refuses(t, "not our ref", "-c", "protocol.version="+version, "fetch", "origin", oid)
		}
		res := send(t, "POST", h.URL+"/alice/m/git-upload-pack", strings.NewReader(line("command=object-info")+"0001"+line("size")+line("oid %s", oid)+"0000"), func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-git-upload-pack-request")
			r.Header.Set("Git-Protocol", "version=2")
		})
		if b, _ := io.ReadAll(res.Body); !strings.Contains(string(b), "not our ref") {
			t.Errorf("object-info of %s: %q", oid, b)
		}
	}

	const refused = "missing necessary objects"
	empty := e.pack(t)
	if out := raw(t, h, "alice/m", empty, zero+" "+tip+" refs/heads/back"); !strings.Contains(out, refused) {
		t.Errorf("a ref to it: %q", out)
	}
	// A commit that uses the blob, which it does not bring.
	f := clone(t, url)
	f.git(t, "fetch", "-q", string(d), tip)
	f.git(t, "update-index", "--add", "--cacheinfo", "100644,"+blob+",found.txt")
	f.git(t, "commit", "-q", "-m", "found")
	found := f.git(t, "rev-parse", "HEAD")
	if out := raw(t, h, "alice/m", f.pack(t, found, f.git(t, "rev-parse", "HEAD^{tree}")), zero+" "+found+" refs/heads/back"); !strings.Contains(out, refused) {
		t.Errorf("a tree with it: %q", out)
	}
	// A thin pack with a delta on it.
	changed := f.commit(t, "found.txt", text+"one more line\n")
	cmd := f.cmd("pack-objects", "--stdout", "-q", "--thin", "--revs")
	cmd.Stdin = strings.NewReader(changed + "\n^" + tip + "\n^" + found + "\n")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	thin, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	if len(thin) > len(text) {
		t.Fatalf("the pack of %d bytes is not thin", len(thin))
	}
	out := raw(t, h, "alice/m", bytes.NewReader(thin), zero+" "+changed+" refs/heads/back")
	if !strings.Contains(out, refused) {
		t.Errorf("a delta on it: %q", out)
	}
	if got := e.git(t, "ls-remote", "origin"); strings.Contains(got, "back") {
		t.Errorf("refs:\n%s", got)
	}

	// What was never published is garbage too: an object that came along in a pack and that no ref leads to.
	g := clone(t, url)
	extra := g.feed(t, "stowaway", "hash-object", "-w", "--stdin")
	next := g.commit(t, "ok.txt", "ok\n")
	oids := append(strings.Fields(g.git(t, "rev-list", "--objects", "--no-object-names", next, "^origin/main")), extra)
	if out := raw(t, h, "alice/m", g.pack(t, oids...), zero+" "+next+" refs/heads/next"); !strings.Contains(out, "ok refs/heads/next") {
		t.Fatalf("%q", out)
	}
	e.refuses(t, "not our ref", "fetch", "origin", extra)
	m := clone(t, url, "--mirror")
	if out, err := m.try("cat-file", "-e", extra); err == nil {
		t.Errorf("it was sent: %s", out)
	}
}

// TestOldObjectsAgain pushes what is reachable in other places than before, so that it need not be sent.
func TestOldObjectsAgain(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	d.commit(t, "a/one.txt", strings.Repeat("one\n", 100))
	first := d.commit(t, "a/two.txt", strings.Repeat("two\n", 100))
	d.commit(t, "a/one.txt", "changed\n")
	d.git(t, "push", "-q", "origin", "main")
	d.git(t, "revert", "--no-edit", "HEAD")                                  // an old blob at its old place
	d.git(t, "mv", "a", "b")                                                 // old trees at a new one
	d.git(t, "commit", "-q", "-m", "moved")                                  //
	d.git(t, "push", "-q", "origin", "main", first+":refs/heads/from-first") // an old commit under a new name
	tip := d.git(t, "rev-parse", "HEAD")
	d.git(t, "checkout", "-q", "--orphan", "fresh")
	d.git(t, "commit", "-q", "-m", "an old tree in a new history")
	d.git(t, "push", "-q", "origin", "fresh")
	e := clone(t, url, "--mirror")
	e.fsck(t)
	if got := e.git(t, "rev-parse", "main", "from-first"); got != tip+"\n"+first {
		t.Errorf("refs %s", got)
	}
}

// TestRevokedDuringPush holds that a right which ends while the pack is on its way does not count any more.
func TestRevokedDuringPush(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	tip := d.commit(t, "a.txt", "a\n")
	pack, err := io.ReadAll(d.pack(t, strings.Fields(d.git(t, "rev-list", "--objects", "--no-object-names", tip, "^origin/main"))...))
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	go func() {
		w.Write(pack[:20])
		facts, err := h.DB.UserByName(t.Context(), "alice")
		if err == nil {
			tokens, lerr := h.DB.TokensOf(t.Context(), facts.ID)
			for _, tok := range tokens {
				err = h.DB.RevokeToken(t.Context(), tok.ID, "deleted", time.Now(), hub.Event{})
			}
			if lerr != nil || err != nil {
				t.Error(lerr, err)
			}
		}
		w.Write(pack[20:])
		w.Close()
	}()
	out := raw(t, h, "alice/m", r, zero+" "+tip+" refs/heads/x")
	if !strings.Contains(out, "ng refs/heads/x Invalid credentials") {
		t.Errorf("%q", out)
	}
	if got := dir(t.TempDir()).git(t, "ls-remote", h.URL+"/alice/m"); strings.Contains(got, "refs/heads/x") {
		t.Errorf("it landed:\n%s", got)
	}
}

// TestRaces lets many push to one branch and to branches of their own at once.
func TestRaces(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	const n = 8
	var wg sync.WaitGroup
	won := make(chan string, n)
	var clones []dir
	var tips []string
	for i := range n {
		clones = append(clones, clone(t, url))
		tips = append(tips, clones[i].commit(t, fmt.Sprintf("f%d", i), "x"))
	}
	for i, d := range clones {
		wg.Go(func() {
			if out, err := d.try("push", "-q", "origin", fmt.Sprintf("HEAD:refs/heads/own-%d", i)); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if _, err := d.try("push", "-q", "origin", "main"); err == nil {
				won <- tips[i]
			}
		})
	}
	wg.Wait()
	close(won)
	var winners []string
	for tip := range won {
		winners = append(winners, tip)
	}
	got := dir(t.TempDir()).git(t, "ls-remote", h.URL+"/alice/m")
	if len(winners) != 1 || !strings.Contains(got, winners[0]+"\trefs/heads/main") || strings.Count(got, "own-") != n {
		t.Errorf("%d won: %v\n%s", len(winners), winners, got)
	}
	clone(t, url, "--mirror").fsck(t)
}

// TestBombs holds that small requests cannot make the hub work or remember much.
func TestBombs(t *testing.T) {
	h := start(t, git.Config{MaxPack: 1 << 20, MaxInflated: 4 << 20})
	_, url := repo(t, h, "m")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, line("command=fetch")+"0001")
	have := []byte(line("have %s\n", strings.Repeat("ab", 20)))
	for range 70 << 20 / len(have) {
		z.Write(have)
	}
	z.Close()
	res := send(t, "POST", h.URL+"/alice/m/git-upload-pack", &b, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-git-upload-pack-request")
		r.Header.Set("Content-Encoding", "gzip")
		r.Header.Set("Git-Protocol", "version=2")
	})
	if body, _ := io.ReadAll(res.Body); !strings.Contains(string(body), "ERR ") {
		t.Errorf("gzip: %s %q", res.Status, body)
	}
	d := clone(t, url)
	tip := d.commit(t, "zeros", strings.Repeat("\x00", 5<<20))
	p := d.pack(t, strings.Fields(d.git(t, "rev-list", "--objects", "--no-object-names", tip, "^origin/main"))...)
	if out := raw(t, h, "alice/m", p, zero+" "+tip+" refs/heads/x"); !strings.Contains(out, "inflate to more than") {
		t.Errorf("zlib: %q", out)
	}
}
