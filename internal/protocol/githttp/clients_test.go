package githttp_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// TestRefNames holds that no ref gets a name that git would not give it, and that the report names what was refused.
func TestRefNames(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	tip := d.git(t, "rev-parse", "HEAD")
	names := []string{"refs/heads/", "refs/heads//x", "refs/heads/x/", "refs/heads/x//y", "refs/heads/.x", "refs/heads/x.", "refs/heads/x..y", "refs/heads/x.lock",
		"refs/heads/x.lock/y", "refs/heads/x/.y", "refs/heads/x@{1}", "refs/heads/@{", "refs/heads/a b", "refs/heads/a~1", "refs/heads/a^", "refs/heads/a:b",
		"refs/heads/a?", "refs/heads/a*", "refs/heads/a[", `refs/heads/a\b`, "refs/heads/a\x7f", "refs/heads/a\x01", "refs/heads/a\tb", "refs/heads/\xff\xfe",
		"refs/heads/" + strings.Repeat("x", 5000), "refs/heads/" + strings.Repeat("x/", 2000) + "x", "refs/heads/-x", "refs/heads/HEAD", "refs/heads/" + strings.Repeat("a", 40), "refs/heads",
		"HEAD", "FETCH_HEAD", "refs/x", "refs/../heads/x", "refs/heads/../../x", "../x", "/refs/heads/x", "refs/notes/x", "refs/remotes/origin/x",
		"refs/stash", "refs/bisect/x", "refs/worktree/x", "refs/pr/1/head", "refs/tags/x..y", "refs/tags/.x", "heads/x", "x", "@"}
	var commands []string
	for _, n := range names {
		commands = append(commands, zero+" "+tip+" "+n)
	}
	out := raw(t, h, "alice/m", d.pack(t), append(commands, zero+" "+tip+" refs/heads/fine/größe")...)
	if !strings.Contains(out, "unpack ok") || !strings.Contains(out, "ok refs/heads/fine/größe") || strings.Count(out, "ok refs/") != 1 {
		t.Errorf("%q", out)
	}
	for _, n := range names {
		if !strings.Contains(out, "ng "+n+" ") {
			t.Errorf("%q is not reported", n)
		}
	}
	if got := d.git(t, "ls-remote", "origin"); strings.Count(got, "\n") != 2 {
		t.Errorf("refs:\n%s", got)
	}
}

// TestManyBadRefs pushes many refs that lead to nothing, between good ones: each is refused, and the good ones land.
func TestManyBadRefs(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	tip := d.git(t, "rev-parse", "HEAD")
	var commands []string
	for i := range 500 {
		commands = append(commands, fmt.Sprintf("%s %s refs/heads/good-%d", zero, tip, i), fmt.Sprintf("%s %040x refs/heads/bad-%d", zero, i+1, i))
	}
	out := raw(t, h, "alice/m", d.pack(t), commands...)
	if good, bad := strings.Count(out, "ok refs/heads/good-"), strings.Count(out, "ng refs/heads/bad-"); good == 0 || bad != 500 || strings.Contains(out, "ok refs/heads/bad") {
		t.Errorf("%d good refs landed, %d bad ones were refused", good, bad)
	}
}

// post sends a request of a fetch, and returns the answer.
func post(t *testing.T, h *testkit.Hub, version, body string) string {
	t.Helper()
	res := send(t, "POST", h.URL+"/alice/m/git-upload-pack", strings.NewReader(body), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-git-upload-pack-request")
		r.Header.Set("Git-Protocol", "version="+version)
	})
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Errorf("%q: %s, %v", clipped(body), res.Status, err)
	}
	return string(b)
}

func clipped(s string) string { return s[:min(len(s), 200)] }

// TestStrangeFetches holds that what no git says is answered with a line that git prints, "ERR" and a sentence, or with nothing
// but the rest of a dialogue, and never with an error of the hub's own.
func TestStrangeFetches(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	tip := clone(t, url).git(t, "rev-parse", "HEAD")
	fetch := func(lines ...string) string {
		body := line("command=fetch\n") + line("object-format=sha1") + "0001"
		for _, l := range lines {
			body += line("%s\n", l)
		}
		return body + "0000"
	}
	want := "want " + tip
	const hidden = "not our ref"
	for _, c := range []struct{ body, answer string }{
		{fetch("want "+strings.Repeat("12", 20), "done"), hidden},
		{fetch("want "+zero, "done"), hidden},
		{fetch("want "+strings.Repeat("A", 40), "done"), "ERR "},
		{fetch("want "+tip[:39], "done"), "expected an object id"},
		{fetch("want "+tip+" x", "done"), "expected an object id"},
		{fetch("want-ref refs/heads/nowhere", "done"), "unknown ref"},
		{fetch("want-ref refs/heads/../main", "done"), "unknown ref"},
		{fetch(want, "filter sparse:oid=", "done"), "is not supported"},
		{fetch(want, "filter sparse:oid="+tip, "done"), "is not supported"},
		{fetch(want, "filter combine:", "done"), "is not supported"},
		{fetch(want, "filter combine:"+strings.Repeat("combine:", 7000)+"tree:1", "done"), "is not supported"},
		{fetch(want, "filter", "done"), "is not supported"},
		{fetch(want, "filter blob:limit=-1", "done"), "is not supported"},
		{fetch(want, "deepen 0", "done"), "invalid deepen"},
		{fetch(want, "deepen -1", "done"), "invalid deepen"},
		{fetch(want, "deepen 99999999999999999999", "done"), "invalid deepen"},
		{fetch(want, "deepen 2147483647", "done"), "packfile"},
		{fetch(want, "deepen 2147483646", "deepen-relative", "done"), "packfile"},
		{fetch(want, "deepen 1", "deepen-since 5", "done"), "cannot be used together"},
		{fetch(want, "deepen-since 99999999999", "done"), "no commits selected"},
		{fetch(want, "deepen-since -5", "done"), "invalid deepen-since"},
		{fetch(want, "deepen-not main", "done"), "no commits selected"},
		{fetch(want, "deepen-not nowhere", "done"), "deepen-not is not a ref"},
		{fetch(want, "shallow "+strings.Repeat("34", 20), "deepen 1", "done"), "packfile"},
		{fetch(want, "have x", "done"), "expected an object id"},
		{fetch(want, "nonsense", "done"), "unexpected line"},
		{fetch(want, "packfile-uris https", "done"), "unexpected line"},
		{line("command=fetch\n") + line("object-format=sha256") + "0001" + line("%s\n", want) + "0000", "mismatched object format"},
		{line("command=nothing\n") + "0000", "invalid command"},
		{line("command=fetch\n") + line("command=ls-refs\n") + "0000", "already requesting"},
		{line("frotz") + "0000", "unknown capability"},
		{line("command=ls-refs\n") + "0001" + line("frotz") + "0000", "unexpected line"},
		{line("command=fetch\n") + "00010001" + "0000", "unexpected packet"},
		{line("command=fetch\n") + "0001" + line("%s\n", want), "not made of whole pkt-lines"},
		{"0003", "not made of whole pkt-lines"},
		{"fffe", "not made of whole pkt-lines"},
		{"zzzz", "not made of whole pkt-lines"},
		{"00", "not made of whole pkt-lines"},
	} {
		if got := post(t, h, "2", c.body); !strings.Contains(got, c.answer) || c.answer != "packfile" && !strings.Contains(got, "ERR ") {
			t.Errorf("%q: %q, want %q", clipped(c.body), clipped(got), c.answer)
		}
	}
	v0 := func(lines ...string) string {
		body := ""
		for _, l := range lines {
			body += line("%s\n", l)
		}
		return body + "0000" + line("done\n")
	}
	for _, c := range []struct{ body, answer string }{
		{v0("want " + strings.Repeat("12", 20)), hidden},
		{v0("want x"), "expected an object id"},
		{v0("have " + tip), "expected to get object ID"},
		{v0(want, "filter sparse:oid="), "is not supported"},
		{v0(want, "deepen 0"), "invalid deepen"},
		{v0(want, "deepen x"), "invalid deepen"},
		{line("%s\n", want) + "0000" + line("frotz"), "expected SHA1 list"},
		{line("%s\n", want) + "0001", "unexpected packet"},
	} {
		if got := post(t, h, "0", c.body); !strings.Contains(got, c.answer) || !strings.Contains(got, "ERR ") {
			t.Errorf("%q: %q, want %q", clipped(c.body), clipped(got), c.answer)
		}
	}
}

// TestLineFeeds holds that the lines which git sends without a line feed have none: libgit2 does not take them otherwise, and git
// itself prints the one behind an error.
func TestLineFeeds(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	tip := d.commit(t, "a", "a")
	d.git(t, "push", "-q", "origin", "main")
	if got, want := post(t, h, "0", line("want %s\n", tip)+line("deepen 1")+"0000"+line("done\n")), line("shallow %s", tip)+"0000"; !strings.HasPrefix(got, want) {
		t.Errorf("version 0: %q, want %q", clipped(got), want)
	}
	v2 := line("command=fetch\n") + "0001" + line("want %s\n", tip) + line("deepen 1") + line("done\n") + "0000"
	if got, want := post(t, h, "2", v2), line("shallow-info\n")+line("shallow %s", tip)+"0001"; !strings.HasPrefix(got, want) {
		t.Errorf("version 2: %q, want %q", clipped(got), want)
	}
	info := line("command=object-info\n") + "0001" + line("size") + line("oid %s", tip) + "0000"
	if got, want := post(t, h, "2", info), line("size")+line("%s %s", tip, d.git(t, "cat-file", "-s", tip))+"0000"; got != want {
		t.Errorf("sizes: %q, want %q", got, want)
	}
	if got, want := post(t, h, "2", line("command=x")+"0000"), line("ERR invalid command 'x'"); got != want {
		t.Errorf("an error: %q, want %q", got, want)
	}
}

// TestSaidAgain lets a client say the same very often: it is looked at once, and answered.
func TestSaidAgain(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	d.git(t, "tag", "-a", "-m", "old", "old")
	d.commit(t, "a", "a")
	d.git(t, "tag", "-a", "-m", "new", "new")
	d.git(t, "push", "-q", "origin", "main", "--tags")
	old, tag := d.git(t, "rev-parse", "old"), d.git(t, "rev-parse", "new")
	again := func(format string, args ...any) string { return strings.Repeat(line(format, args...), 10_000) }
	body := line("command=fetch\n") + "0001" + again("want %s\n", tag) + again("want-ref refs/heads/main\n") + again("have %s\n", old) + again("shallow %s\n", old) + line("done\n") + "0000"
	if got := post(t, h, "2", body); !strings.Contains(got, "PACK") || strings.Count(got, "refs/heads/main") != 1 {
		t.Errorf("version 2: %q", clipped(got))
	}
	body = line("command=fetch\n") + "0001" + line("want %s\n", tag) + again("deepen-not old\n") + line("done\n") + "0000"
	if got := post(t, h, "2", body); !strings.Contains(got, "PACK") {
		t.Errorf("exclusions: %q", clipped(got))
	}
	if got := post(t, h, "0", again("want %s\n", tag)+"0000"+again("have %s\n", old)+line("done\n")); !strings.Contains(got, "PACK") {
		t.Errorf("version 0: %q", clipped(got))
	}
}

// TestHavesOfNothing lets a client name a commit that came along in a pack without its parents, and that no ref leads to.
func TestHavesOfNothing(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	base := d.git(t, "rev-parse", "HEAD")
	d.commit(t, "lost.txt", "lost\n")
	stowaway := d.commit(t, "stowaway.txt", "stowaway\n")
	d.git(t, "reset", "-q", "--hard", base)
	tip := d.commit(t, "ok.txt", "ok\n")
	oids := append(strings.Fields(d.git(t, "rev-list", "--objects", "--no-object-names", tip, "^"+base)), stowaway)
	if out := raw(t, h, "alice/m", d.pack(t, oids...), zero+" "+tip+" refs/heads/x"); !strings.Contains(out, "ok refs/heads/x") {
		t.Fatalf("%q", out)
	}
	for _, haves := range []string{line("have %s\n", stowaway), line("have %s\n", stowaway) + line("have %s\n", base)} {
		if got := post(t, h, "2", line("command=fetch\n")+"0001"+line("want %s\n", tip)+haves+line("done\n")+"0000"); !strings.Contains(got, "packfile") || !strings.Contains(got, "PACK") {
			t.Errorf("version 2: %q", clipped(got))
		}
		if got := post(t, h, "0", line("want %s multi_ack_detailed\n", tip)+"0000"+haves+line("done\n")); !strings.Contains(got, "PACK") {
			t.Errorf("version 0: %q", clipped(got))
		}
	}
}
