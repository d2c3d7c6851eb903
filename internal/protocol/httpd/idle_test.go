package httpd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// The idle timeout is for bodies that stand still: what is done with a body that has arrived may take longer, and must not
// be told that its caller has left.
func TestWorkMayOutlastTheIdleTimeout(t *testing.T) {
	const idle = 50 * time.Millisecond
	for name, body := range map[string]string{"with a body": `{"a": 1}`, "without one": ""} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, nil, Config{IdleTimeout: idle})
			Add(s, Root, "POST /work", ParseOpen, func(w http.ResponseWriter, r *Request, _ Open, _ access.Grant) error {
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					return err
				}
				select {
				case <-r.Context().Done():
					return hub.Errorf(hub.Unprocessable, "the context has ended")
				case <-time.After(6 * idle):
				}
				w.WriteHeader(http.StatusOK)
				return nil
			})
			srv := httptest.NewServer(s)
			defer srv.Close()
			res, err := http.Post(srv.URL+"/work", "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("status %d: %s", res.StatusCode, res.Header.Get("X-Error-Message"))
			}
		})
	}
}

// A message may quote what a caller sent; clients give up on answers with long headers.
func TestMessagesInHeadersAreShort(t *testing.T) {
	for _, s := range []string{strings.Repeat("a", 100_000), strings.Repeat("ä", 100_000)} {
		if n := len(HeaderText(s)); n > 1003 {
			t.Errorf("%d bytes of %q…", n, s[:2])
		}
	}
}
