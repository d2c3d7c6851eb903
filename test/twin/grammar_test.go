package twin

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// grammar makes requests of one caller. It knows the names of everything in the world, hidden or not, as somebody who
// left the organization yesterday would, and it remembers what answers to the caller said.
type grammar struct {
	*rand.Rand
	w       *world
	who     caller
	hidden  []repo
	seen    []repo
	creates map[string]bool // namespaces where the caller may create
	heard   []string        // URLs in answers: pages, tickets
	connect []connection    // to the store of chunks
	shas    []string        // of commits in answers
	refused []string        // ids of requests that were refused
	fresh   int             // names given to new repositories
	sane    bool            // the request in work shall be a proper one, whatever it is about
	route   string          // it is for
	about   repo            // what it is about, if that is a repository of the world
	object  string          // the digest in its path
}

// connection is a token for the store of chunks, and where it is.
type connection struct {
	path, token string
	about       repo
}

func one[T any](g *grammar, of ...T) T { return of[g.IntN(len(of))] }

// odds is true once in n times.
func (g *grammar) odds(n int) bool { return g.IntN(n) == 0 }

// next makes a request for a route, "METHOD pattern".
func (g *grammar) next(route string) request {
	if len(g.heard) > 0 && g.odds(12) {
		return g.follow()
	}
	g.route, g.sane, g.about, g.object = route, !g.odds(3), g.any(), ""
	method, pattern, _ := strings.Cut(route, " ")
	if g.sane {
		// Most of what organizations have is in one of them, and most people have a role there.
		pattern = strings.Replace(pattern, "/organizations/{name}/", "/organizations/"+one(g, "acme", "acme", "{name}")+"/", 1)
		pattern = strings.Replace(pattern, "/service-accounts/{id}", "/service-accounts/"+g.w.robot, 1)
		pattern = strings.TrimSuffix(pattern, "/")
	}
	q := request{route: route, method: method, header: g.who.header.Clone()}
	if route == "DELETE /api/sessions/current" && !g.odds(100) {
		q.header.Del("Cookie") // or whoever has a session asks nothing more
	}
	space := ""
	if strings.HasPrefix(pattern, "/xet/") && len(g.connect) > 0 && !g.odds(6) {
		c := one(g, g.connect...)
		space, g.about = strings.TrimPrefix(c.path, "/xet/"), c.about
		q.header = http.Header{"Authorization": {"Bearer " + c.token}}
	}
	q.target = variable.ReplaceAllStringFunc(g.place(pattern), func(v string) string {
		name := strings.Trim(v, "{}.")
		if name == "space" && space != "" {
			return space
		}
		return g.value(name)
	})
	query := g.query()
	if make := queries[route]; make != nil && !g.odds(5) {
		query = make(g).Encode()
	}
	if query != "" {
		q.target += "?" + query
	}
	if make := bodies[route]; make != nil {
		var kind string
		q.body, kind = make(g)
		q.header.Set("Content-Type", kind)
		if !g.sane && g.odds(8) {
			q.body = q.body[:g.IntN(len(q.body)+1)]
		}
	}
	if !g.sane {
		g.addHeaders(&q)
	}
	switch {
	case g.sane:
	case method == "GET" && g.odds(8):
		q.method = "HEAD"
	case g.odds(40):
		q.method = one(g, "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
	case g.odds(60):
		q.target = strings.Replace(q.target, "/", "/%2e%2e/", 2)
	case g.odds(40):
		q.target += one(g, "/", "/absent/page", "/blob/main/README.md", "%zz", ".git")
	}
	return q
}

// variable is a {name} or {name...} of a pattern.
var variable = regexp.MustCompile(`\{[a-zA-Z]+(\.\.\.)?\}`)

// place puts a repository into a pattern.
func (g *grammar) place(pattern string) string {
	if !strings.Contains(pattern, "{repo}") {
		return pattern
	}
	id := g.repo()
	name := (&url.URL{Path: id.FullName()}).EscapedPath()
	if rest, ok := strings.CutPrefix(pattern, "/api/{type}s/{repo}"); ok {
		return "/api/" + id.Type.Plural() + "/" + name + rest
	}
	rest := strings.TrimPrefix(pattern, "/{repo}")
	prefix := "/"
	if id.Type != hub.Model {
		prefix += id.Type.Plural() + "/"
	}
	if strings.HasPrefix(rest, "/info/") || strings.HasPrefix(rest, "/git-") {
		name += one(g, "", ".git", ".git")
	}
	return prefix + name + rest
}

// repo names a repository: one that the caller sees, a hidden one, one that is not there, an old name, a wrong type.
func (g *grammar) repo() hub.RepoID {
	var id hub.RepoID
	switch k := g.IntN(20); {
	case k < 10 && len(g.seen) > 0:
		g.about = one(g, g.seen...)
		id = g.about.RepoID
	case k < 15 && len(g.hidden) > 0:
		g.about = one(g, g.hidden...)
		id = g.about.RepoID
	case k < 17:
		id = one(g, g.w.old...)
	case k < 18 && g.fresh > 0:
		id = g.made()
	default:
		id = hub.RepoID{Type: one(g, hub.RepoTypes...), Namespace: one(g, append(g.w.people, "nowhere")...), Name: one(g, "open", "closed", "missing", "vault")}
	}
	if g.sane {
		return id
	}
	if g.odds(8) {
		id.Type = one(g, hub.RepoTypes...)
	}
	if g.odds(8) {
		id.Namespace, id.Name = strings.ToUpper(id.Namespace), strings.ToUpper(id.Name)
	}
	return id
}

// made names a repository that the caller may have made.
func (g *grammar) made() hub.RepoID {
	return hub.RepoID{Type: one(g, hub.RepoTypes...), Namespace: g.namespace(), Name: fmt.Sprint("new", g.IntN(g.fresh+1))}
}

// namespace is one where the caller may create, if there is one.
func (g *grammar) namespace() string {
	for _, ns := range g.w.people {
		if g.creates[ns] && !g.odds(3) {
			return ns
		}
	}
	return one(g, g.w.people...)
}

// target names a repository to be created: never a hidden one where the caller may create, since that the name is
// taken is told on purpose.
func (g *grammar) target() hub.RepoID {
	if g.odds(2) {
		g.fresh++
		return g.made()
	}
	id := g.repo()
	for _, r := range g.hidden {
		if g.creates[hub.NameKey(id.Namespace)] && hub.NameKey(r.FullName()) == hub.NameKey(id.FullName()) {
			g.fresh++
			return g.made()
		}
	}
	return id
}

// any is a repository of the world, whoever sees it.
func (g *grammar) any() repo { return one(g, g.w.repos...) }

func (g *grammar) rev() string {
	if g.sane {
		return one(g, "main", "main", "main", g.about.head)
	}
	switch g.IntN(8) {
	case 0:
		return g.any().head
	case 1:
		if len(g.shas) > 0 {
			return one(g, g.shas...)
		}
	case 2:
		return url.PathEscape(one(g, "refs/pr/1", "refs/heads/main", "refs/convert/parquet", "absent", "HEAD", "..", " "))
	case 3:
		return one(g, branch, tag, "new-branch", "v2")
	case 4:
		return g.any().head[:7]
	}
	return "main"
}

func (g *grammar) path() string {
	if g.sane {
		return one(g, "README.md", "data/a.txt", "large0.bin", "large1.bin", "data")
	}
	return one(g, "README.md", "README.md", "data/a.txt", "large0.bin", "large1.bin", "config.json", "data", "data/deep", "absent", "", "a/../b", "new.txt")
}

func (g *grammar) digest() string {
	if g.sane {
		return one(g, g.about.digests...)
	}
	switch g.IntN(5) {
	case 0:
		return digest("nobody has this")
	case 1:
		return digest(shared)
	case 2:
		return "zz" + digest("")[2:]
	}
	return one(g, g.any().digests...)
}

// hash is a name in the store of chunks.
func (g *grammar) hash() string {
	if g.sane {
		return one(g, g.about.hashes...)
	}
	if g.odds(3) {
		return one(g, digest("no such file"), digest(shared), g.digest(), "short", strings.Repeat("0", 64))
	}
	return one(g, g.any().hashes...)
}

// values has what may stand for each variable of a pattern. A route with a variable that is not here fails the test.
var values = map[string]func(g *grammar) string{
	"name":   (*grammar).person,
	"org":    (*grammar).person,
	"link":   func(g *grammar) string { return one(g, "x", digest("link")) },
	"topic":  func(g *grammar) string { return one(g, "", "transformers/load", "x") },
	"space":  func(g *grammar) string { return one(g, "x", one(g, g.w.ids...)+"-0", one(g, g.w.ids...)) },
	"hash":   (*grammar).hash,
	"prefix": func(g *grammar) string { return one(g, "default", "default", "default-merkledb", "other") },
	"rev":    (*grammar).rev,
	"path":   (*grammar).path,
	"branch": func(g *grammar) string { return one(g, "main", branch, "new-branch", "a/b", "-bad", "") },
	"tag":    func(g *grammar) string { return one(g, tag, "v2", "absent", "") },
	"oid":    (*grammar).oid,
	"part":   func(g *grammar) string { return one(g, "1", "2", "00001", "0", "x") },
	"id": func(g *grammar) string {
		if g.route == "GET /api/access/denials/{id}" && len(g.refused) > 0 {
			return one(g, g.refused...)
		}
		if g.sane {
			return one(g, g.w.groups...)
		}
		return g.id()
	},
	"groupId": (*grammar).id,
	"tokenId": (*grammar).id,
	"token": func(g *grammar) string {
		if g.sane {
			return one(g, g.w.handles...)
		}
		return g.id()
	},
	"status":   func(g *grammar) string { return one(g, "pending", "accepted", "rejected", "approved") },
	"num":      func(g *grammar) string { return one(g, "1", "2", "x") },
	"comment":  (*grammar).id,
	"user":     (*grammar).person,
	"username": (*grammar).person,
}

func (g *grammar) value(name string) string {
	make := values[name]
	if make == nil {
		return "unknown-variable-" + name
	}
	return make(g)
}

// oid remembers the object of the path for the body.
func (g *grammar) oid() string {
	g.object = g.digest()
	return g.object
}

func (g *grammar) person() string {
	if g.sane {
		return one(g, g.w.people...)
	}
	return one(g, append(g.w.people, "nowhere", "ACME", "x.svg")...)
}

func (g *grammar) id() string {
	return one(g, one(g, g.w.ids...), one(g, g.w.ids...), strings.Repeat("0", 24), "x")
}

// parameters are what queries are made of: every parameter of the program, with values good and bad.
var parameters = map[string][]string{
	"recursive": {"true", "1", "maybe"}, "expand": {"true", "sha", "siblings", "downloads", "formatted", "lastModified", "noSuchField"},
	"expand[]": {"sha", "siblings", "usedStorage", "xetEnabled"}, "limit": {"1", "3", "1000", "0", "-1", "x"}, "cursor": {"x", "QUFB"},
	"search": {"closed", "open", "a", "acme/c", "dark", "%"}, "author": {"acme", "beta", "alice", "nowhere"},
	"sort": {"createdAt", "downloads", "likes", "trendingScore", "lastModified", "storage", "id"}, "direction": {"-1", "1", "asc"}, "full": {"true", "full"},
	"filter": {"common", "tag-closed", "license:mit", "nothing"}, "gated": {"true", "false"}, "type": {"model", "dataset", "space", "x"}, "skip": {"0", "2", "x"},
	"create_pr": {"1", "0"}, "include_prs": {"1"}, "p": {"0", "1", "-1"}, "blobs": {"true"}, "securityStatus": {"true"}, "download": {"true"},
	"service": {"git-upload-pack", "git-upload-pack", "git-receive-pack", "git-nothing"}, "ticket": {"x"}, "file_id": {digest("x")}, "email": {"a@example.org"},
	"status": {"pending", "accepted", "approved", "x"}, "user": {"alice", "mallory", "nowhere"}, "repo": {"acme/closed", "acme/open", "acme/missing"},
	"repoType": {"model", "dataset"}, "action": {"repo.view", "repo.write", "x"}, "token": {"x"}, "permission": {"repo.write", "repo.content.read"}, "kind": {"read", "fine-grained", "x"},
	"owner": {"carol", "mallory", "nowhere"}, "revoked": {"true"}, "unusedSince": {"2000-01-01"}, "namespace": {"acme", "gamma"}, "format": {"csv", "json"}, "after": {"x", "2000-01-01"}, "q": {"a"}, "role": {"admin", "read"},
}

var parameterNames = func() (names []string) {
	for k := range parameters {
		names = append(names, k)
	}
	return sorted(names)
}()

func (g *grammar) query() string {
	v := url.Values{}
	if g.sane {
		if g.odds(3) {
			k := one(g, "recursive", "search", "author", "full", "filter", "blobs", "limit", "sort")
			v.Set(k, parameters[k][0])
		}
		v.Set("service", "git-upload-pack")
		return v.Encode()
	}
	for n := one(g, 0, 0, 1, 1, 2, 3); n > 0; n-- {
		k := one(g, parameterNames...)
		v.Add(k, one(g, parameters[k]...))
	}
	if g.odds(4) { // what lists and git look at most
		v.Add("service", "git-upload-pack")
		v.Add("limit", one(g, "1", "2", "5"))
		v.Set("search", one(g, parameters["search"]...))
	}
	return v.Encode()
}

// queries are those of routes that need one of their own.
var queries = map[string]func(g *grammar) url.Values{
	"GET /api/access/explain": func(g *grammar) url.Values {
		id := g.repo()
		v := url.Values{
			"action": {one(g, "repo.view", "repo.content.read", "repo.write", "repo.delete", "repo.create", "repo.settings", "push", "clone")},
			"target": {one(g, string(id.Type)+":"+id.FullName(), string(id.Type)+":"+id.FullName(), "new:"+string(id.Type)+":"+id.FullName(), "namespace:"+g.person(),
				id.Type.Plural()+"/"+id.FullName())},
		}
		switch g.IntN(9) {
		case 0:
			v.Set("token", one(g, g.w.handles...))
		case 1:
			v.Set("user", g.person())
		case 2:
			v.Set("kind", one(g, "read", "write", "fine-grained"))
			v.Set("scope", "model:"+g.repo().FullName()+"=repo.write")
		case 3:
			v.Set("org", g.person())
			v.Set("role", one(g, "admin", "read"))
		case 4:
			v.Set("org", g.person())
			v.Set("policy", one(g, "require_approval", "fine_grained_only"))
		case 5, 6:
			v.Set("kind", one(g, "read", "write", "ssh"))
		case 7:
			v.Set("service", g.person()+"/"+one(g, "robot", "other"))
			if g.odds(2) {
				v.Set("kind", "fine-grained")
				v.Set("scope", "org:"+g.person()+"=repo.write")
			}
		}
		if g.odds(4) {
			v.Set("visibility", one(g, "public", "private"))
		}
		if g.odds(6) {
			v.Set("group", one(g, append([]string{"none"}, g.w.groups...)...))
		}
		return v
	},
	"GET /api/organizations/{name}/settings/tokens/effect": func(g *grammar) url.Values {
		return url.Values{"policy": {one(g, "allow_all", "require_approval", "fine_grained_only", "x")}}
	},
}

func (g *grammar) addHeaders(q *request) {
	for n := one(g, 0, 0, 0, 1, 2); n > 0; n-- {
		h := one(g, [2]string{"Range", "bytes=0-3"}, [2]string{"Range", "bytes=5-1"}, [2]string{"Git-Protocol", "version=2"}, [2]string{"Accept", "application/json"},
			[2]string{"Accept", "text/plain"}, [2]string{"If-None-Match", `"` + g.digest() + `"`}, [2]string{"If-None-Match", "*"}, [2]string{"Origin", "http://elsewhere.test"},
			[2]string{"X-HTTP-Method-Override", "DELETE"}, [2]string{"Accept-Encoding", "gzip"}, [2]string{"X-Forwarded-For", "198.51.100.1"})
		q.header.Set(h[0], h[1])
	}
}

// follow uses a URL that an answer contained, with the caller's credential or without, or with a bit changed.
func (g *grammar) follow() request {
	q := request{route: "followed", method: one(g, "GET", "GET", "GET", "HEAD", "PUT", "POST"), target: one(g, g.heard...), header: http.Header{}}
	if g.odds(2) {
		q.header = g.who.header.Clone()
	}
	if q.method == "PUT" {
		q.body = []byte(one(g, shared, "other"))
	}
	if g.odds(6) {
		q.target = strings.Replace(q.target, one(g, g.w.people...), one(g, g.w.people...), 1)
	}
	g.addHeaders(&q)
	return q
}

var (
	someURL = regexp.MustCompile(`http://` + regexp.QuoteMeta(host) + `(/[^"<> \\]*)`)
	someSHA = regexp.MustCompile(`\b[0-9a-f]{40}\b`)
	casURL  = regexp.MustCompile(`"casUrl":"http://` + regexp.QuoteMeta(host) + `([^"]*)","accessToken":"([^"]*)"`)
)

// hear remembers what an answer tells.
func (g *grammar) hear(r response) {
	if r.status == 0 || r.status >= 400 {
		g.refused = remember(g, g.refused, r.header.Get("X-Request-Id"))
		return
	}
	text := string(r.body)
	if len(text) > 64<<10 {
		text = text[:64<<10]
	}
	text = strings.ReplaceAll(text, `\u0026`, "&") + "\n" + r.header.Get("Link") + "\n" + r.header.Get("Location")
	for _, m := range someURL.FindAllStringSubmatch(text, 4) {
		g.heard = remember(g, g.heard, m[1])
	}
	for _, m := range someSHA.FindAllString(text, 4) {
		g.shas = remember(g, g.shas, m)
	}
	for _, m := range casURL.FindAllStringSubmatch(text, 1) {
		g.connect = remember(g, g.connect, connection{m[1], m[2], g.about})
	}
}

// remember keeps the newest among a bounded number of things.
func remember[T any](g *grammar, all []T, v T) []T {
	if len(all) < 64 {
		return append(all, v)
	}
	all[g.IntN(len(all))] = v
	return all
}
