package httpd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// turning is an authorizer that goes on saying yes until it is told what else to say.
type turning struct {
	*access.Authorizer
	says  atomic.Pointer[error]
	asked atomic.Int64
}

func (a *turning) Recheck(_ context.Context, g access.Grant) (access.Grant, error) {
	a.asked.Add(1)
	if e := a.says.Load(); e != nil {
		return access.Grant{}, *e
	}
	return g, nil
}

func (a *turning) turn(err error) { a.says.Store(&err) }

// waitAsked returns after n more decisions.
func (a *turning) waitAsked(n int64) {
	for until := a.asked.Load() + n; a.asked.Load() < until; {
		time.Sleep(time.Millisecond)
	}
}

const tail = 64 << 20 // more than sockets hold

func startTurning(t *testing.T) (*turning, *httptest.Server) {
	t.Helper()
	w := world{}
	a := &turning{Authorizer: access.NewAuthorizer(w, access.Options{})}
	s := New(Config{RecheckEvery: 5 * time.Millisecond}, w, a, slog.New(slog.DiscardHandler))
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, tail); err != nil {
		t.Fatal(err)
	}
	s.Repo(RepoWeb, "GET /resolve/{rev}/{path...}", access.RepoContentRead, func(w http.ResponseWriter, r *Request, _ access.Grant) error {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		http.ServeContent(w, r.Request, "", time.Time{}, f)
		return nil
	})
	s.Repo(RepoWeb, "GET /stream", access.RepoContentRead, func(w http.ResponseWriter, r *Request, _ access.Grant) error {
		for r.Context().Err() == nil {
			io.WriteString(w, "data: x\n\n") // as a handler that does not look at errors
			w.(http.Flusher).Flush()
			time.Sleep(time.Millisecond)
		}
		return nil
	})
	s.Repo(RepoWeb, "PUT /upload", access.RepoContentRead, func(w http.ResponseWriter, r *Request, _ access.Grant) error {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			return hub.Wrap(err, hub.InvalidInput, "after %d bytes", n)
		}
		return nil
	}, Streaming())
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return a, srv
}

var gone = hub.Errorf(hub.InvalidCredentials, "This token is no more.")

func get(t *testing.T, srv *httptest.Server, path string) *http.Response {
	t.Helper()
	res, err := srv.Client().Get(srv.URL + "/bob/public" + path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// TestDownloadsEndWithTheirRight begins a download, takes the right away while the client is reading, and while the
// client does not read: no more than what was under way arrives, and nobody takes it for the whole.
func TestDownloadsEndWithTheirRight(t *testing.T) {
	a, srv := startTurning(t)
	res := get(t, srv, "/resolve/main/f")
	if _, err := io.CopyN(io.Discard, res.Body, 2<<20); err != nil {
		t.Fatal(err)
	}
	a.waitAsked(3) // it is checked, and goes on
	if _, err := io.CopyN(io.Discard, res.Body, 8<<20); err != nil {
		t.Fatalf("a download that may go on: %v", err)
	}
	a.turn(gone)
	if n, err := io.Copy(io.Discard, res.Body); err == nil || n == tail-10<<20 {
		t.Errorf("%d more bytes, %v", n, err)
	}
}

// TestStreamsEndWithTheirRight: a stream of few bytes from a handler that looks at no error is cut, not ended.
func TestStreamsEndWithTheirRight(t *testing.T) {
	a, srv := startTurning(t)
	res := get(t, srv, "/stream")
	a.waitAsked(2)
	a.turn(gone)
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("the stream ends as if it were whole")
	}
}

// slowly is a body that never ends.
type slowly struct{ sent atomic.Int64 }

func (s *slowly) Read(b []byte) (int, error) {
	if s.sent.Load() > 2<<20 {
		time.Sleep(time.Millisecond)
		b = b[:1]
	}
	s.sent.Add(int64(len(b)))
	return len(b), nil
}

// TestUploadsEndWithTheirRight answers an upload that runs with what would be answered to a new one.
func TestUploadsEndWithTheirRight(t *testing.T) {
	a, srv := startTurning(t)
	body := &slowly{}
	req, err := http.NewRequest("PUT", srv.URL+"/bob/public/upload", body)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		a.waitAsked(3)
		a.turn(gone)
	}()
	res, err := srv.Client().Do(req)
	if err != nil {
		// The client was still sending when the connection closed, which it may see before the answer.
		return
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized || res.Header.Get("X-Error-Message") != gone.Message {
		t.Errorf("status %d, %q", res.StatusCode, res.Header.Get("X-Error-Message"))
	}
}

// TestDoubtIsNotRefusal lets a download live through a database that is away for a moment, and through a rename.
func TestDoubtIsNotRefusal(t *testing.T) {
	for _, e := range []error{errors.New("no connection"), hub.Errorf(hub.Unavailable, "later"), &access.Moved{}} {
		a, srv := startTurning(t)
		a.turn(e)
		res := get(t, srv, "/resolve/main/f")
		if _, err := io.CopyN(io.Discard, res.Body, 2<<20); err != nil {
			t.Fatal(err)
		}
		a.waitAsked(3)
		if n, err := io.Copy(io.Discard, res.Body); err != nil || n != tail-2<<20 {
			t.Errorf("%v: %d more bytes, %v", e, n, err)
		}
	}
}

// TestTheNextRequestIsItsOwn ends a watched request and makes another on the same connection after the right is gone: the
// first one's watch does not reach it.
func TestTheNextRequestIsItsOwn(t *testing.T) {
	a, srv := startTurning(t)
	for range 5 {
		res := get(t, srv, "/resolve/main/f")
		if n, err := io.Copy(io.Discard, res.Body); err != nil || n != tail {
			t.Fatalf("%d bytes, %v", n, err)
		}
		res.Body.Close()
	}
	a.turn(gone)
	time.Sleep(20 * time.Millisecond)
	res := get(t, srv, "/nothing")
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Error(err)
	}
}
