package hubapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// together sends the same request n times at once and counts the statuses.
func together(t *testing.T, h *testkit.Hub, n int, method, path, body string) map[int]int {
	t.Helper()
	var (
		mu    sync.Mutex
		codes = map[int]int{}
		wg    sync.WaitGroup
	)
	for range n {
		wg.Go(func() {
			req, err := http.NewRequest(method, h.URL+path, strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Authorization", "Bearer "+h.TokenValue("alice.write"))
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			res.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			codes[res.StatusCode]++
		})
	}
	wg.Wait()
	return codes
}

// Of many that do the same thing at once exactly one does it; the others are told that it is done.
func TestOneOfManyWins(t *testing.T) {
	h := start(t)
	for _, c := range []struct {
		method, path, body string
		loser              int
	}{
		{"POST", "/api/repos/create", `{"name":"racy"}`, http.StatusConflict},
		{"POST", "/api/models/alice/public/branch/racy", `{}`, http.StatusConflict},
		{"POST", "/api/models/alice/public/tag/main", `{"tag":"racy","message":"m"}`, http.StatusConflict},
		{"DELETE", "/api/models/alice/public/branch/racy", "", http.StatusNotFound},
		{"DELETE", "/api/models/alice/public/tag/racy", "", http.StatusNotFound},
		{"POST", "/api/repos/move", `{"fromRepo":"alice/racy","toRepo":"alice/moved"}`, http.StatusNotFound},
		{"DELETE", "/api/repos/delete", `{"name":"moved"}`, http.StatusNotFound},
	} {
		const n = 8
		codes := together(t, h, n, c.method, c.path, c.body)
		if codes[http.StatusOK]+codes[c.loser] != n || codes[http.StatusOK] < 1 {
			t.Errorf("%s %s: statuses %v", c.method, c.path, codes)
		}
		if codes[http.StatusOK] != 1 && !strings.HasPrefix(c.path, "/api/repos/move") && !strings.HasPrefix(c.path, "/api/repos/delete") {
			t.Errorf("%s %s: %d winners", c.method, c.path, codes[http.StatusOK])
		}
	}
}

// Of two settings that are changed at once neither undoes the other: a repository made private stays private.
func TestSettingsAtOnceAreAllKept(t *testing.T) {
	h := start(t)
	var wg sync.WaitGroup
	for _, body := range []string{`{"private":true}`, `{"gated":"manual"}`, `{"discussionsDisabled":true}`} {
		wg.Go(func() { together(t, h, 4, "PUT", "/api/models/alice/public/settings", body) })
	}
	wg.Wait()
	r, _, err := h.DB.RepoByName(t.Context(), hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "public"})
	if err != nil || r.Visibility != hub.Private || r.Gated != hub.GateManual || !r.DiscussionsDisabled {
		t.Errorf("%v: %s, gate %q, discussions disabled: %v", err, r.Visibility, r.Gated, r.DiscussionsDisabled)
	}
}
