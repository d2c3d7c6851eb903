package compat

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A credential helper is asked after a 401, keeps what works and forgets what does not; what is forbidden to a credential that
// is good does not make git forget it.
func TestGitCredentials(t *testing.T) { eachGit(t, testGitCredentials) }

func testGitCredentials(t *testing.T, g tool) {
	h := theHub(t)
	path := h.newRepo(t, "model", "credentials-"+g.name, true)
	url := h.gitURL("", path)
	f := g.folder(t)
	// A helper that answers with the token in a file and writes down what it is told.
	f.write(t, "helper", []byte("#!/bin/sh\ncat >/dev/null\necho $1 >>'"+f.dir+"/asked'\n[ $1 = get ] && echo username=hf_user && echo password=$(cat '"+f.dir+"/token')\nexit 0\n"))
	if err := os.Chmod(filepath.Join(f.dir, "helper"), 0o755); err != nil {
		t.Fatal(err)
	}
	f.git(t, "config", "--global", "credential.helper", f.dir+"/helper")
	asked := func(token string) string {
		t.Helper()
		f.write(t, "token", []byte(token))
		f.write(t, "asked", nil)
		out, err := f.try("ls-remote", url)
		said := strings.Fields(string(f.read(t, "asked")))
		if err != nil {
			said = append(said, "refused")
		}
		return strings.Join(said, " ") + "\n" + out
	}
	for _, c := range []struct{ name, token, want, says string }{
		{"a token", h.plain(t, "carol", "read"), "get store", "refs/heads/main"},
		{"no token", "hf_nonsense", "get erase refused", "Authentication failed"},
		{"a password", "correct horse battery staple", "get erase refused", "Account passwords are not accepted"},
		{"a stranger's token", h.plain(t, "dan", "read"), "get refused", "Repository not found"},
	} {
		said, out, _ := strings.Cut(asked(c.token), "\n")
		if said != c.want || !strings.Contains(out, c.says) {
			t.Errorf("%s: %q, want %q, and %q in\n%s", c.name, said, c.want, c.says, out)
		}
	}
	// What everybody may read asks nobody.
	f.write(t, "asked", nil)
	f.git(t, "ls-remote", h.gitURL("", h.newRepo(t, "model", "uncredentialed-"+g.name, false)))
	if said := f.read(t, "asked"); len(said) > 0 {
		t.Errorf("a public repository: %s", said)
	}
}

// All ways to name a repository, before and after it is renamed, and where a token may not stand.
func TestGitAddresses(t *testing.T) { eachGit(t, testGitAddresses) }

func testGitAddresses(t *testing.T, g tool) {
	h := theHub(t)
	for _, kind := range []string{"model", "dataset", "space"} {
		name := "addresses-" + kind + "-" + g.name
		body := map[string]any{"type": kind, "name": name, "organization": "acme", "private": true}
		if kind == "space" {
			body["sdk"] = "static"
		}
		alice := h.as(h.plain(t, "alice", "write"))
		alice.json(t, http.MethodPost, "/api/repos/create", body).want(t, "create", 200)
		prefix := ""
		if kind != "model" {
			prefix = kind + "s/"
		}
		token := h.plain(t, "bob", "write")
		here := g.folder(t)
		for _, path := range []string{prefix + "acme/" + name, prefix + "acme/" + name + ".git", prefix + "acme/" + name + "/"} {
			here.git(t, "ls-remote", h.gitURL(token, path))
		}
		for _, path := range []string{"models/acme/" + name, prefix + "acme", prefix + name, prefix + "acme/" + name + "/x", prefix + "acme/" + name + ".git.git"} {
			here.refused(t, "", "ls-remote", h.gitURL(token, path))
		}
		for _, other := range []string{"", "datasets/", "spaces/"} {
			if other != prefix {
				here.refused(t, "not found", "ls-remote", h.gitURL(token, other+"acme/"+name))
			}
		}
		here.refused(t, "", "ls-remote", h.url+"/"+prefix+"acme/"+name+"?token="+token)
		here.refused(t, "could not read Username", "-c", "http.extraHeader=X-Token: "+token, "ls-remote", h.gitURL("", prefix+"acme/"+name))
		here.git(t, "-c", "http.extraHeader=Authorization: Bearer "+token, "ls-remote", h.gitURL("", prefix+"acme/"+name))

		old := g.clone(t, h.gitURL(token, prefix+"acme/"+name))
		alice.json(t, http.MethodPost, "/api/repos/move", map[string]any{"fromRepo": "acme/" + name, "toRepo": "acme/" + name + "-renamed", "type": kind}).want(t, "move", 200)
		old.git(t, "commit", "-q", "--allow-empty", "-m", "to the new name")
		old.git(t, "push", "-q", "origin", "main")
		again := g.clone(t, h.gitURL(token, prefix+"acme/"+name+".git"))
		if got, want := again.git(t, "rev-parse", "HEAD"), old.git(t, "rev-parse", "HEAD"); got != want {
			t.Errorf("a clone of the old name is at %s, not %s", got, want)
		}
		// Where it went is told to those who may read it alone.
		here.refused(t, "Repository not found", "ls-remote", h.gitURL(h.plain(t, "dan", "read"), prefix+"acme/"+name))
		here.refused(t, "could not read Username", "ls-remote", h.gitURL("", prefix+"acme/"+name))
	}
}

// Who was not let into a gated repository has no more of it by git than by other ways.
func TestGitGates(t *testing.T) { eachGit(t, testGitGates) }

func testGitGates(t *testing.T, g tool) {
	h := theHub(t)
	path := h.newRepo(t, "model", "gated-"+g.name, false)
	bob := h.as(h.plain(t, "bob", "write"))
	here := g.folder(t)
	here.git(t, "ls-remote", h.gitURL("", path))
	before := g.clone(t, h.gitURL(h.plain(t, "dan", "read"), path))
	bob.json(t, "PUT", "/api/models/"+path+"/settings", map[string]any{"gated": "manual"}).want(t, "gate", 200)
	here.refused(t, "could not read Username", "ls-remote", h.gitURL("", path))
	here.refused(t, "restricted", "clone", h.gitURL(h.plain(t, "dan", "read"), path), "x")
	before.refused(t, "restricted", "fetch")
	here.git(t, "ls-remote", h.gitURL(h.plain(t, "carol", "read"), path))
	bob.json(t, http.MethodPost, "/api/models/"+path+"/user-access-request/grant", map[string]any{"user": "dan"}).want(t, "grant", 200)
	before.git(t, "fetch")
	before.refused(t, "You are not a member of acme", "push", h.gitURL(h.plain(t, "dan", "write"), path), "HEAD:x")
	only := h.token(t, "dan", "--kind", "fine-grained").Value
	here.refused(t, "", "ls-remote", h.gitURL(only, path))
	here.git(t, "ls-remote", h.gitURL(h.token(t, "dan", "--kind", "fine-grained", "--gated").Value, path))
}
