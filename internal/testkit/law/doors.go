package law

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Call is one request that asks a row's question.
type Call struct {
	Method, Path, Body string
	Type               string // of the body; JSON if empty
	// Yes tells whether an answer means that the deed was allowed; nil: every status below 300.
	Yes func(status int, code string) bool
	// Read finds outcome and message in the answer of a door that tells of a decision instead of making it; nil: outcome is
	// read from the status and what comes with it, and the message is anywhere in the body.
	Read func(status int, body []byte) (outcome, message string)
}

// Door is a way in.
type Door struct {
	Name string
	// Ask returns the call for a row, nil where this door cannot ask that question without changing the world of other
	// rows. Doors for deeds that cannot be undone answer rows that are refused.
	Ask func(w *World, r Row) *Call
	// Do asks by another way than HTTP, with the row's credential, and returns what came of it in the words of the tables and
	// what the caller was told; false where this door cannot ask that question. Nil for doors that Ask.
	Do func(w *World, r Row) (outcome, message string, ok bool)
}

// Play sends every row through every door that takes it, with the same outcome everywhere. It returns how many rows and
// calls there were.
func (w *World) Play(t *testing.T, rows []Row, doors []Door) (played, calls int) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, r := range rows {
		before := calls
		for _, d := range doors {
			if d.Do != nil {
				if got, message, ok := d.Do(w, r); ok {
					calls++
					judge(t, r, d.Name, got, message, message)
				}
				continue
			}
			c := d.Ask(w, r)
			if c == nil {
				continue
			}
			req, err := http.NewRequest(c.Method, w.URL+c.Path, strings.NewReader(c.Body))
			if err != nil {
				t.Fatalf("%s: %s: %v", r.At, d.Name, err)
			}
			if c.Body != "" {
				req.Header.Set("Content-Type", "application/json")
				if c.Type != "" {
					req.Header.Set("Content-Type", c.Type)
				}
			}
			if !w.Present(req, r) {
				continue
			}
			calls++
			res, err := client.Do(req)
			if err != nil {
				t.Fatalf("%s: %s: %v", r.At, d.Name, err)
			}
			body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
			res.Body.Close()
			got, message := outcome(res, c), string(body)
			if c.Read != nil {
				got, message = c.Read(res.StatusCode, body)
			}
			judge(t, r, fmt.Sprintf("%s (%s %s)", d.Name, c.Method, c.Path), got, message, fmt.Sprintf("%d %s", res.StatusCode, body))
		}
		if calls > before {
			played++
		}
	}
	return played, calls
}

// judge compares an answer with what the row wants.
func judge(t *testing.T, r Row, door, got, message, whole string) {
	t.Helper()
	complain := func(got, want string) {
		t.Errorf("%s: %s %s %s %s through %s: %s, want %s\n\t%.500s", r.At, r.Who, r.Token, r.Action, r.Target, door, got, want, whole)
	}
	if want := want(r); got != want {
		complain(got, want)
		return
	}
	for _, part := range r.Says {
		words, no := strings.CutPrefix(part, "!")
		words = strings.TrimSuffix(words, ".") // the last one some bodies leave to clients
		if strings.Contains(message, words) == no {
			complain("other words", part)
		}
	}
}

// want is the row's outcome without the place that it moved to.
func want(r Row) string {
	o, _, _ := strings.Cut(r.Outcome, "=")
	return o
}

// outcome reads an answer as the tables name it.
func outcome(res *http.Response, c *Call) string {
	code, message := res.Header.Get("X-Error-Code"), res.Header.Get("X-Error-Message")
	yes := res.StatusCode < 300
	if c.Yes != nil {
		yes = c.Yes(res.StatusCode, code)
	}
	switch {
	case yes:
		return "allow"
	case res.StatusCode == http.StatusTemporaryRedirect:
		return "moved"
	case code == string(hub.RepoNotFound):
		return "hide"
	case code == string(hub.GatedRepo):
		return "gated"
	}
	switch res.StatusCode {
	case http.StatusUnauthorized:
		if message == hub.MessageInvalidCredentials {
			return "dead"
		}
		return "sign-in"
	case http.StatusForbidden:
		if message == hub.MessageDisabled {
			return "disabled"
		}
		return "deny"
	case http.StatusNotFound:
		return "unknown"
	case http.StatusConflict:
		return "conflict"
	}
	return http.StatusText(res.StatusCode)
}
