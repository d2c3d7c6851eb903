package hubapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/service/audit"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// TestAuditExport exports an organization's log as each sort of caller, and reads it.
func TestAuditExport(t *testing.T) {
	h := testkit.New(t, func(h *testkit.Hub) {
		a, err := audit.New(h.DB, audit.Options{Instance: testkit.Instance, Seeds: [][32]byte{{1}}, File: filepath.Join(t.TempDir(), "c")})
		if err != nil {
			t.Fatal(err)
		}
		hubapi.New(hubapi.Services{Repos: h.Repos, Audit: a}).Register(h.Server)
	})
	alice := h.User("alice")
	h.User("bob")
	h.Org("acme", "alice")
	h.Org("other", "bob")
	h.Member("acme", "bob", hub.RoleWrite)
	h.Token("admin", "alice", hub.Token{Kind: hub.TokenWrite})
	h.Token("reader", "alice", hub.Token{Kind: hub.TokenRead})
	h.Token("member", "bob", hub.Token{Kind: hub.TokenWrite})
	for name, p := range map[string]hub.Permission{"scoped": hub.PermOrgWrite, "looks": hub.PermOrgRead} {
		h.Token(name, "alice", hub.Token{Kind: hub.TokenFineGrained, Scopes: []hub.Scope{h.Scope(hub.EntityOrg, "acme", p)}})
	}
	fetch := func(token, q string) (int, []map[string]any) {
		t.Helper()
		req, err := http.NewRequest("GET", h.URL+"/api/organizations/acme/audit-log/export?q="+q, nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+h.TokenValue(token))
		}
		req.Header.Set("User-Agent", "test")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		var list []map[string]any
		if res.StatusCode == http.StatusOK {
			if err := json.Unmarshal(b, &list); err != nil {
				t.Fatalf("%v: %s", err, b)
			}
		}
		for _, v := range []string{"admin", "reader", "member"} {
			if strings.Contains(string(b), h.TokenValue(v)) {
				t.Error("a token's value is in the export")
			}
		}
		return res.StatusCode, list
	}
	for token, want := range map[string]int{"": 401, "reader": 403, "member": 403, "looks": 403} {
		if code, _ := fetch(token, ""); code != want {
			t.Errorf("as %q: %d, want %d", token, code, want)
		}
	}
	if code, _ := fetch("admin", "since:x"); code != 400 {
		t.Errorf("a bad query: %d", code)
	}
	if code, _ := fetch("admin", "since:2027-01-31+until:2027-01-30"); code != 400 {
		t.Errorf("an empty time: %d", code)
	}
	_, list := fetch("admin", "")
	var types []string
	for _, e := range list {
		types = append(types, e["type"].(string))
	}
	if got := strings.Join(types, " "); got != "org.audit_log.export org.add_user org.create" {
		t.Errorf("got %s", got)
	}
	if code, list := fetch("scoped", "type:org.create"); code != 200 || len(list) != 1 {
		t.Errorf("a fine-grained token with org.write: %d %v", code, list)
	}
	export := list[0]
	if author := export["author"].(map[string]any); author["type"] != "user" || author["user"] != "alice" || author["_id"] != string(alice.ID) {
		t.Errorf("author %v", author)
	}
	if tok := export["token"].(map[string]any); tok["type"] != "access_token" || tok["role"] != "write" || len(tok["last4"].(string)) != 4 || tok["deleted"] != false {
		t.Errorf("token %v", tok)
	}
	if at, err := time.Parse("2006-01-02T15:04:05.000Z", export["createdAt"].(string)); err != nil || at.IsZero() {
		t.Errorf("created at %v", export["createdAt"])
	}
	if export["ip"] != "127.0.0.0" || export["userAgent"] != "test" || list[2]["author"].(map[string]any)["type"] != "system" {
		t.Errorf("%v", list)
	}
	if _, list := fetch("admin", "type:org.add_user"); len(list) != 1 {
		t.Errorf("filtered: %v", list)
	}
	if _, list := fetch("admin", "nothing+like+this"); len(list) != 0 || list == nil {
		t.Errorf("empty: %v", list)
	}
}

// TestAuditProof fetches the proof of an event of an organization, as each sort of caller, and checks it.
func TestAuditProof(t *testing.T) {
	h := testkit.New(t, func(h *testkit.Hub) {
		a, err := audit.New(h.DB, audit.Options{Instance: testkit.Instance, Seeds: [][32]byte{{1}}})
		if err != nil {
			t.Fatal(err)
		}
		hubapi.New(hubapi.Services{Repos: h.Repos, Audit: a}).Register(h.Server)
	})
	h.User("alice")
	h.User("bob")
	acme := h.Org("acme", "alice")
	other := h.Org("other", "bob")
	h.Member("acme", "bob", hub.RoleWrite)
	h.Token("admin", "alice", hub.Token{Kind: hub.TokenWrite})
	h.Token("member", "bob", hub.Token{Kind: hub.TokenWrite})
	event := func(org hub.ID) hub.ID {
		ev := hub.Event{Type: "org.settings", NamespaceID: org, IP: "192.0.2.99"}
		if err := h.DB.RecordEvents(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
		rows, err := h.DB.AuditEvents(t.Context(), hub.AuditQuery{Namespace: org, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		return rows[0].ID
	}
	ours, theirs := event(acme.ID), event(other.ID)
	fetch := func(token string, id hub.ID) (int, []byte) {
		code, _, b := get(t, h, token, h.URL+"/api/organizations/acme/audit-log/"+string(id)+"/proof")
		return code, b
	}
	for token, want := range map[string]int{"": 401, "member": 403} {
		if code, _ := fetch(token, ours); code != want {
			t.Errorf("as %q: %d, want %d", token, code, want)
		}
	}
	for id, want := range map[hub.ID]int{theirs: 404, hub.NewID(): 404, "x": 400} {
		if code, b := fetch("admin", id); code != want {
			t.Errorf("%s: %d %s, want %d", id, code, b, want)
		}
	}
	code, b := fetch("admin", ours)
	var p auditchain.Proof
	if err := json.Unmarshal(b, &p); code != 200 || err != nil {
		t.Fatalf("%d %v: %s", code, err, b)
	}
	key, err := auditchain.VerifierKey(testkit.Instance, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Check(key); err != nil || p.Event.ID != ours || strings.Contains(string(b), "192.0.2.99") {
		t.Errorf("%v: %s", err, b)
	}
}
