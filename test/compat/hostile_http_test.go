package compat

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Credentials that are none are refused by one constant everywhere, and never crash anything.
func TestHostileCredentials(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	bob := h.as(h.plain(t, "bob", "write"))
	bob.createRepo(t, "acme/credentials", false)
	const constant = "Invalid credentials in Authorization header"
	for _, credential := range []string{
		"Bearer", "Bearer ", "Bearer x", "Bearer hf_", "Bearer hf_" + strings.Repeat("a", 34), "Bearer " + strings.Repeat("x", 5000),
		"Basic", "Basic !!!!", "Basic eA==", "Digest x", "hf_" + strings.Repeat("a", 34),
		"Bearer " + h.plain(t, "bob", "write") + "x", "Bearer " + strings.ToUpper(h.plain(t, "bob", "write")),
	} {
		c := &client{h: h, auth: credential}
		for _, path := range []string{"/api/whoami-v2", "/api/models/acme/credentials", "/acme/credentials/resolve/main/.gitattributes", "/api/models"} {
			got := c.get(t, path)
			if got.status != http.StatusUnauthorized || got.header.Get("X-Error-Message") != constant {
				t.Errorf("%s with %.40q: status %d, X-Error-Message %q", path, credential, got.status, got.header.Get("X-Error-Message"))
			}
			if got.header.Get("X-Error-Code") != "" {
				t.Errorf("%s with %.40q: X-Error-Code %q: the client would call it a missing repository", path, credential, got.header.Get("X-Error-Code"))
			}
		}
	}
	organization := h.as("api_org_"+strings.Repeat("a", 34)).get(t, "/api/models/acme/credentials")
	if organization.status != http.StatusUnauthorized || !strings.Contains(strings.ToLower(string(organization.body)), "user access token") {
		t.Errorf("an organization token: status %d, %s: want 401 and a sentence that names what to use instead", organization.status, organization.body)
	}
	password := (&client{h: h, auth: "Basic " + base64.StdEncoding.EncodeToString([]byte("bob:correct horse battery staple"))}).get(t, "/api/models/acme/credentials")
	if password.status != http.StatusUnauthorized || !strings.Contains(password.header.Get("X-Error-Message"), "token") {
		t.Errorf("an account's password: status %d, %s: want 401 and a sentence that names tokens", password.status, password.body)
	}
	// Basic with the token as the password is how git and git-lfs come.
	req, _ := http.NewRequest(http.MethodGet, h.url+"/api/whoami-v2", nil)
	req.SetBasicAuth("anything", h.plain(t, "bob", "read"))
	res, err := transport.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("Basic with a token as password: status %d", res.StatusCode)
	}
}

// Ranges, conditions and methods on a file.
func TestFileRequests(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	bob := h.as(h.plain(t, "bob", "write"))
	const repo, content = "acme/ranges", "0123456789"
	bob.createRepo(t, repo, true)
	bob.commit(t, "model", repo, file("plain.txt", content), file("empty.txt", ""), file("page.html", "<script>alert(1)</script>"))
	large := strings.Repeat(content, 1000)
	bob.put(t, bob.batch(t, "upload", "model", repo, digest(large), len(large)).Actions["upload"], strings.NewReader(large)).
		want(t, "upload", http.StatusOK, http.StatusCreated, http.StatusNoContent)
	head := bob.commit(t, "model", repo, lfsFile("large.bin", digest(large), len(large)))

	for path, want := range map[string]string{"plain.txt": content, "large.bin": large} {
		at := "/" + repo + "/resolve/main/" + path
		whole := bob.get(t, at).want(t, path, http.StatusOK)
		etag := whole.header.Get("ETag")
		for name, value := range map[string]string{
			"X-Repo-Commit": head, "Accept-Ranges": "bytes", "Content-Length": fmt.Sprint(len(want)),
		} {
			if got := whole.header.Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", path, name, got, value)
			}
		}
		if string(whole.body) != want || etag == "" || strings.Contains(etag, "/") {
			t.Errorf("%s: %d bytes with ETag %q", path, len(whole.body), etag)
		}
		for asked, c := range map[string]struct {
			status      int
			body, bytes string
		}{
			"bytes=2-4":      {206, want[2:5], fmt.Sprintf("bytes 2-4/%d", len(want))},
			"bytes=7-":       {206, want[7:], fmt.Sprintf("bytes 7-%d/%d", len(want)-1, len(want))},
			"bytes=-3":       {206, want[len(want)-3:], fmt.Sprintf("bytes %d-%d/%d", len(want)-3, len(want)-1, len(want))},
			"bytes=5-999999": {206, want[5:], fmt.Sprintf("bytes 5-%d/%d", len(want)-1, len(want))},
			"bytes=999999-":  {416, "", fmt.Sprintf("bytes */%d", len(want))},
		} {
			got := bob.send(t, http.MethodGet, at, "", http.Header{"Range": {asked}})
			if got.status != c.status || got.header.Get("Content-Range") != c.bytes || (c.status == 206 && string(got.body) != c.body) {
				t.Errorf("%s, %s: status %d, Content-Range %q, %d bytes", path, asked, got.status, got.header.Get("Content-Range"), len(got.body))
			}
		}
		for _, nonsense := range []string{"bytes=abc", "bytes=5-1", "bytes=", "lines=1-2", "bytes=" + strings.Repeat("0-0,", 5000) + "1-1"} {
			if got := bob.send(t, http.MethodGet, at, "", http.Header{"Range": {nonsense}}); got.status >= 500 {
				t.Errorf("%s, Range %.40q: status %d", path, nonsense, got.status)
			}
		}
		for name, c := range map[string]struct {
			header http.Header
			status int
		}{
			"If-None-Match of this file":   {http.Header{"If-None-Match": {etag}}, 304},
			"If-None-Match of another":     {http.Header{"If-None-Match": {`"x"`}}, 200},
			"If-Range of this file":        {http.Header{"Range": {"bytes=0-0"}, "If-Range": {etag}}, 206},
			"If-Range of an older version": {http.Header{"Range": {"bytes=0-0"}, "If-Range": {`"x"`}}, 200},
		} {
			if got := bob.send(t, http.MethodGet, at, "", c.header); got.status != c.status {
				t.Errorf("%s, %s: status %d, want %d", path, name, got.status, c.status)
			}
		}
		probe := bob.send(t, http.MethodHead, at, "", nil)
		if probe.status != http.StatusOK || probe.header.Get("ETag") != etag || probe.header.Get("Content-Length") != fmt.Sprint(len(want)) || len(probe.body) != 0 {
			t.Errorf("HEAD %s: status %d, ETag %q, Content-Length %q", path, probe.status, probe.header.Get("ETag"), probe.header.Get("Content-Length"))
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, "BREW"} {
			if got := bob.send(t, method, at, "", nil); got.status < 400 || got.status >= 500 {
				t.Errorf("%s %s: status %d", method, path, got.status)
			}
		}
	}

	empty := bob.send(t, http.MethodGet, "/"+repo+"/resolve/main/empty.txt", "", http.Header{"Range": {"bytes=0-0"}})
	if empty.status != http.StatusOK || len(empty.body) != 0 || empty.header.Get("Content-Range") != "bytes */0" {
		t.Errorf("a range of an empty file: status %d, Content-Range %q", empty.status, empty.header.Get("Content-Range"))
	}
	page := bob.get(t, "/"+repo+"/resolve/main/page.html")
	if kind := page.header.Get("Content-Type"); strings.Contains(kind, "html") {
		t.Errorf("a page from a repository would run on the hub's origin: Content-Type %q", kind)
	}
	if page.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a browser may guess the type of a file: X-Content-Type-Options %q", page.header.Get("X-Content-Type-Options"))
	}
	absent := bob.send(t, http.MethodHead, "/"+repo+"/resolve/main/absent.txt", "", nil)
	if absent.status != http.StatusNotFound || absent.header.Get("X-Error-Code") != "EntryNotFound" || absent.header.Get("X-Repo-Commit") != head {
		t.Errorf("HEAD of an absent file: status %d, %v", absent.status, absent.header)
	}
}

// Queries that make no sense are refused or ignored, never an internal error.
func TestHostileQueries(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	bob := h.as(h.plain(t, "bob", "write"))
	bob.createRepo(t, "acme/queries", true)
	for _, path := range []string{
		"/api/models?limit=abc", "/api/models?limit=-1", "/api/models?limit=99999999999999999999", "/api/models?cursor=%00", "/api/models?cursor=bm9uc2Vuc2U",
		"/api/models?sort=;drop", "/api/models?author=%27%20OR%201=1--", "/api/models?search=%25%25%25_", "/api/models?filter=" + strings.Repeat("a,", 5000),
		"/api/models?expand=x", "/api/datasets?full=maybe", "/api/spaces?direction=sideways",
		"/api/models/acme/queries/tree/main?cursor=%ff&limit=x", "/api/models/acme/queries/tree/main?recursive=perhaps",
		"/api/models/acme/queries/commits/main?p=-1&limit=zz", "/api/models/acme/queries/commits/main?p=99999999999999999999",
		"/api/models/acme/queries?blobs=%zz",
	} {
		got := bob.get(t, path)
		if got.status >= 500 {
			t.Errorf("GET %.80s: status %d: %s", path, got.status, got.body)
		}
	}
	for _, r := range repoRequests {
		if r.method == http.MethodGet || r.method == http.MethodHead || strings.Contains(r.path, "delete") || strings.Contains(r.path, "move") {
			continue
		}
		for _, body := range []string{"", "{", "[]", "null", `"x"`, "7", `{"files":7,"paths":{},"tag":[],"objects":"x","private":"yes"}`, "\xff\xfe", strings.Repeat(`{"a":`, 50_000)} {
			got := bob.send(t, r.method, r.at("acme/queries"), body, r.header)
			if got.status >= 500 && got.status != http.StatusNotImplemented {
				t.Errorf("%s %s with %.40q: status %d: %s", r.method, r.path, body, got.status, got.body)
			}
		}
	}
	if got := bob.get(t, "/api/models/acme/queries"); got.status != http.StatusOK {
		t.Errorf("afterwards: status %d", got.status)
	}
}
