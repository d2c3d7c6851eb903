package httpd

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
)

// TestUploadsUnderWay holds that a user may have so many uploads and so many bytes under way, with whatever tokens, and again
// when some have ended, however they ended; that others are not concerned, and a single large one is let through.
func TestUploadsUnderWay(t *testing.T) {
	s := New(Config{Uploads: Uploads{Count: 3, Bytes: 100}}, people{}, access.NewAuthorizer(world{}, access.Options{}), slog.New(slog.DiscardHandler))
	entered, end := make(chan struct{}), make(chan struct{})
	Add(s, Root, "POST /up", ParseOpen, func(w http.ResponseWriter, r *Request, _ Open, _ access.Grant) error {
		if r.URL.RawQuery == "wait" {
			entered <- struct{}{}
			<-end
		}
		if r.URL.RawQuery == "panic" {
			panic("a fault")
		}
		return nil
	}, Upload())
	post := func(query, credential string, size int) *http.Response {
		r := httptest.NewRequest("POST", "/up?"+query, bytes.NewReader(make([]byte, size)))
		if credential != "" {
			r.Header.Set("Authorization", "Bearer "+credential)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Result()
	}
	var under sync.WaitGroup
	begin := func(credential string, size int) {
		under.Go(func() { post("wait", credential, size) })
		<-entered
	}
	want := func(res *http.Response, status int, words string) {
		t.Helper()
		var b bytes.Buffer
		b.ReadFrom(res.Body)
		if res.StatusCode != status || !strings.Contains(b.String(), words) || (status == 429) != (res.Header.Get("Retry-After") != "") {
			t.Errorf("status %d, headers %v: %s", res.StatusCode, res.Header, b.String())
		}
	}
	begin("a t1", 40)
	begin("a t2", 40)
	want(post("", "a t1", 21), 429, "80 bytes")
	want(post("", "a t1", 20), 200, "")
	want(post("", "b", 100), 200, "")
	begin("a", 0)
	want(post("", "a t1", 0), 429, "3 uploads under way")
	want(post("", "", 50), 200, "") // who is not signed in is refused elsewhere
	close(end)
	under.Wait()
	for range 5 {
		want(post("panic", "a t1", 30), 500, "")
		want(post("", "a t1", 1000), 200, "")
	}
	if n := len(s.uploads.by); n > 0 {
		t.Errorf("%d callers are still counted", n)
	}
}
