package hubapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/explain"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// why is a hub whose refusals can be looked up.
type why struct {
	*testkit.Hub
	t        *testing.T
	recorder *explain.Recorder
}

func startWhy(t *testing.T) *why {
	w := &why{t: t}
	w.Hub = testkit.New(t, func(h *testkit.Hub) {
		w.recorder = explain.NewRecorder(h.DB, nil)
		hubapi.New(hubapi.Services{Repos: h.Repos, Explain: explain.New(h.DB, h.Zone)}).Register(h.Server)
	}, func(h *testkit.Hub) {
		h.HTTP.Denied = func(id string, s *access.Subject, e *hub.Error) { w.recorder.Denied(id, s, e) }
	})
	w.World()
	w.Token("carol.fg", "carol", hub.Token{Kind: hub.TokenFineGrained})
	return w
}

// session signs a person in and returns the cookie's value.
func (w *why) session(name string) string {
	w.t.Helper()
	u, err := w.DB.UserByName(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	now := time.Now().UTC()
	value := "cookie-of-" + name
	if err := w.DB.CreateSession(w.t.Context(), hub.Session{ID: hub.NewID(), UserID: u.ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}, w.Keys.SessionDigest(secret.New(value)), hub.Event{}); err != nil {
		w.t.Fatal(err)
	}
	return value
}

// call sends a request as who: a token's name, "session NAME", or nobody.
func (w *why) call(who, method, path string, header ...string) (res *http.Response, body map[string]any) {
	w.t.Helper()
	req, err := http.NewRequest(method, w.URL+path, strings.NewReader("{}"))
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if cookie, ok := strings.CutPrefix(who, "session "); ok {
		req.AddCookie(&http.Cookie{Name: "token", Value: cookie})
	} else if who != "" {
		req.Header.Set("Authorization", "Bearer "+w.TokenValue(who))
	}
	if res, err = http.DefaultClient.Do(req); err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	json.NewDecoder(res.Body).Decode(&body)
	return res, body
}

// A refusal is looked up by the id of its request: by its token, by its owner in a browser, by an admin of the organization,
// and by nobody else; whoever may not know what was refused reads what the refusal said.
func TestRefusalsOverHTTP(t *testing.T) {
	w := startWhy(t)
	refused := func(who, path string, want int, header ...string) string {
		t.Helper()
		res, _ := w.call(who, "POST", path, header...)
		if res.StatusCode != want {
			t.Fatalf("%s at %s: %d", who, path, res.StatusCode)
		}
		w.recorder.Flush(t.Context())
		return res.Header.Get("X-Request-Id")
	}
	carol, alice, bob := w.session("carol"), w.session("alice"), w.session("bob")
	byRole := refused("carol.read", "/api/models/acme/closed/branch/x", http.StatusForbidden)
	hidden := refused("mallory.write", "/api/models/acme/closed/branch/x", http.StatusNotFound)
	narrow := refused("carol.fg", "/api/models/acme/closed/branch/x", http.StatusNotFound, "X-Amzn-Trace-Id", "trace-1")
	half, _, ok := strings.Cut(narrow, ";")
	if !ok {
		t.Fatalf("the trace id does not come back in %q", narrow)
	}
	for _, c := range []struct {
		who, id      string
		want         int
		reason, told string
	}{
		{"carol.read", byRole, 200, "role.lacks_write", "visible"},
		{"session " + carol, byRole, 200, "role.lacks_write", "visible"},
		{"alice.write", byRole, 200, "role.lacks_write", "full"},
		{"session " + alice, byRole, 200, "role.lacks_write", "full"},
		{"carol.write", byRole, 404, "", ""}, // another token of the same person
		{"alice.read", byRole, 404, "", ""},
		{"bob.write", byRole, 404, "", ""},
		{"session " + bob, byRole, 404, "", ""},
		{"mallory.write", byRole, 404, "", ""},
		{"", byRole, 401, "", ""},
		{"mallory.write", hidden, 200, "repo.not_found", "outcome"},
		{"mallory.read", hidden, 404, "", ""},
		{"alice.write", hidden, 404, "", ""}, // about a stranger the organization's admin is told nothing
		{"carol.fg", narrow, 200, "repo.not_found", "outcome"},
		{"session " + carol, narrow, 200, "repo.not_found", "visible"},
		{"session " + carol, half, 200, "repo.not_found", "visible"},
		{"alice.write", half, 200, "repo.not_found", "full"},
	} {
		res, body := w.call(c.who, "GET", "/api/access/denials/"+strings.ReplaceAll(c.id, ";", "%3B"))
		if res.StatusCode != c.want {
			t.Errorf("%s about %s: %d, want %d: %v", c.who, c.id, res.StatusCode, c.want, body)
			continue
		}
		if c.want != 200 {
			continue
		}
		item := body["items"].([]any)[0].(map[string]any)
		now, _ := item["now"].(map[string]any)
		if item["reason"] != c.reason || item["action"] != "repo.write" || now["told"] != c.told {
			t.Errorf("%s about %s: %v", c.who, c.id, item)
		}
		if !strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
			t.Errorf("%s: a cache may keep it", c.who)
		}
	}
}

// The table of who is told what, each cell over HTTP. Source: access-engine 4.4.
func TestAudiencesOverHTTP(t *testing.T) {
	w := startWhy(t)
	carol, alice, mallory := w.session("carol"), w.session("alice"), w.session("mallory")
	token := func(name string) string { return "&token=" + string(w.Subject(name).TokenID()) }
	for _, c := range []struct {
		name, who, about, target string
		want                     int
		told                     string
		layers, exists, note     bool
	}{
		{"nobody", "", "", "model:acme/open", 401, "", false, false, false},
		{"bearer, in sight", "carol.read", "", "model:acme/closed", 200, "visible", true, false, false},
		{"bearer, not in sight", "mallory.write", "", "model:acme/closed", 200, "outcome", false, false, false},
		{"bearer, nothing there", "mallory.write", "", "model:acme/none", 200, "outcome", false, false, false},
		{"narrow token of somebody who sees it", "carol.fg", "", "model:acme/closed", 200, "outcome", false, false, false},
		{"bearer about another token of its owner", "carol.read", token("carol.fg"), "model:acme/closed", 404, "", false, false, false},
		{"owner's session about the narrow token", "session " + carol, token("carol.fg"), "model:acme/closed", 200, "visible", true, false, true},
		{"owner's session about what nobody showed her", "session " + carol, token("carol.fg"), "model:alice/secret", 200, "outcome", false, false, false},
		{"owner's session about somebody else's token", "session " + carol, token("bob.write"), "model:acme/closed", 404, "", false, false, false},
		{"stranger's session about the own token", "session " + mallory, token("mallory.write"), "model:acme/closed", 200, "outcome", false, false, false},
		{"admin about a member's token", "alice.write", token("carol.fg"), "model:acme/closed", 200, "full", true, true, false},
		{"admin about a member's token, nothing there", "session " + alice, token("carol.fg"), "model:acme/none", 200, "full", true, true, false},
		{"admin about a member", "session " + alice, "&user=carol", "model:acme/closed", 200, "full", true, true, false},
		{"admin about a member elsewhere", "session " + alice, token("carol.fg"), "model:carol/x", 404, "", false, false, false},
		{"admin about a stranger's token", "alice.write", token("mallory.write"), "model:acme/closed", 404, "", false, false, false},
		{"admin with a read token", "alice.read", token("carol.fg"), "model:acme/closed", 404, "", false, false, false},
		{"member who writes", "bob.write", token("carol.fg"), "model:acme/closed", 404, "", false, false, false},
	} {
		res, body := w.call(c.who, "GET", "/api/access/explain?action=repo.view&target="+c.target+c.about)
		_, layers := body["layers"]
		_, exists := body["exists"]
		_, note := body["note"]
		if told, _ := body["told"].(string); res.StatusCode != c.want || told != c.told || layers != c.layers || exists != c.exists || note != c.note {
			t.Errorf("%s: %d %v", c.name, res.StatusCode, body)
		}
	}
	// The operator is told everything, and each look is in the log.
	a, err := explain.New(w.DB, w.Zone).Explain(t.Context(), access.Operator(), explain.Question{
		Action: access.RepoView, Target: access.Repo(hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "secret"}), Token: w.Subject("mallory.write").TokenID()},
		hub.Event{ActorName: "operator"})
	if err != nil || a.Told != "full" || a.Exists == nil || !*a.Exists {
		t.Errorf("operator: %+v %v", a, err)
	}
	rows, err := w.DB.AuditEvents(t.Context(), hub.AuditQuery{Limit: 1})
	if err != nil || rows[0].Type != "access.explain" {
		t.Errorf("the look is not in the log: %+v %v", rows, err)
	}
}
