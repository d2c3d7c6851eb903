package githttp_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/service/repos"
)

// TestAccess holds who gets what, and in which words git says no.
func TestAccess(t *testing.T) {
	h := start(t, git.Config{})
	repo(t, h, "open")
	h.Repo("alice.write", hub.RepoID{Type: hub.Dataset, Namespace: "alice", Name: "secret"}, repos.NewRepo{Visibility: hub.Private})
	h.Repo("alice.write", hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "gated"}, repos.NewRepo{})
	h.Gate(hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "gated"}, hub.GateManual)
	here := dir(t.TempDir())
	ls := func(url string) []string { return []string{"ls-remote", url} }

	here.git(t, ls(h.URL+"/alice/open")...)
	here.git(t, ls(h.URL+"/alice/open.git")...)
	here.git(t, ls(as(h, "alice.read", "datasets/alice/secret"))...)
	here.git(t, ls(as(h, "alice.read", "alice/gated"))...)
	const asks = "could not read Username" // git asks for a credential
	here.refuses(t, asks, ls(h.URL+"/datasets/alice/secret")...)
	here.refuses(t, asks, ls(h.URL+"/datasets/alice/missing")...)
	here.refuses(t, asks, ls(h.URL+"/alice/gated")...)
	here.refuses(t, "Repository not found", ls(as(h, "bob.write", "datasets/alice/secret"))...)
	here.refuses(t, "Repository not found", ls(as(h, "bob.write", "datasets/alice/missing"))...)
	here.refuses(t, "Access to model alice/gated is restricted", ls(as(h, "bob.write", "alice/gated"))...)
	password := strings.Replace(h.URL, "http://", "http://alice:correct-horse@", 1) + "/datasets/alice/secret"
	here.refuses(t, "Account passwords are not accepted", ls(password)...)

	d := clone(t, h.URL+"/alice/open")
	d.commit(t, "a", "a")
	d.refuses(t, asks, "push", "origin", "main")
	d.refuses(t, "read token", "push", as(h, "alice.read", "alice/open"), "main")
	d.refuses(t, "Only alice may do this", "push", as(h, "bob.write", "alice/open"), "main")
	d.git(t, "push", "-q", as(h, "alice.write", "alice/open"), "main")
}

// TestHiddenIsMissing compares the answers about a private repository and one that is not there, byte for byte.
func TestHiddenIsMissing(t *testing.T) {
	h := start(t, git.Config{})
	h.Repo("alice.write", hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "secret"}, repos.NewRepo{Visibility: hub.Private})
	for _, path := range []string{"/info/refs?service=git-upload-pack", "/info/refs?service=git-receive-pack", "/git-upload-pack", "/git-receive-pack"} {
		for _, token := range []string{"", "bob.write"} {
			ask := func(name string) string {
				method, body := "GET", ""
				if !strings.HasPrefix(path, "/info") {
					method, body = "POST", "0000"
				}
				res := send(t, method, h.URL+"/alice/"+name+path, strings.NewReader(body), func(r *http.Request) {
					r.Header.Set("Content-Type", "application/x-"+strings.TrimPrefix(path, "/")+"-request")
					if token != "" {
						r.SetBasicAuth("x", h.TokenValue(token))
					}
				})
				res.Header.Del("X-Request-Id")
				res.Header.Del("Date")
				var b bytes.Buffer
				b.WriteString(res.Status + "\n")
				res.Header.Write(&b)
				io.Copy(&b, res.Body)
				return b.String()
			}
			if hidden, missing := ask("secret"), ask("nothing"); hidden != missing {
				t.Errorf("%s as %q:\n%s\nand\n%s", path, token, hidden, missing)
			}
		}
	}
}

func send(t testing.TB, method, url string, body io.Reader, edit func(*http.Request)) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	edit(req)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// TestMoved holds that clones of a repository that was renamed go on.
func TestMoved(t *testing.T) {
	h := start(t, git.Config{})
	r, url := repo(t, h, "old")
	d := clone(t, url+".git")
	if err := h.DB.MoveRepo(t.Context(), r.ID, hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "new"}, r.NamespaceID, hub.Event{}); err != nil {
		t.Fatal(err)
	}
	d.commit(t, "a", "a")
	if out, err := d.try("push", "-q", "origin", "main"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d.git(t, "fetch", "-q", "origin")
	here := dir(t.TempDir())
	if got := here.git(t, "ls-remote", h.URL+"/alice/new", "main"); !strings.HasPrefix(got, d.git(t, "rev-parse", "main")) {
		t.Errorf("main of the new name is at %s", got)
	}
}

// TestWire looks at the headers and bodies that git's clients rely on.
func TestWire(t *testing.T) {
	h := start(t, git.Config{})
	repo(t, h, "m")
	base := h.URL + "/alice/m"
	get := func(edit func(*http.Request)) (*http.Response, string) {
		res := send(t, "GET", base+"/info/refs?service=git-upload-pack", nil, edit)
		b, _ := io.ReadAll(res.Body)
		return res, string(b)
	}
	res, body := get(func(*http.Request) {})
	if !strings.HasPrefix(body, "001e# service=git-upload-pack\n0000") || res.Header.Get("Content-Type") != "application/x-git-upload-pack-advertisement" {
		t.Errorf("version 0: %v %q", res.Header, body)
	}
	if c := res.Header.Get("Cache-Control"); !strings.Contains(c, "no-cache") {
		t.Errorf("Cache-Control %q", c)
	}
	if _, body = get(func(r *http.Request) { r.Header.Set("Git-Protocol", "version=2") }); !strings.HasPrefix(body, "000eversion 2\n") {
		t.Errorf("version 2: %q", body)
	}
	if res := send(t, "GET", base+"/info/refs", nil, func(*http.Request) {}); res.StatusCode != 400 {
		t.Errorf("dumb protocol: %s", res.Status)
	}

	// git asks whether a big push would be let in with four bytes, with and without its credential.
	post := func(token, body, contentType string, edit ...func(*http.Request)) (*http.Response, string) {
		res := send(t, "POST", base+"/git-receive-pack", io.MultiReader(strings.NewReader(body)), func(r *http.Request) {
			r.Header.Set("Content-Type", contentType)
			if token != "" {
				r.SetBasicAuth("x", h.TokenValue(token))
			}
			for _, e := range edit {
				e(r)
			}
		})
		b, _ := io.ReadAll(res.Body)
		return res, string(b)
	}
	const request = "application/x-git-receive-pack-request"
	if res, _ := post("", "0000", request); res.StatusCode != 401 || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("probe without a credential: %s %v", res.Status, res.Header)
	}
	if res, body := post("alice.write", "0000", request); res.StatusCode != 200 || body != "" || res.Header.Get("Content-Type") != "application/x-git-receive-pack-result" {
		t.Errorf("probe: %s %q %v", res.Status, body, res.Header)
	}
	if res, body := post("alice.write", "0000", request, func(r *http.Request) { r.Header.Set("Expect", "100-continue") }); res.StatusCode != 200 {
		t.Errorf("probe that waits: %s %q", res.Status, body)
	}
	if res, _ := post("alice.write", "0000", "text/plain"); res.StatusCode != 400 {
		t.Errorf("a body of another type: %s", res.Status)
	}
	for _, bad := range []string{"zzzz", "0003", "00ff", "000aabcdef", "0032" + strings.Repeat("x", 46)} {
		if res, body := post("alice.write", bad, request); res.StatusCode != 200 || !strings.Contains(body, "ERR ") {
			t.Errorf("%q: %s %q", bad, res.Status, body)
		}
	}
}
