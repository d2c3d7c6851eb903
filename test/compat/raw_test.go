package compat

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// client speaks plain HTTP to the hub with one credential. It follows no redirect and sends nothing by itself.
type client struct {
	h    *hub
	auth string
}

// as returns a client with a bearer token, or without a credential for "".
func (h *hub) as(token string) *client {
	c := &client{h: h}
	if token != "" {
		c.auth = "Bearer " + token
	}
	return c
}

// answer is a response whose body has been read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

var transport = &http.Client{
	Timeout:       time.Minute,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// try sends a request. path is sent as it stands, so that it may be as wrong as a test wants.
func (c *client) try(method, path string, body io.Reader, header http.Header) (answer, error) {
	req, err := http.NewRequest(method, c.h.url, body)
	if err != nil {
		return answer{}, err
	}
	raw, query, _ := strings.Cut(path, "?")
	if req.URL.Opaque = raw; strings.HasPrefix(raw, "//") {
		req.URL.Opaque = "//" + req.URL.Host + raw // net/url's way of writing such a path
	}
	req.URL.RawQuery = query
	for k, v := range header {
		req.Header[k] = v
	}
	if c.auth != "" {
		req.Header.Set("Authorization", c.auth)
	}
	res, err := transport.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, b}, err
}

func (c *client) send(t *testing.T, method, path, body string, header http.Header) answer {
	t.Helper()
	a, err := c.try(method, path, strings.NewReader(body), header)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (c *client) get(t *testing.T, path string) answer {
	t.Helper()
	return c.send(t, http.MethodGet, path, "", nil)
}

// json sends a JSON body.
func (c *client) json(t *testing.T, method, path string, body any) answer {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return c.send(t, method, path, string(b), http.Header{"Content-Type": {"application/json"}})
}

// want fails the test unless the answer has one of the statuses.
func (a answer) want(t *testing.T, what string, statuses ...int) answer {
	t.Helper()
	for _, s := range statuses {
		if a.status == s {
			return a
		}
	}
	t.Fatalf("%s: status %d, want %v: %s", what, a.status, statuses, a.body)
	return a
}

// refused fails the test unless the answer is a refusal that a client can show: one of the statuses, and under /api a JSON
// object with a sentence, which X-Error-Message repeats.
func (a answer) refused(t *testing.T, what string, statuses ...int) {
	t.Helper()
	ok := false
	for _, s := range statuses {
		ok = ok || a.status == s
	}
	if !ok {
		t.Errorf("%s: status %d, want %v: %.200s", what, a.status, statuses, a.body)
		return
	}
	var object struct{ Error, Message string }
	if err := json.Unmarshal(a.body, &object); err != nil || object.Error+object.Message == "" {
		t.Errorf("%s: the body is not an object with a sentence: %.200q", what, a.body)
	}
}

// decode reads the JSON body.
func (a answer) decode(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Fatalf("%v in %.300s", err, a.body)
	}
}

// forget takes out what may differ between two answers to the same question: request id, date, and the repository's name.
func (a *answer) forget(repo string) {
	id := a.header.Get("X-Request-Id")
	for _, name := range []string{"Date", "X-Request-Id"} {
		a.header.Del(name)
	}
	if id != "" { // LFS repeats it in the body
		a.body = bytes.ReplaceAll(a.body, []byte(id), []byte("ID"))
	}
	for _, values := range a.header {
		for i := range values {
			values[i] = strings.ReplaceAll(values[i], repo, "REPO")
		}
	}
	a.body = bytes.ReplaceAll(a.body, []byte(repo), []byte("REPO"))
}

func (a answer) diff(b answer) string {
	switch {
	case a.status != b.status:
		return fmt.Sprintf("status %d and %d", a.status, b.status)
	case !bytes.Equal(a.body, b.body):
		return fmt.Sprintf("body %q and %q", a.body, b.body)
	case fmt.Sprint(a.header) != fmt.Sprint(b.header):
		return fmt.Sprintf("header %v and %v", a.header, b.header)
	}
	return ""
}

// api returns the API root of a repository of the given type.
func api(kind, repo string) string { return "/api/" + kind + "s/" + repo }

// web returns the root of a repository's pages and files.
func web(kind, repo string) string {
	if kind == "model" {
		return "/" + repo
	}
	return "/" + kind + "s/" + repo
}

func (c *client) createRepo(t *testing.T, repo string, private bool) {
	t.Helper()
	c.createRepoOf(t, "model", repo, private)
}

func (c *client) createRepoOf(t *testing.T, kind, repo string, private bool) {
	t.Helper()
	ns, name, _ := strings.Cut(repo, "/")
	body := vars{"type": kind, "organization": ns, "name": name, "private": private}
	if kind == "space" {
		body["sdk"] = "static"
	}
	c.json(t, http.MethodPost, "/api/repos/create", body).want(t, "creating "+repo, http.StatusOK)
}

// head returns the commit at the tip of main.
func (c *client) head(t *testing.T, kind, repo string) string {
	t.Helper()
	var info struct{ SHA string }
	c.get(t, api(kind, repo)).want(t, "info of "+repo, http.StatusOK).decode(t, &info)
	return info.SHA
}

// line is one line of a commit request.
type line struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

func header(summary string) line { return line{"header", vars{"summary": summary}} }

func headerOn(summary, parent string) line {
	return line{"header", vars{"summary": summary, "parentCommit": parent}}
}

func file(path, content string) line {
	return line{"file", vars{"path": path, "encoding": "base64", "content": base64.StdEncoding.EncodeToString([]byte(content))}}
}

func lfsFile(path, oid string, size int) line {
	return line{"lfsFile", vars{"path": path, "algo": "sha256", "oid": oid, "size": size}}
}

func ndjson(lines ...line) string {
	var b strings.Builder
	for _, l := range lines {
		text, err := json.Marshal(l)
		if err != nil {
			panic(err)
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	return b.String()
}

var ndjsonHeader = http.Header{"Content-Type": {"application/x-ndjson"}}

// postCommit sends lines as they stand.
func (c *client) postCommit(t *testing.T, kind, repo, body string) answer {
	t.Helper()
	return c.send(t, http.MethodPost, api(kind, repo)+"/commit/main", body, ndjsonHeader)
}

// commit makes a commit and returns its id.
func (c *client) commit(t *testing.T, kind, repo string, lines ...line) string {
	t.Helper()
	var made struct{ CommitOid string }
	c.postCommit(t, kind, repo, ndjson(append([]line{header("a commit")}, lines...)...)).want(t, "commit", http.StatusOK).decode(t, &made)
	return made.CommitOid
}

func digest(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// lfsAction is one step that an LFS batch answer asks for.
type lfsAction struct {
	Href   string            `json:"href"`
	Header map[string]string `json:"header"`
}

// lfsObject is one object of an LFS batch answer.
type lfsObject struct {
	OID     string               `json:"oid"`
	Size    int64                `json:"size"`
	Actions map[string]lfsAction `json:"actions"`
	Error   *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// batch asks to upload (or download) one object by the basic transfer and returns what the server says of it.
func (c *client) batch(t *testing.T, operation, kind, repo, oid string, size int) lfsObject {
	t.Helper()
	var got struct{ Objects []lfsObject }
	c.postBatch(t, operation, kind, repo, oid, size).want(t, "LFS batch", http.StatusOK).decode(t, &got)
	if len(got.Objects) != 1 || got.Objects[0].OID != oid {
		t.Fatalf("LFS batch answered %+v for one object", got.Objects)
	}
	return got.Objects[0]
}

func (c *client) postBatch(t *testing.T, operation, kind, repo, oid string, size int) answer {
	t.Helper()
	body, _ := json.Marshal(vars{
		"operation": operation, "transfers": []string{"basic"}, "hash_algo": "sha256",
		"objects": []vars{{"oid": oid, "size": size}},
	})
	return c.send(t, http.MethodPost, web(kind, repo)+".git/info/lfs/objects/batch", string(body), http.Header{
		"Accept": {"application/vnd.git-lfs+json"}, "Content-Type": {"application/vnd.git-lfs+json"},
	})
}

// put sends bytes to an action's address, with no credential but the address itself, as the clients do.
func (c *client) put(t *testing.T, a lfsAction, body io.Reader) answer {
	t.Helper()
	anonymous := &client{h: c.h}
	got, err := anonymous.try(http.MethodPut, strings.TrimPrefix(a.Href, c.h.url), body, nil)
	if err != nil {
		t.Fatalf("PUT: %v", err)
	}
	return got
}

// mustAmbit runs the command line and fails the test if it fails.
func (h *hub) mustAmbit(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := h.ambit("", args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// eventually waits up to a minute until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute in vain: %s", what)
		}
	}
}
