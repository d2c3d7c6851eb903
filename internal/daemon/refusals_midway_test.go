package daemon

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"regexp"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// TestRefusalsMidwayCanBeLookedUp takes the right to write away when a push or a commit has been admitted and its body is on
// its way: what is refused then has an id too, under which the reason is found.
func TestRefusalsMidwayCanBeLookedUp(t *testing.T) {
	h := start(t, func(c *config.Config) { c.SSH.Listen = "127.0.0.1:0" })
	do[operatorapi.User](h, operatorapi.UserCreate, operatorapi.NewUser{Name: "alice", Password: "a password of alice"})
	do[operatorapi.User](h, operatorapi.UserCreate, operatorapi.NewUser{Name: "carol", Password: "a password of carol"})
	do[operatorapi.Org](h, operatorapi.OrgCreate, operatorapi.NewOrg{Name: "acme", Admin: "alice"})
	role := func(r string) {
		do[operatorapi.Member](h, operatorapi.MemberSet, operatorapi.SetMember{Org: "acme", User: "carol", Role: r})
	}
	role("write")
	token := do[operatorapi.TokenWithValue](h, operatorapi.TokenCreate, operatorapi.NewToken{User: "carol", Name: "t", Kind: hub.TokenWrite}).Value
	bearer := "Bearer " + token
	if res, body := h.send("POST", "/api/repos/create", `{"name":"m","organization":"acme","private":true}`, "Authorization", bearer); res.StatusCode != http.StatusOK {
		t.Fatal(res.StatusCode, body)
	}
	if res, body := h.send("POST", "/api/models/acme/m/branch/x", `{}`, "Authorization", bearer); res.StatusCode != http.StatusOK {
		t.Fatal(res.StatusCode, body)
	}
	_, refs := h.send("GET", "/api/models/acme/m/refs", "", "Authorization", bearer)
	tip := regexp.MustCompile(`"[0-9a-f]{40}"`).FindString(refs)
	command := strings.Trim(tip, `"`) + " " + strings.Repeat("0", 40) + " refs/heads/x\x00report-status side-band-64k"
	push := fmt.Sprintf("%04x%s0000", len(command)+4, command)

	found := func(door, id string) {
		t.Helper()
		role("read")
		_, body := h.send("GET", "/api/access/denials/"+id, "", "Authorization", bearer)
		var found struct {
			Items []struct{ Reason, Action string }
		}
		if json.Unmarshal([]byte(body), &found) != nil || len(found.Items) != 1 || found.Items[0].Reason != "role.lacks_write" || found.Items[0].Action != "repo.write" {
			t.Errorf("%s, request %q: %s", door, id, body)
		}
	}

	for _, c := range []struct{ door, path, body, auth, contentType, says string }{
		{"git", "/acme/m.git/git-receive-pack", push, "Basic " + base64.StdEncoding.EncodeToString([]byte("carol:"+token)), "application/x-git-receive-pack-request", "ng refs/heads/x Writing to model acme/m is not allowed."},
		{"commit", "/api/models/acme/m/commit/main", `{"key":"header","value":{"summary":"s"}}` + "\n" + `{"key":"file","value":{"path":"a","content":"a"}}` + "\n", bearer, "application/x-ndjson", "Your role in acme: read, too low"},
	} {
		role("write")
		res, said := h.sendLate(c.path, c.body, func() { role("read") }, "Authorization", c.auth, "Content-Type", c.contentType)
		id := res.Header.Get("X-Request-Id")
		if !strings.Contains(said, c.says) {
			t.Errorf("%s: %d %s", c.door, res.StatusCode, said)
		}
		if c.door == "git" && !strings.Contains(said, "request id "+id) {
			t.Errorf("the pusher does not read the id: %q", said)
		}
		found(c.door, id)
	}

	key := h.keyOf("carol")
	role("write")
	said, id := h.overSSHSending(key, "git-receive-pack 'acme/m'", func(in io.Writer, out io.Reader) {
		if _, err := io.ReadFull(out, make([]byte, 4)); err != nil { // the refs are coming: it was admitted
			t.Error(err)
		}
		role("read")
		io.WriteString(in, push)
	})
	if !strings.Contains(said, id) || id == "" || strings.Contains(said, "Writing to") {
		t.Errorf("over SSH beside the report: %q, id %q", said, id)
	}
	found("ssh", id)
}

// sendLate posts a body that is sent when the hub, which has admitted the request, asks for it, and meanwhile has been done.
func (h *running) sendLate(path, body string, meanwhile func(), header ...string) (*http.Response, string) {
	h.t.Helper()
	in, out := io.Pipe()
	req, err := http.NewRequest("POST", h.url+path, in)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	req.Header.Set("Expect", "100-continue")
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{Got100Continue: func() {
		go func() {
			meanwhile()
			io.WriteString(out, body)
			out.Close()
		}()
	}}))
	tr := &http.Transport{ExpectContinueTimeout: 1 << 40}
	defer tr.CloseIdleConnections()
	res, err := tr.RoundTrip(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res, string(b)
}
