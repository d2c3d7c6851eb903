package law

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access/explain"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	"github.com/ambit-hub/ambit/internal/service/accounts"
	"github.com/ambit-hub/ambit/internal/service/gates"
	"github.com/ambit-hub/ambit/internal/service/groups"
	"github.com/ambit-hub/ambit/internal/service/policies"
	"github.com/ambit-hub/ambit/internal/service/serviceaccounts"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// row is one line of a decision table.
type row struct {
	file, text                                  string
	line                                        int
	who, token, action, target, outcome, reason string
	parts                                       []string
}

// door asks for one action. ok is false when it has no request for it. Allowed means that access was not refused,
// whatever came of it.
type door interface {
	ask(w *world, r row, token string) (a answer, ok bool)
}

type answer struct {
	status        int
	code, message string
	location      string
}

// TestLawOverHTTP plays every row that HTTP can express.
func TestLawOverHTTP(t *testing.T) {
	play(t, httpDoor{}, 310)
}

func play(t *testing.T, d door, atLeast int) {
	h := testkit.New(t, func(h *testkit.Hub) {
		hubapi.New(hubapi.Services{
			Accounts: accounts.New(h.DB, h.Keys, accounts.Options{PasswordMinLength: 10, SessionLifetime: time.Hour}),
			Tokens:   tokens.New(h.DB, h.Zone, h.Keys, testkit.Instance, tokens.Options{MaxPerUser: 1000, MaxScopes: 10}),
			Repos:    h.Repos, Policies: policies.New(h.DB, h.Keys, nil), Groups: groups.New(h.DB, nil), Gates: gates.New(h.DB, nil),
			Machines: serviceaccounts.New(h.DB, h.Keys, testkit.Instance, serviceaccounts.Options{}),
			Transfer: h.Transfer(transfer.Config{}), Explain: explain.New(h.DB, h.Zone),
		}).Register(h.Server)
		resolve.New(h.Transfer(transfer.Config{})).Register(h.Server)
	})
	w := newWorld(t, h)
	files, err := filepath.Glob(tables + "*.decisions")
	w.must(err)
	played, left := 0, map[string]int{}
	for _, file := range files {
		for i, text := range lines(t, file) {
			parts := strings.Split(text, "|")
			f := strings.Fields(parts[0])
			r := row{filepath.Base(file), text, i + 1, f[0], f[1], f[2], f[3], f[4], f[5], parts[1:]}
			token, ok := w.credential(r.who, r.token)
			if !ok {
				left[r.token]++
				continue
			}
			a, ok := d.ask(w, r, token)
			if !ok {
				left[r.action]++
				continue
			}
			played++
			if wrong := r.compare(a); wrong != "" {
				t.Errorf("%s: %s\n\t%s: %d %s %q", r.file, r.text, wrong, a.status, a.code, a.message)
			}
		}
	}
	t.Logf("%d rows played; left out: %v", played, left)
	if played < atLeast {
		t.Errorf("only %d rows were played", played)
	}
}

// compare holds an answer to a row: the status and the code of its outcome, and the words of its message.
func (r row) compare(a answer) string {
	signedIn := r.who != "anonymous"
	want, code := 0, ""
	switch outcome, _, _ := strings.Cut(r.outcome, "="); outcome {
	case "allow":
		if a.status == 401 || a.status == 403 || a.code == "RepoNotFound" || a.code == "GatedRepo" {
			return "refused"
		}
		return ""
	case "moved":
		if a.status != http.StatusTemporaryRedirect || !strings.Contains(a.location, strings.TrimPrefix(r.outcome, "moved=")) {
			return "not moved"
		}
		return ""
	case "dead", "sign-in":
		want = 401
	case "hide":
		want, code = 401, "RepoNotFound"
		if signedIn {
			want = 404
		}
	case "gated":
		want, code = 401, "GatedRepo"
		if signedIn {
			want = 403
		}
	case "deny", "disabled":
		want = 403
	case "conflict":
		want = 409
	case "unknown":
		want = 404
	}
	if a.status != want || a.code != code {
		return fmt.Sprintf("want %d %s", want, code)
	}
	for _, part := range r.parts {
		part = strings.TrimSpace(part)
		absent, negative := strings.CutPrefix(part, "!")
		if strings.Contains(a.message, strings.TrimSuffix(absent, ".")) == negative {
			return fmt.Sprintf("want %q in the message", part)
		}
	}
	return ""
}

// httpDoor asks over HTTP.
type httpDoor struct{}

func (httpDoor) ask(w *world, r row, token string) (answer, bool) {
	if strings.Contains(r.action, "+") || r.target == "ns:" {
		return answer{}, false
	}
	method, path, body := requestFor(w, r)
	if path == "" {
		return answer{}, false
	}
	req, err := http.NewRequest(method, w.URL+path, strings.NewReader(body))
	w.must(err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	w.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	w.must(err)
	message := res.Header.Get("X-Error-Message") + " | " + string(text) // hints stand in the body alone
	return answer{res.StatusCode, res.Header.Get("X-Error-Code"), message, res.Header.Get("Location")}, true
}

// requestFor is the request that asks for a row's action. Actions that would change the world for the rows behind are
// asked only where the row refuses them.
func requestFor(w *world, r row) (method, path, body string) {
	isNew := strings.HasPrefix(r.target, "new:")
	typ, rest, _ := strings.Cut(strings.TrimPrefix(r.target, "new:"), ":")
	rest, group, _ := strings.Cut(rest, "@")
	ns, name, _ := strings.Cut(rest, "/")
	id := hub.RepoID{Type: hub.RepoType(typ), Namespace: ns, Name: name}
	api, org := id.APIPath(), "/api/organizations/"+ns
	if r.outcome == "allow" {
		switch r.action {
		case "repo.publish", "repo.delete", "repo.move", "repo.transfer", "repo.create", "repo.create_public", "repo.assign", "group.delete",
			"repo.access.ask", "org.delete":
			return "", "", ""
		}
	}
	named := fmt.Sprintf(`{"type":%q,"organization":%q,"name":%q`, typ, ns, name)
	switch {
	case isNew && strings.HasPrefix(r.action, "repo.create"):
		body = named
		if group != "" {
			body += fmt.Sprintf(`,"resourceGroupId":%q`, w.groups[ns+"/"+group])
		}
		if typ == "space" {
			body += `,"sdk":"static"`
		}
		if r.action == "repo.create_public" {
			return "POST", "/api/repos/create", body + `,"visibility":"public"}`
		}
		return "POST", "/api/repos/create", body + `,"private":true}`
	case typ == "ns":
		switch r.action {
		case "org.tokens":
			return "GET", org + "/settings/tokens", ""
		case "org.network":
			return "GET", org + "/settings/network-security", ""
		case "org.write":
			return "GET", org + "/settings/access", ""
		case "org.service_accounts.read":
			return "GET", org + "/service-accounts", ""
		case "org.service_accounts.write":
			return "POST", org + "/service-accounts", `{}`
		case "group.create":
			return "POST", org + "/resource-groups", `{}`
		}
	case typ == "group":
		gid := w.groups[rest]
		if gid == "" {
			gid = "123456789012345678901234"
		}
		at := org + "/resource-groups/" + string(gid)
		switch r.action {
		case "group.read":
			return "GET", at, ""
		case "group.manage":
			return "POST", at + "/users", `{}`
		case "group.settings":
			return "POST", at + "/settings", `{}`
		case "group.delete":
			return "DELETE", at, ""
		}
	case typ == "self" && r.action == "self.whoami":
		return "GET", "/api/whoami-v2", ""
	case typ == "model", typ == "dataset", typ == "space":
		switch r.action {
		case "repo.view":
			return "GET", api, ""
		case "repo.content.read":
			return "GET", id.WebPath() + "/resolve/main/data.bin", ""
		case "repo.preupload":
			return "POST", api + "/preupload/main", `{"files":[]}`
		case "repo.write":
			return "GET", api + "/auth-check/write", ""
		case "repo.settings":
			return "PUT", api + "/settings", `{"discussionsDisabled":false}`
		case "repo.publish":
			return "PUT", api + "/settings", `{"private":false}`
		case "repo.delete":
			return "DELETE", "/api/repos/delete", named + "}"
		case "repo.move":
			return "POST", "/api/repos/move", fmt.Sprintf(`{"type":%q,"fromRepo":%q,"toRepo":%q}`, typ, rest, ns+"/elsewhere")
		case "repo.assign":
			return "POST", api + "/resource-group", `{"resourceGroupId":null}`
		case "repo.access.ask":
			return "POST", id.WebPath() + "/ask-access", `{}`
		case "repo.access.read":
			return "GET", api + "/user-access-request/pending", ""
		case "repo.access.manage":
			return "POST", api + "/user-access-request/handle", `{"user":"keeper","status":"accepted"}`
		}
	}
	return "", "", ""
}
