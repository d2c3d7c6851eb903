package lfs_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/lfs"
	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// world is a hub with the routes of uploads and downloads, and a clock that tests can move.
type world struct {
	*testkit.Hub
	t     *testing.T
	svc   *transfer.Service
	ahead time.Duration
}

func start(t *testing.T, cfg transfer.Config) *world {
	t.Helper()
	w := &world{t: t}
	w.Hub = testkit.New(t, func(h *testkit.Hub) {
		w.svc = h.Transfer(cfg)
		hubapi.New(hubapi.Services{Repos: h.Repos, Transfer: w.svc}).Register(h.Server)
		resolve.New(w.svc).Register(h.Server)
		lfs.New(w.svc, h.Auth, func() time.Time { return time.Now().Add(w.ahead) }).Register(h.Server)
	})
	w.World()
	return w
}

type response struct {
	code   int
	header http.Header
	body   string
}

// do sends a request; token "" sends no credential. A path without a host is on the hub.
func (w *world) do(method, url, token string, body []byte, header ...string) response {
	w.t.Helper()
	if strings.HasPrefix(url, "/") {
		url = w.URL + url
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+w.TokenValue(token))
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response{res.StatusCode, res.Header, string(b)}
}

func (w *world) want(r response, code int, parts ...string) response {
	w.t.Helper()
	if r.code != code {
		w.t.Fatalf("status %d, want %d: %s", r.code, code, r.body)
	}
	for _, p := range parts {
		if !strings.Contains(r.body, p) {
			w.t.Fatalf("the body does not contain %q: %s", p, r.body)
		}
	}
	return r
}

type action struct {
	Href      string
	Header    map[string]string
	ExpiresIn int64 `json:"expires_in"`
}

type object struct {
	OID           string
	Size          int64
	Authenticated bool
	Actions       map[string]action
	Error         *struct {
		Code    int
		Message string
	}
}

type answer struct {
	Transfer string
	Objects  []object
	raw      string
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// batch asks about contents, in their order.
func (w *world) batch(repo, token, operation string, contents ...[]byte) answer {
	w.t.Helper()
	var objects []string
	for _, c := range contents {
		objects = append(objects, fmt.Sprintf(`{"oid":"%s","size":%d}`, digestOf(c), len(c)))
	}
	body := fmt.Sprintf(`{"operation":"%s","transfers":["basic","multipart"],"objects":[%s],"hash_algo":"sha256","ref":{"name":"main"}}`, operation, strings.Join(objects, ","))
	r := w.want(w.do("POST", "/"+repo+".git/info/lfs/objects/batch", token, []byte(body), "Accept", "application/vnd.git-lfs+json"), 200)
	if ct := r.header.Get("Content-Type"); ct != "application/vnd.git-lfs+json" {
		w.t.Errorf("content type %q", ct)
	}
	a := answer{raw: r.body}
	if err := json.Unmarshal([]byte(r.body), &a); err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) upload(repo, token string, content []byte) {
	w.t.Helper()
	o := w.batch(repo, token, "upload", content).Objects[0]
	if o.Actions == nil {
		w.t.Fatal("nothing to upload")
	}
	w.want(w.do("PUT", o.Actions["upload"].Href, "", content), 200)
}

func (w *world) commit(repo, token string, lines ...string) response {
	w.t.Helper()
	body := `{"key":"header","value":{"summary":"a commit"}}` + "\n" + strings.Join(lines, "\n")
	return w.do("POST", "/api/models/"+repo+"/commit/main", token, []byte(body), "Content-Type", "application/x-ndjson")
}

func lfsLine(path string, content []byte) string {
	return fmt.Sprintf(`{"key":"lfsFile","value":{"path":"%s","algo":"sha256","oid":"%s","size":%d}}`, path, digestOf(content), len(content))
}

// keys lists what the blob store holds below a prefix.
func (w *world) keys(prefix string) []string {
	w.t.Helper()
	keys := []string{}
	err := w.Blobs.Keys(context.Background(), prefix, func(k string, _ int64) error { keys = append(keys, k); return nil })
	if err != nil {
		w.t.Fatal(err)
	}
	sort.Strings(keys)
	return keys
}

func TestBasicUploadToDownload(t *testing.T) {
	w := start(t, transfer.Config{})
	content := []byte("some weights")
	a := w.batch("alice/secret", "alice.write", "upload", content)
	o := a.Objects[0]
	if a.Transfer != "basic" || o.OID != digestOf(content) || o.Size != 12 || !o.Authenticated || o.Actions["upload"].ExpiresIn < 21600 {
		t.Fatalf("batch: %s", a.raw)
	}
	if !strings.HasPrefix(o.Actions["upload"].Href, w.URL+"/alice/secret.git/info/lfs/objects/") {
		t.Fatalf("href %s", o.Actions["upload"].Href)
	}
	verify := fmt.Sprintf(`{"oid":"%s","size":12}`, o.OID)
	w.want(w.do("POST", o.Actions["verify"].Href, "alice.write", []byte(verify)), 404)
	for range 2 { // a client that retries sends it twice
		w.want(w.do("PUT", o.Actions["upload"].Href, "", content), 200)
	}
	w.want(w.do("POST", o.Actions["verify"].Href, "alice.write", []byte(verify)), 200)
	w.want(w.do("POST", o.Actions["verify"].Href, "", []byte(`{"oid":"`+o.OID+`","size":13}`)), 422)
	if a := w.batch("alice/secret", "alice.write", "upload", content); a.Objects[0].Actions != nil {
		t.Fatalf("asked again: %s", a.raw)
	}

	w.want(w.commit("alice/secret", "alice.write", lfsLine("w.bin", content), lfsLine("odd name.custom", content)), 200)
	r := w.want(w.do("GET", "/alice/secret/resolve/main/w.bin", "alice.read", nil), 200)
	if r.body != string(content) || r.header.Get("X-Linked-Size") != "12" || r.header.Get("X-Linked-Etag") != `"`+o.OID+`"` ||
		r.header.Get("Etag") != `"`+o.OID+`"` || r.header.Get("Content-Type") != "application/octet-stream" {
		t.Fatalf("resolve: %q %v", r.body, r.header)
	}
	r = w.want(w.do("HEAD", "/alice/secret/resolve/main/w.bin", "alice.read", nil), 200)
	if r.header.Get("Content-Length") != "12" {
		t.Fatalf("HEAD: %v", r.header)
	}
	r = w.want(w.do("GET", "/alice/secret/resolve/main/w.bin", "alice.read", nil, "Range", "bytes=5-8"), 206)
	if r.body != "weig" {
		t.Fatalf("range: %q", r.body)
	}
	w.want(w.do("GET", "/alice/secret/raw/main/w.bin", "alice.read", nil), 200, "version https://git-lfs.github.com/spec/v1\noid sha256:"+o.OID+"\nsize 12\n")
	rules := w.want(w.do("GET", "/alice/secret/resolve/main/.gitattributes", "alice.read", nil), 200).body
	if !strings.Contains(rules, "\n/odd[[:space:]]name.custom filter=lfs diff=lfs merge=lfs -text\n") || strings.Contains(rules, "w.bin") {
		t.Fatalf(".gitattributes:\n%s", rules)
	}

	d := w.batch("alice/secret", "alice.read", "download", content).Objects[0]
	if got := w.want(w.do("GET", d.Actions["download"].Href, "", nil), 200); got.body != string(content) {
		t.Fatalf("download: %q", got.body)
	}
	if other := w.batch("alice/secret", "alice.read", "download", []byte("other")).Objects[0]; other.Error == nil || other.Error.Code != 404 {
		t.Fatalf("download of an unknown object: %+v", other)
	}
}

func TestWrongBytesAreNotKept(t *testing.T) {
	w := start(t, transfer.Config{})
	content := []byte("the right bytes")
	href := w.batch("alice/public", "alice.write", "upload", content).Objects[0].Actions["upload"].Href
	w.want(w.do("PUT", href, "", []byte("the wrong bytes")), 422, "SHA-256")
	w.want(w.do("PUT", href, "", []byte("short")), 422, "announced")
	w.want(w.do("PUT", href, "", []byte("far more than was said")), 422, "announced")
	// Without a Content-Length the stream itself is held to the size.
	for _, body := range []string{"the right", "the right bytes and more"} {
		req, _ := http.NewRequest("PUT", href, io.MultiReader(strings.NewReader(body)))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 422 {
			t.Errorf("%q: status %d", body, res.StatusCode)
		}
	}
	if k := w.keys(""); len(k) != 0 {
		t.Errorf("kept: %v", k)
	}
	w.want(w.commit("alice/public", "alice.write", lfsLine("a.bin", content)), 400, "has not been uploaded")
	w.want(w.do("PUT", href, "", content), 200)
	w.want(w.commit("alice/public", "alice.write", `{"key":"lfsFile","value":{"path":"a.bin","oid":"`+digestOf(content)+`","size":3}}`), 400, "has 15 bytes")
	// A copy does not say the size: it is the stored one.
	w.want(w.commit("alice/public", "alice.write", `{"key":"lfsFile","value":{"path":"a.bin","oid":"`+digestOf(content)+`"}}`), 200)
}

func TestKnowingAHashIsNotHavingTheFile(t *testing.T) {
	w := start(t, transfer.Config{})
	content := []byte("acme's secret weights")
	w.upload("acme/closed", "bob.write", content)
	w.want(w.commit("acme/closed", "bob.write", lfsLine("w.bin", content)), 200)

	// Mallory may write to a repository of her own and knows the hash.
	w.Repo("mallory.write", hub.RepoID{Type: hub.Model, Namespace: "mallory", Name: "own"}, newRepo)
	stolen := w.want(w.commit("mallory/own", "mallory.write", lfsLine("w.bin", content)), 400)
	never := w.want(w.commit("mallory/own", "mallory.write", lfsLine("w.bin", []byte("never uploaded, 21 b."))), 400)
	if strings.ReplaceAll(stolen.body, digestOf(content), "X") != strings.ReplaceAll(never.body, digestOf([]byte("never uploaded, 21 b.")), "X") {
		t.Errorf("told apart:\n%s\n%s", stolen.body, never.body)
	}
	pointer := fmt.Sprintf(`version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n`, digestOf(content), len(content))
	w.want(w.commit("mallory/own", "mallory.write", `{"key":"file","value":{"path":"w.bin","content":"`+pointer+`"}}`), 400, "has not been uploaded")
	o := w.batch("mallory/own", "mallory.write", "upload", content).Objects[0]
	if o.Actions == nil {
		t.Fatal("the hash alone was enough")
	}
	if d := w.batch("mallory/own", "mallory.write", "download", content).Objects[0]; d.Error == nil {
		t.Fatal("a download is offered")
	}
	w.want(w.do("GET", "/mallory/own.git/info/lfs/objects/"+digestOf(content), "mallory.write", nil), 404)
	w.want(w.do("PUT", o.Actions["upload"].Href, "", bytes.Repeat([]byte("x"), len(content))), 422)
	// Nor does a guess at its size tell that it is there.
	guess := w.want(w.do("PUT", "/mallory/own.git/info/lfs/objects/"+digestOf(content), "mallory.write", []byte("guess")), 422)
	blind := w.want(w.do("PUT", "/mallory/own.git/info/lfs/objects/"+digestOf([]byte("nobody has this")), "mallory.write", []byte("guess")), 422)
	if strings.ReplaceAll(guess.body, digestOf(content), "X") != strings.ReplaceAll(blind.body, digestOf([]byte("nobody has this")), "X") {
		t.Errorf("told apart:\n%s\n%s", guess.body, blind.body)
	}
	w.want(w.commit("mallory/own", "mallory.write", lfsLine("w.bin", content)), 400)
	// With the bytes it is hers too, and stored once.
	w.want(w.do("PUT", o.Actions["upload"].Href, "", content), 200)
	w.want(w.commit("mallory/own", "mallory.write", lfsLine("w.bin", content)), 200)
	if k := w.keys("lfs/"); len(k) != 1 {
		t.Errorf("stored: %v", k)
	}
	// Who may read it elsewhere need not send it.
	w.Repo("carol.write", hub.RepoID{Type: hub.Model, Namespace: "carol", Name: "own"}, newRepo)
	if o := w.batch("carol/own", "carol.write", "upload", content).Objects[0]; o.Actions != nil || o.Error != nil {
		t.Errorf("asked for what carol can read: %+v", o)
	}
	w.want(w.commit("carol/own", "carol.write", lfsLine("w.bin", content)), 200)
}

func TestGateDoesNotLeakByHash(t *testing.T) {
	w := start(t, transfer.Config{})
	content := []byte("gated weights")
	w.upload("acme/gated", "alice.write", content)
	w.Repo("mallory.write", hub.RepoID{Type: hub.Model, Namespace: "mallory", Name: "own"}, newRepo)
	if o := w.batch("mallory/own", "mallory.write", "upload", content).Objects[0]; o.Actions == nil {
		t.Fatal("a gated repository's file was linked by its hash")
	}
}

func TestTicketsOpenOneThingOnly(t *testing.T) {
	w := start(t, transfer.Config{})
	content, other := []byte("content"), []byte("another")
	a := w.batch("alice/public", "alice.write", "upload", content)
	href := a.Objects[0].Actions["upload"].Href
	w.want(w.do("PUT", strings.ReplaceAll(href, digestOf(content), digestOf(other)), "", other), 403)
	w.want(w.do("PUT", strings.Replace(href, "alice/public", "alice/secret", 1), "", content), 403)
	w.want(w.do("POST", strings.Replace(href, "?", "/verify?", 1), "", []byte(`{}`)), 403)
	w.want(w.do("GET", href, "", nil), 403)
	w.want(w.do("PUT", href[:len(href)-3]+"AAA", "", content), 403)
	base, _, _ := strings.Cut(href, "?")
	w.want(w.do("PUT", base, "", content), 401)
	w.want(w.do("PUT", base, "alice.read", content), 403)
	w.want(w.do("PUT", base, "bob.write", content), 403)
	w.ahead = -8 * time.Hour // a link made eight hours ago
	old := w.batch("alice/public", "alice.write", "upload", content).Objects[0].Actions["upload"].Href
	w.want(w.do("PUT", old, "", content), 403, "expired")
	// The ticket dies with the token that it came from.
	ctx := context.Background()
	ts, err := w.DB.TokensOf(ctx, w.Subject("alice.write").UserID())
	if err != nil {
		t.Fatal(err)
	}
	for _, tok := range ts {
		if tok.Name == "alice.write" {
			if err := w.DB.RevokeToken(ctx, tok.ID, "deleted", time.Now(), hub.Event{Type: "token.delete"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.want(w.do("PUT", href, "", content), 401)
	if k := w.keys(""); len(k) != 0 {
		t.Errorf("kept: %v", k)
	}
}

func TestBatchRefusals(t *testing.T) {
	w := start(t, transfer.Config{})
	url := "/alice/public.git/info/lfs/objects/batch"
	post := func(token, body string) response { return w.do("POST", url, token, []byte(body)) }
	r := w.want(post("", `{"operation":"upload","objects":[]}`), 401, `"message"`)
	if c := r.header.Get("WWW-Authenticate"); !strings.HasPrefix(c, "Basic ") {
		t.Errorf("challenge %q", c)
	}
	w.want(post("alice.read", `{"operation":"upload","objects":[]}`), 403, "read")
	w.want(post("alice.write", `{"operation":"copy","objects":[]}`), 422)
	w.want(post("alice.write", `{"operation":"upload","objects":[],"hash_algo":"md5"}`), 409)
	w.want(post("alice.write", `{"operation":"upload","obj`), 400)
	w.want(post("alice.write", `{"operation":"upload","objects":[`+strings.Repeat(`{},`, 1000)+`{}]}`), 413)
	w.want(post("alice.write", `{"operation":"upload","hash_algo":"sha_256","objects":[{"oid":"nonsense","size":1},{"oid":"`+digestOf(nil)+`","size":-1}]}`), 200, `"code":422`, `"oid":"nonsense"`)
	w.want(w.do("POST", "/alice/public.git/info/lfs/locks/verify", "alice.write", []byte(`{}`)), 404, `"message":"This hub has no file locks."`)
	hidden := w.do("POST", "/alice/secret.git/info/lfs/objects/batch", "bob.write", []byte(`{"operation":"download","objects":[]}`))
	missing := w.do("POST", "/alice/none.git/info/lfs/objects/batch", "bob.write", []byte(`{"operation":"download","objects":[]}`))
	hidden.body, missing.body = strings.ReplaceAll(hidden.body, hidden.header.Get("X-Request-Id"), ""), strings.ReplaceAll(missing.body, missing.header.Get("X-Request-Id"), "")
	if hidden.code != 404 || hidden.body != missing.body {
		t.Errorf("told apart: %d %s, %d %s", hidden.code, hidden.body, missing.code, missing.body)
	}
}
