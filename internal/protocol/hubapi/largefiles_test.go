package hubapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// Large files are taken out of every revision by those who write, and the bytes are not served by any id any more.
func TestLargeFilesLeaveTheHistory(t *testing.T) {
	h := startOrgs(t)
	open := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "open"}
	repo, _, err := h.DB.RepoByName(t.Context(), open)
	if err != nil {
		t.Fatal(err)
	}
	one, two := []byte("weights of the first"), []byte("weights of the second")
	before := h.Commit("bob.write", open, "One", testkit.Change{Path: "data/one.bin", Content: one, Large: true})
	h.Commit("bob.write", open, "Two", testkit.Change{Path: "two.bin", Content: two, Large: true})
	h.Commit("bob.write", open, "Away", testkit.Change{Path: "data/one.bin", Delete: true})

	const api = "/api/models/acme/open"
	do := func(who, method, path, body string) (int, string, []byte) {
		t.Helper()
		req, err := http.NewRequest(method, h.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+h.TokenValue(who))
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var raw json.RawMessage
		json.NewDecoder(res.Body).Decode(&raw)
		return res.StatusCode, res.Header.Get("X-Error-Code") + res.Header.Get("Link"), raw
	}
	type item struct {
		FileOID, OID, Filename, PushedAt, Ref string
		Size                                  int64
	}
	list := func(query string) (out []item, link string) {
		t.Helper()
		status, link, body := do("bob.write", "GET", api+"/lfs-files"+query, "")
		if status != 200 || json.Unmarshal(body, &out) != nil {
			t.Fatalf("%d %s", status, body)
		}
		return out, link
	}
	all, _ := list("")
	if len(all) != 2 {
		t.Fatalf("%+v", all)
	}
	var first item
	for _, x := range all {
		if x.Filename == "data/one.bin" {
			first = x
		}
		if x.FileOID != x.OID || x.Ref != "refs/heads/main" || !strings.HasPrefix(x.PushedAt, "20") || x.Size < 20 {
			t.Errorf("%+v", x)
		}
	}
	page, link := list("?limit=1")
	if len(page) != 1 || !strings.Contains(link, "cursor="+page[0].OID) {
		t.Errorf("a page: %+v, link %q", page, link)
	}
	if rest, link := list("?limit=1&cursor=" + page[0].OID); len(rest) != 1 || rest[0] == page[0] || link != "" {
		t.Errorf("the next page: %+v, link %q", rest, link)
	}

	batch := func(digest, more string) string { return `{"deletions":{"sha":["` + digest + `"]` + more + `}}` }
	for _, c := range []struct {
		who, method, path, body string
		want                    int
		code                    string
	}{
		{"carol.write", "GET", api + "/lfs-files", "", 403, ""},
		{"alice.read", "GET", api + "/lfs-files", "", 403, ""},
		{"mallory.write", "GET", "/api/models/acme/closed/lfs-files", "", 404, "RepoNotFound"},
		{"carol.write", "POST", api + "/lfs-files/batch", batch(first.OID, ""), 403, ""},
		{"mallory.write", "DELETE", api + "/lfs-files/" + first.OID, "", 403, ""},
		{"bob.write", "POST", api + "/lfs-files/batch", batch(first.OID, `,"rewriteHistory":false`), 501, ""},
		{"bob.write", "DELETE", api + "/lfs-files/" + first.OID + "?rewriteHistory=false", "", 501, ""},
		{"bob.write", "POST", api + "/lfs-files/batch", batch("nonsense", ""), 400, ""},
		{"bob.write", "POST", api + "/lfs-files/batch", `{"deletions":{"sha":[]}}`, 400, ""},
		{"bob.write", "POST", api + "/lfs-files/batch", batch(strings.Repeat("0", 64), ""), 404, "EntryNotFound"},
		{"bob.write", "GET", api + "/lfs-files?cursor=x", "", 400, ""},
	} {
		if status, code, body := do(c.who, c.method, c.path, c.body); status != c.want || code != c.code {
			t.Errorf("%s %s %s: %d %s %s, want %d %s", c.who, c.method, c.path, status, code, body, c.want, c.code)
		}
	}
	if again, _ := list(""); len(again) != 2 {
		t.Fatalf("a refused call changed something: %+v", again)
	}

	if status, _, body := do("bob.write", "POST", api+"/lfs-files/batch", batch(first.OID, `,"rewriteHistory":true`)); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if left, _ := list(""); len(left) != 1 || left[0].Filename != "two.bin" {
		t.Errorf("left: %+v", left)
	}
	_, _, body := do("bob.write", "GET", api+"/commits/main", "")
	var commits []struct{ ID, Title string }
	if json.Unmarshal(body, &commits) != nil || len(commits) < 4 || commits[0].Title != "Away" || commits[2].Title != "One" || commits[2].ID == before.String() {
		t.Errorf("the history is %s", body)
	}
	for _, rev := range []string{before.String(), commits[2].ID, "main"} {
		if status, _, _ := get(t, h, "bob.write", h.URL+"/acme/open/resolve/"+rev+"/data/one.bin"); status != 404 {
			t.Errorf("at %s the file answers %d", rev, status)
		}
	}
	if status, _, b := get(t, h, "bob.write", h.URL+"/acme/open/resolve/main/two.bin"); status != 200 || string(b) != string(two) {
		t.Errorf("the other file answers %d", status)
	}
	if sizes, err := h.DB.LFSObjects(t.Context(), repo.ID, []hub.Digest{hub.Digest(first.OID)}); err != nil || len(sizes) != 0 {
		t.Errorf("the repository still has it: %v %v", sizes, err)
	}
	rows, err := h.DB.AuditEvents(t.Context(), hub.AuditQuery{Limit: 1})
	if err != nil || rows[0].Type != "repo.delete_lfs_file" || rows[0].ActorName != "bob" || !strings.Contains(rows[0].Message, "refs/heads/main") {
		t.Errorf("the log says %+v %v", rows, err)
	}
	// What was taken out does not come back by naming it.
	if status, _, _ := do("bob.write", "DELETE", api+"/lfs-files/"+first.OID, ""); status != 404 {
		t.Errorf("twice: %d", status)
	}
}
