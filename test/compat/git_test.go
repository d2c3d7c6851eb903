package compat

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tool is a git with its git-lfs.
type tool struct {
	name string // as part of names of tests and repositories
	bin  string // the folder of its programs; "": the machine's
}

// newer is the git of test/env/newer-git.
func newer() tool { return tool{"newer", filepath.Join(root, ".testenv/newer-git/bin")} }

// eachGit runs a test with the machine's git and with a newer one.
func eachGit(t *testing.T, test func(t *testing.T, g tool)) {
	for _, g := range []tool{{name: "here"}, newer()} {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(filepath.Join(g.bin, "git")); err != nil {
				t.Fatalf("git is not installed (%v): run test/env/setup", err)
			}
			test(t, g)
		})
	}
}

// folder runs git in a folder of its own, without any setting or credential of the machine.
type folder struct {
	dir string
	tool
}

func (g tool) folder(t *testing.T) folder { return folder{t.TempDir(), g} }

// cmd is a call of git, which the caller runs. env has variables in the form NAME=value.
func (f folder) cmd(env []string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(f.bin, "git"), args...)
	cmd.Dir = f.dir
	cmd.Env = append(cleanEnv(), "HOME="+f.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Person", "GIT_AUTHOR_EMAIL=p@example.org", "GIT_COMMITTER_NAME=Person", "GIT_COMMITTER_EMAIL=p@example.org")
	if f.bin != "" {
		cmd.Env = append(cmd.Env, "PATH="+f.bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

func (f folder) try(args ...string) (string, error) {
	cmd := f.cmd(nil, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String() + errs.String(), err
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

func (f folder) git(t *testing.T, args ...string) string {
	t.Helper()
	out, err := f.try(args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// refused runs git, which must fail and say what is wanted.
func (f folder) refused(t *testing.T, want string, args ...string) {
	t.Helper()
	if out, err := f.try(args...); err == nil || !strings.Contains(out, want) {
		t.Errorf("git %s: %v, want %q in\n%s", strings.Join(args, " "), err, want, out)
	}
}

func (f folder) write(t *testing.T, name string, content []byte) {
	t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func (f folder) read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// gitURL is a repository's URL with a token as the password.
func (h *hub) gitURL(token, path string) string {
	if token == "" {
		return h.url + "/" + path
	}
	return strings.Replace(h.url, "http://", "http://hf_user:"+token+"@", 1) + "/" + path
}

func (g tool) clone(t *testing.T, url string, args ...string) folder {
	t.Helper()
	f := g.folder(t)
	f.git(t, append(append([]string{"clone", "-q"}, args...), url, ".")...)
	return f
}

// newRepo makes a repository of acme's and returns its path in URLs.
func (h *hub) newRepo(t *testing.T, kind, name string, private bool) string {
	t.Helper()
	h.as(h.plain(t, "alice", "write")).json(t, http.MethodPost, "/api/repos/create",
		map[string]any{"type": kind, "name": name, "organization": "acme", "private": private}).want(t, "creating "+name, 200)
	if kind == "model" {
		return "acme/" + name
	}
	return kind + "s/acme/" + name
}

// One repository of each type is changed by git and over HTTP, by turns: both see each other's commits, with the same ids.
func TestGitAndHTTP(t *testing.T) { eachGit(t, testGitAndHTTP) }

func testGitAndHTTP(t *testing.T, g tool) {
	for _, kind := range []string{"model", "dataset", "space"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			h := theHub(t)
			name := "by-git-" + kind + "-" + g.name
			body := map[string]any{"type": kind, "name": name, "organization": "acme", "private": true}
			if kind == "space" {
				body["sdk"] = "static"
			}
			bob := h.as(h.plain(t, "bob", "write"))
			h.as(h.plain(t, "alice", "write")).json(t, http.MethodPost, "/api/repos/create", body).want(t, "create", 200)
			path := "acme/" + name
			if kind != "model" {
				path = kind + "s/" + path
			}
			api := "/api/" + kind + "s/acme/" + name
			f := g.clone(t, h.gitURL(h.plain(t, "bob", "write"), path))
			f.write(t, "by git/füße.txt", []byte("from git\n"))
			f.write(t, "run.sh", []byte("#!/bin/sh\n"))
			if err := os.Chmod(filepath.Join(f.dir, "run.sh"), 0o755); err != nil {
				t.Fatal(err)
			}
			f.git(t, "add", ".")
			f.git(t, "commit", "-q", "-m", "From git")
			f.git(t, "push", "-q", "origin", "main")
			head := f.git(t, "rev-parse", "HEAD")
			var info struct{ Sha string }
			bob.get(t, api).want(t, "info", 200).decode(t, &info)
			if info.Sha != head {
				t.Errorf("the API says %s, git %s", info.Sha, head)
			}
			if got := bob.get(t, "/"+path+"/resolve/main/by%20git/f%C3%BC%C3%9Fe.txt").want(t, "resolve", 200); string(got.body) != "from git\n" {
				t.Errorf("resolve: %q", got.body)
			}
			lines := `{"key":"header","value":{"summary":"Over HTTP"}}` + "\n" + `{"key":"file","value":{"path":"by http.txt","content":"from http\n"}}` + "\n" +
				`{"key":"file","value":{"path":"run.sh","content":"#!/bin/bash\n"}}` + "\n"
			var made struct {
				CommitOid string `json:"commitOid"`
			}
			bob.send(t, http.MethodPost, api+"/commit/main", lines, http.Header{"Content-Type": {"application/x-ndjson"}}).want(t, "commit", 200).decode(t, &made)
			f.git(t, "pull", "-q", "--ff-only")
			if got := f.git(t, "rev-parse", "HEAD"); got != made.CommitOid {
				t.Errorf("git has %s, the API said %s", got, made.CommitOid)
			}
			if got := f.read(t, "by http.txt"); string(got) != "from http\n" {
				t.Errorf("%q", got)
			}
			// What is executable stays so when its content is replaced.
			if got := f.git(t, "ls-tree", "HEAD", "run.sh"); !strings.HasPrefix(got, "100755 ") {
				t.Errorf("%s", got)
			}
			if out := f.git(t, "fsck", "--strict", "--no-dangling"); out != "" {
				t.Error(out)
			}
		})
	}
}

// Clones of all shapes: whole, bare, mirrored, shallow and deepened, partial with files that come when they are needed.
func TestGitClones(t *testing.T) { eachGit(t, testGitClones) }

func testGitClones(t *testing.T, g tool) {
	h := theHub(t)
	path := h.newRepo(t, "model", "clones-"+g.name, false)
	f := g.clone(t, h.gitURL(h.plain(t, "bob", "write"), path))
	for i := range 12 {
		f.write(t, fmt.Sprintf("dir%d/file.txt", i%3), fmt.Appendf(nil, "version %d\n", i))
		f.git(t, "add", ".")
		f.git(t, "commit", "-q", "-m", fmt.Sprint("commit ", i))
	}
	f.git(t, "tag", "-a", "-m", "release", "v1", "HEAD~3")
	f.git(t, "push", "-q", "origin", "main", "v1")
	all := strings.Count(f.git(t, "rev-list", "main"), "\n") + 1
	url := h.gitURL("", path)
	for _, version := range []string{"0", "1", "2"} {
		set := []string{"-c", "protocol.version=" + version}
		whole := g.clone(t, url, set...)
		if got := strings.Count(whole.git(t, "rev-list", "main"), "\n") + 1; got != all {
			t.Errorf("version %s: %d of %d commits", version, got, all)
		}
		if got := whole.git(t, "describe", "--exact-match", "HEAD~3"); got != "v1" {
			t.Errorf("version %s: the tag is %s", version, got)
		}
		shallow := g.clone(t, url+".git", append(set, "--depth=2")...)
		if got := strings.Count(shallow.git(t, "rev-list", "main"), "\n") + 1; got != 2 {
			t.Errorf("version %s: %d commits at depth 2", version, got)
		}
		shallow.git(t, "fetch", "-q", "--deepen=3")
		shallow.git(t, "fetch", "-q", "--unshallow")
		partial := g.clone(t, url, append(set, "--filter=blob:none", "--no-checkout")...)
		partial.git(t, "checkout", "-q", "main")
		partial.git(t, "show", "HEAD~5:dir0/file.txt")
		trees := g.clone(t, url, append(set, "--filter=tree:0")...)
		trees.git(t, "log", "--stat", "-3")
		for _, c := range []folder{whole, shallow, partial, trees, g.clone(t, url, append(set, "--mirror")...)} {
			if out, err := c.try("fsck", "--strict", "--no-dangling"); err != nil {
				t.Errorf("version %s: git fsck: %v\n%s", version, err, out)
			}
		}
	}
}

// Who may do what, with which words: roles in an organization, kinds of tokens, and a token that is deleted.
func TestGitRoles(t *testing.T) { eachGit(t, testGitRoles) }

func testGitRoles(t *testing.T, g tool) {
	h := theHub(t)
	path := h.newRepo(t, "dataset", "git-roles-"+g.name, true)
	here := g.folder(t)
	f := g.clone(t, h.gitURL(h.plain(t, "carol", "read"), path))
	f.git(t, "commit", "-q", "--allow-empty", "-m", "mine")
	push := func(token string) []string {
		return []string{"push", h.gitURL(token, path), "HEAD:main"}
	}
	f.refused(t, "Your role in acme: read, too low", push(h.plain(t, "carol", "write"))...)
	f.refused(t, "read token", push(h.plain(t, "bob", "read"))...)
	f.refused(t, "Repository not found", push(h.plain(t, "dan", "write"))...)
	here.refused(t, "Repository not found", "ls-remote", h.gitURL(h.plain(t, "dan", "read"), path))
	here.refused(t, "could not read Username", "ls-remote", h.gitURL("", path))
	here.refused(t, "could not read Username", "ls-remote", h.gitURL("", "datasets/acme/nothing"))

	only := h.token(t, "bob", "--kind", "fine-grained", "--scope", "dataset:acme/git-roles-"+g.name+"=repo.content.read,repo.write")
	reads := h.token(t, "bob", "--kind", "fine-grained", "--scope", "dataset:acme/git-roles-"+g.name+"=repo.content.read")
	f.refused(t, "repo.write", push(reads.Value)...)
	f.git(t, push(only.Value)...)
	other := h.newRepo(t, "model", "git-roles-other-"+g.name, true)
	here.refused(t, "Repository not found", "ls-remote", h.gitURL(only.Value, other))

	h.mustAmbit(t, "token", "delete", only.ID)
	here.refused(t, "Authentication failed", "ls-remote", h.gitURL(only.Value, path))
}

// Large files go in and out by git-lfs, with the token of the git URL, and are what the HTTP API serves.
func TestGitLFS(t *testing.T) { eachGit(t, testGitLFS) }

func testGitLFS(t *testing.T, g tool) {
	h := theHub(t)
	path := h.newRepo(t, "model", "git-lfs-"+g.name, true)
	f := g.clone(t, h.gitURL(h.plain(t, "bob", "write"), path))
	f.git(t, "lfs", "install", "--local")
	content := bytes.Repeat([]byte("weights of a model, "), 1<<20)
	sum := sha256.Sum256(content)
	f.write(t, "model.safetensors", content)
	f.write(t, "small.bin", []byte("small"))
	f.git(t, "add", ".")
	f.git(t, "commit", "-q", "-m", "weights")
	f.git(t, "push", "-q", "origin", "main")
	var files []struct {
		Path string
		LFS  *struct {
			OID  string
			Size int64
		}
	}
	carol := h.as(h.plain(t, "carol", "read"))
	carol.get(t, "/api/models/"+path+"/tree/main").want(t, "tree", 200).decode(t, &files)
	found := false
	for _, file := range files {
		if file.Path == "model.safetensors" {
			found = file.LFS != nil && file.LFS.OID == hex.EncodeToString(sum[:]) && file.LFS.Size == int64(len(content))
		}
	}
	if !found {
		text, _ := json.Marshal(files)
		t.Errorf("the tree says %s", text)
	}
	if got := carol.get(t, "/"+path+"/resolve/main/model.safetensors"); !bytes.Equal(got.body, content) {
		t.Errorf("resolve gives %d bytes, status %d", len(got.body), got.status)
	}

	c := g.folder(t)
	c.git(t, "-c", "filter.lfs.smudge=git-lfs smudge -- %f", "-c", "filter.lfs.process=git-lfs filter-process", "-c", "filter.lfs.required=true",
		"clone", "-q", h.gitURL(h.plain(t, "carol", "read"), path), ".")
	if got := c.read(t, "model.safetensors"); !bytes.Equal(got, content) {
		t.Errorf("%d of %d bytes came back", len(got), len(content))
	}

	// A pointer without its file is refused, also when another repository has it.
	other := h.newRepo(t, "model", "git-lfs-other-"+g.name, true)
	o := g.clone(t, h.gitURL(h.plain(t, "erin", "write"), other))
	o.write(t, "model.safetensors", fmt.Appendf(nil, "version https://git-lfs.github.com/spec/v1\noid sha256:%x\nsize %d\n", sum, len(content)))
	o.git(t, "add", ".")
	o.git(t, "commit", "-q", "-m", "pointer")
	o.refused(t, "rejected", "push", h.gitURL(h.plain(t, "bob", "write"), other), "HEAD:main")
}
