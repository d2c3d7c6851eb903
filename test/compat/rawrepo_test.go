package compat

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

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
