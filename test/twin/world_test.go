package twin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// world is what was built: who there is, and what a caller may have heard of.
type world struct {
	dir     string
	callers []caller
	repos   []repo
	groups  []string          // ids of resource groups
	robot   string            // id of the service account
	handles []string          // ids of tokens
	old     []hub.RepoID      // names that moved repositories had
	people  []string          // users and organizations
	ids     []string          // of users, organizations, repositories and tokens
	tokens  map[string]string // values by name
	large   map[string]string // contents of large files by their digests
}

// caller is somebody who asks: a credential, or none.
type caller struct {
	name   string
	user   string // "" without a credential
	header http.Header
}

// repo is a repository with what can be asked about.
type repo struct {
	hub.RepoID
	row     hub.ID
	head    string
	digests []string // of large files
	hashes  []string // of large files and their only chunks, in the store of chunks
}

const (
	shared = "the same large file in every repository\n" // whose digest tells nothing about who has it
	branch = "side"
	tag    = "v1"
)

// build makes the world in a new folder. It runs in a bubble of its own.
func build(t *testing.T, dir string) *world {
	w := &world{dir: dir, tokens: map[string]string{}, large: map[string]string{}}
	n := open(t, dir)
	w.buildPeople(n)
	w.buildRepos(n)
	w.buildScoped(n)
	w.buildGroups(n)
	w.buildGates(n)
	w.buildMachines(n)
	sleep(time.Hour) // for what the hub does in the background
	w.hearOfChunks(n)
	w.buildPolicies(n)
	n.close()
	w.addSessions(t)
	slices.SortFunc(w.callers, func(a, b caller) int { return strings.Compare(a.name, b.name) })
	return w
}

// people and the organizations they are in. The first of an organization administers it.
var (
	users   = []string{"alice", "bob", "carol", "dave", "erin", "mallory", "nina"}
	orgs    = []string{"acme", "beta", "gamma", "delta"}
	members = map[string][][2]string{
		"acme": {{"alice", "admin"}, {"bob", "write"}, {"carol", "read"}, {"dave", "contributor"}, {"erin", "no_access"}},
		"beta": {{"nina", "admin"}, {"carol", "write"}, {"bob", "contributor"}},
		// These two have token policies.
		"gamma": {{"nina", "admin"}, {"bob", "write"}, {"carol", "read"}},
		"delta": {{"dave", "admin"}, {"carol", "read"}},
	}
)

func (w *world) buildPeople(n *node) {
	w.people = append(append(w.people, users...), orgs...)
	for _, u := range users {
		var made operatorapi.User
		n.operator(operatorapi.UserCreate, operatorapi.NewUser{Name: u, FullName: "Full " + u, Email: u + "@example.org"}, &made)
		w.ids = append(w.ids, string(made.ID))
		for _, kind := range []hub.TokenKind{hub.TokenRead, hub.TokenWrite} {
			w.token(n, u+"."+string(kind), operatorapi.NewToken{User: u, Kind: kind})
		}
	}
	for _, o := range orgs {
		var made operatorapi.Org
		n.operator(operatorapi.OrgCreate, operatorapi.NewOrg{Name: o, FullName: "The " + o, Admin: members[o][0][0], HideMembers: true}, &made)
		w.ids = append(w.ids, string(made.ID))
		for _, m := range members[o][1:] {
			n.operator(operatorapi.MemberSet, operatorapi.SetMember{Org: o, User: m[0], Role: m[1]}, nil)
		}
	}
}

// token makes a token and a caller of it.
func (w *world) token(n *node, name string, q operatorapi.NewToken) {
	q.Name = name
	var made operatorapi.TokenWithValue
	n.operator(operatorapi.TokenCreate, q, &made)
	w.tokens[name] = made.Value
	w.ids = append(w.ids, string(made.ID))
	w.handles = append(w.handles, string(made.ID))
	w.callers = append(w.callers, caller{name, q.User, http.Header{"Authorization": {"Bearer " + made.Value}}})
}

// shapes are the repositories that every namespace has in every type.
var shapes = []struct {
	name    string
	private bool
	gated   string
}{{"open", false, ""}, {"closed", true, ""}, {"asks", false, "manual"}, {"vault", true, "auto"}}

// makers are the tokens by which repositories come about in a namespace.
var makers = map[string]string{"acme": "alice.write", "beta": "nina.write", "gamma": "nina.write", "delta": "dave.write", "alice": "alice.write", "nina": "nina.write", "mallory": "mallory.write"}

func (w *world) buildRepos(n *node) {
	for _, ns := range []string{"acme", "beta", "alice", "nina", "mallory"} {
		for _, typ := range hub.RepoTypes {
			for _, s := range shapes {
				if s.gated != "" && typ == hub.Space {
					continue
				}
				w.makeRepo(n, makers[ns], hub.RepoID{Type: typ, Namespace: ns, Name: s.name}, s.private, s.gated)
			}
		}
	}
	for _, ns := range []string{"gamma", "delta"} {
		for _, s := range shapes[:2] {
			w.makeRepo(n, makers[ns], hub.RepoID{Type: hub.Model, Namespace: ns, Name: s.name}, s.private, "")
		}
	}
	// Made by people who are no administrators: a contributor changes what he created.
	w.makeRepo(n, "dave.write", hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "daves"}, true, "")
	w.makeRepo(n, "bob.write", hub.RepoID{Type: hub.Dataset, Namespace: "beta", Name: "bobs"}, true, "")
	// A hidden repository beside one in sight of the same name and another type, and names that lead elsewhere:
	// hidden to hidden, seen to hidden, hidden to seen, from one namespace to another.
	w.makeRepo(n, "alice.write", hub.RepoID{Type: hub.Dataset, Namespace: "acme", Name: "twofold"}, false, "")
	w.makeRepo(n, "alice.write", hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "twofold"}, true, "")
	for _, m := range []struct {
		from, to  string
		was, then bool // private before and after
	}{{"acme/dark", "acme/darker", true, true}, {"acme/seen", "acme/withdrawn", false, true}, {"acme/plan", "acme/published", true, false},
		{"alice/given", "acme/received", true, true}, {"alice/shown", "acme/kept", false, true}} {
		id, _ := hub.ParseRepoID(hub.Model, m.from)
		to, _ := hub.ParseRepoID(hub.Model, m.to)
		w.makeRepo(n, "alice.write", id, m.was, "")
		n.must(w.send("alice.write", "POST", "/api/repos/move", fmt.Sprintf(`{"type":"model","fromRepo":%q,"toRepo":%q}`, m.from, m.to)), nil)
		n.must(w.send("alice.write", "PUT", to.APIPath()+"/settings", fmt.Sprintf(`{"private":%t}`, m.then)), nil)
		w.old = append(w.old, id)
		w.repos[len(w.repos)-1].RepoID = to
	}
}

// send makes a request as the token of the given name.
func (w *world) send(token, method, target, body string) request {
	q := request{method: method, target: target, header: http.Header{"Authorization": {"Bearer " + w.tokens[token]}}, body: []byte(body)}
	if body != "" {
		q.header.Set("Content-Type", "application/json")
	}
	return q
}

// makeRepo creates a repository with a card, files, a large file of its own and the shared one, a branch and a tag.
func (w *world) makeRepo(n *node, token string, id hub.RepoID, private bool, gated string) {
	create := map[string]any{"type": id.Type, "organization": id.Namespace, "name": id.Name, "private": private}
	if id.Type == hub.Space {
		create["sdk"] = "static"
	}
	b, _ := json.Marshal(create)
	var made struct{ ID hub.ID }
	n.must(w.send(token, "POST", "/api/repos/create", string(b)), &made)
	r := repo{RepoID: id, row: made.ID}
	large := []string{shared, "large file of " + string(id.Type) + " " + id.FullName() + strings.Repeat(".", len(w.repos)) + "\n"}
	lines := []string{
		`{"key":"header","value":{"summary":"Files of ` + id.Name + `"}}`,
		fileLine("README.md", "---\nlicense: mit\ntags: [tag-"+id.Name+", common]\nlanguage: en\n---\n# "+id.FullName()+"\n"),
		fileLine("data/a.txt", "a of "+id.FullName()+"\n"), fileLine("data/deep/b.json", `{"b":1}`), fileLine("config.json", `{"model_type":"bert"}`),
	}
	for i, content := range large {
		d := digest(content)
		w.large[d] = content
		r.hashes = append(r.hashes, xethash.Chunk([]byte(content)).String())
		r.digests = append(r.digests, d)
		w.upload(n, token, id, d, content)
		lines = append(lines, fmt.Sprintf(`{"key":"lfsFile","value":{"path":"large%d.bin","algo":"sha256","oid":%q,"size":%d}}`, i, d, len(content)))
	}
	q := w.send(token, "POST", id.APIPath()+"/commit/main", strings.Join(lines, "\n"))
	q.header.Set("Content-Type", "application/x-ndjson")
	var committed struct{ CommitOid string }
	n.must(q, &committed)
	r.head = committed.CommitOid
	n.must(w.send(token, "POST", id.APIPath()+"/branch/"+branch, `{}`), nil)
	n.must(w.send(token, "POST", id.APIPath()+"/tag/main", `{"tag":"`+tag+`"}`), nil)
	if gated != "" {
		n.must(w.send(token, "PUT", id.APIPath()+"/settings", `{"gated":"`+gated+`"}`), nil)
	}
	w.ids = append(w.ids, string(r.row))
	w.repos = append(w.repos, r)
}

// hearOfChunks asks each owner for the names that the large files have in the store of chunks.
func (w *world) hearOfChunks(n *node) {
	for i := range w.repos {
		r := &w.repos[i]
		var entries []struct{ XetHash string }
		n.must(w.send(makers[r.Namespace], "GET", r.APIPath()+"/tree/main", ""), &entries)
		for _, e := range entries {
			if e.XetHash != "" {
				r.hashes = append(r.hashes, e.XetHash)
			}
		}
	}
}

// upload stores a large file as git-lfs does.
func (w *world) upload(n *node, token string, id hub.RepoID, digest, content string) {
	q := w.send(token, "POST", id.WebPath()+".git/info/lfs/objects/batch", fmt.Sprintf(`{"operation":"upload","transfers":["basic"],"objects":[{"oid":%q,"size":%d}]}`, digest, len(content)))
	var plan struct {
		Objects []struct {
			Actions map[string]struct{ Href string }
		}
	}
	n.must(q, &plan)
	if href := plan.Objects[0].Actions["upload"].Href; href != "" {
		n.must(request{method: "PUT", target: strings.TrimPrefix(href, "http://"+host), body: []byte(content)}, nil)
	}
}

func fileLine(path, content string) string {
	b, _ := json.Marshal(map[string]any{"key": "file", "value": map[string]string{"path": path, "content": content, "encoding": "utf-8"}})
	return string(b)
}

func digest(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// buildScoped makes fine-grained tokens of several shapes. Some name repositories that their owners cannot see.
func (w *world) buildScoped(n *node) {
	n.operator(operatorapi.MemberSet, operatorapi.SetMember{Org: "acme", User: "nina", Role: "write"}, nil)
	for name, q := range map[string]operatorapi.NewToken{
		"nina.lost":   {User: "nina", Scopes: []operatorapi.Scope{{Entity: "model:acme/closed", Permissions: []hub.Permission{hub.PermRepoContentRead}}, {Entity: "model:acme/open", Permissions: []hub.Permission{hub.PermRepoWrite}}}},
		"alice.one":   {User: "alice", Scopes: []operatorapi.Scope{{Entity: "model:alice/closed", Permissions: []hub.Permission{hub.PermRepoContentRead, hub.PermRepoWrite}}}},
		"alice.org":   {User: "alice", Scopes: []operatorapi.Scope{{Entity: "org:acme", Permissions: []hub.Permission{hub.PermRepoContentRead, hub.PermRepoWrite, hub.PermOrgRead}}, {Entity: "model:acme/closed"}, {Entity: "model:acme/darker"}}},
		"alice.reads": {User: "alice", Scopes: []operatorapi.Scope{{Entity: "org:acme", Permissions: []hub.Permission{hub.PermRepoContentRead}}, {Entity: "dataset:acme/vault"}}, CanReadGated: true},
		"alice.none":  {User: "alice"},
		"bob.own":     {User: "bob", Scopes: []operatorapi.Scope{{Entity: "user:bob", Permissions: []hub.Permission{hub.PermRepoWrite}}, {Entity: "org:beta", Permissions: []hub.Permission{hub.PermOrgRead}}}},
		"carol.both":  {User: "carol", Scopes: []operatorapi.Scope{{Entity: "org:acme", Permissions: []hub.Permission{hub.PermRepoContentRead}}, {Entity: "org:beta", Permissions: []hub.Permission{hub.PermRepoWrite}}, {Entity: "dataset:beta/bobs"}}},
		"bob.gamma":   {User: "bob", Scopes: []operatorapi.Scope{{Entity: "org:gamma", Permissions: []hub.Permission{hub.PermRepoContentRead, hub.PermRepoWrite}}}},
		"carol.gamma": {User: "carol", Scopes: []operatorapi.Scope{{Entity: "org:gamma", Permissions: []hub.Permission{hub.PermRepoContentRead}}, {Entity: "org:delta", Permissions: []hub.Permission{hub.PermRepoContentRead}}}},
		"mallory.any": {User: "mallory", Global: []hub.Permission{hub.PermDiscussionWrite}, CanReadGated: true},
	} {
		q.Kind = hub.TokenFineGrained
		w.token(n, name, q)
	}
	n.operator(operatorapi.MemberRemove, operatorapi.SetMember{Org: "acme", User: "nina"}, nil)
}

// addSessions signs people in, and adds the caller without a credential and one with a bad one.
func (w *world) addSessions(t *testing.T) {
	ctx := context.Background()
	cfg := settings(w.dir)
	db, err := meta.Open(ctx, meta.Options{URL: cfg.SQLitePath()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	text, err := os.ReadFile(cfg.KeysPath())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := identity.ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range users {
		u, err := db.UserByName(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		now, cookie := time.Now().UTC(), "the-cookie-of-"+name
		s := hub.Session{ID: hub.NewID(), UserID: u.ID, CreatedAt: now, ExpiresAt: now.AddDate(10, 0, 0)}
		if err := db.CreateSession(ctx, s, keys.SessionDigest(secret.New(cookie)), hub.Event{Type: "user.sign_in"}); err != nil {
			t.Fatal(err)
		}
		w.callers = append(w.callers, caller{name + ".session", name, http.Header{"Cookie": {"token=" + cookie}}})
	}
	w.callers = append(w.callers, caller{"nobody", "", http.Header{}}, caller{"bad", "", http.Header{"Authorization": {"Bearer hf_" + strings.Repeat("x", 34)}}})
}

// copyTo copies the world's folder. Stored bytes never change, so they are linked.
func (w *world) copyTo(t *testing.T, dir string) {
	t.Helper()
	from, to := settings(w.dir), settings(dir)
	err := filepath.WalkDir(from.BlobsPath(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from.BlobsPath(), path)
		if err != nil {
			return err
		}
		if path := filepath.Join(to.BlobsPath(), rel); os.MkdirAll(filepath.Dir(path), 0o700) == nil {
			err = os.Link(filepath.Join(from.BlobsPath(), rel), path)
		}
		return err
	})
	if err == nil {
		err = os.MkdirAll(to.BlobsPath(), 0o700)
	}
	for _, f := range [][2]string{{from.SQLitePath(), to.SQLitePath()}, {from.SQLitePath() + "-wal", to.SQLitePath() + "-wal"}, {from.KeysPath(), to.KeysPath()}} {
		var b []byte
		if err == nil {
			if b, err = os.ReadFile(f[0]); errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(f[0], "-wal") {
				err = nil
				continue
			}
		}
		if err == nil {
			err = os.WriteFile(f[1], b, 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
