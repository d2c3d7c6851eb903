package compat

import (
	"bytes"
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
	for _, name := range []string{"Date", "X-Request-Id", "Ratelimit"} { // the last counts down with each request
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
