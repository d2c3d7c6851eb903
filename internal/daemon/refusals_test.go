package daemon

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// send sends a request and returns the answer with its body read.
func (h *running) send(method, path, body string, header ...string) (*http.Response, string) {
	h.t.Helper()
	req, err := http.NewRequest(method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
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

// overSSH runs one command with somebody's key and returns what came on the error channel, and the id that came beside it.
func (h *running) overSSH(key ssh.Signer, command string) (said, id string) {
	h.t.Helper()
	return h.overSSHSending(key, command, func(io.Writer, io.Reader) {})
}

// overSSHSending is overSSH for a command that talks.
func (h *running) overSSHSending(key ssh.Signer, command string, talk func(in io.Writer, out io.Reader)) (said, id string) {
	h.t.Helper()
	addr := regexp.MustCompile(`"git over SSH","address":"([^"]+)"`).FindStringSubmatch(h.log.String())
	if addr == nil {
		h.t.Fatal("no SSH listener")
	}
	c, err := ssh.Dial("tcp", addr[1], &ssh.ClientConfig{User: "git", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err != nil {
		h.t.Fatal(err)
	}
	defer c.Close()
	ch, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if ok, err := ch.SendRequest("exec", true, ssh.Marshal(struct{ Line string }{command})); !ok || err != nil {
		h.t.Fatal(ok, err)
	}
	talk(ch, ch)
	go io.Copy(io.Discard, ch)
	var text bytes.Buffer
	if _, err := io.Copy(&text, ch.Stderr()); err != nil {
		h.t.Fatal(err)
	}
	for r := range requests {
		var v struct{ ID string }
		if r.Type == "request-id@ambit" && ssh.Unmarshal(r.Payload, &v) == nil {
			id = v.ID
		}
	}
	return text.String(), id
}

// TestEveryRefusalCanBeLookedUp: each front door gives an id with its no, under which the reason is found at once by who was
// refused and by an admin, and by nobody else.
func TestEveryRefusalCanBeLookedUp(t *testing.T) {
	h := start(t, func(c *config.Config) { c.SSH.Listen = "127.0.0.1:0" })
	token := map[string]string{}
	session := map[string]string{}
	for _, u := range []string{"alice", "carol", "mallory"} {
		do[operatorapi.User](h, operatorapi.UserCreate, operatorapi.NewUser{Name: u, Password: "a password of " + u})
		token[u] = "Bearer " + do[operatorapi.TokenWithValue](h, operatorapi.TokenCreate, operatorapi.NewToken{User: u, Name: "t", Kind: hub.TokenWrite}).Value
		res, body := h.send("POST", "/api/sessions", `{"name":"`+u+`","password":"a password of `+u+`"}`)
		if len(res.Cookies()) == 0 {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
		session[u] = res.Cookies()[0].Name + "=" + res.Cookies()[0].Value
	}
	do[operatorapi.Org](h, operatorapi.OrgCreate, operatorapi.NewOrg{Name: "acme", Admin: "alice"})
	do[operatorapi.Member](h, operatorapi.MemberSet, operatorapi.SetMember{Org: "acme", User: "carol", Role: "read"})
	if res, body := h.send("POST", "/api/repos/create", `{"name":"m","organization":"acme","private":true}`, "Authorization", token["alice"]); res.StatusCode != http.StatusOK {
		t.Fatal(res.StatusCode, body)
	}
	key := h.keyOf("carol")

	// look tells who finds a reason under an id.
	look := func(id, header, credential string) (reason string) {
		t.Helper()
		_, body := h.send("GET", "/api/access/denials/"+id, "", header, credential)
		var found struct{ Items []struct{ Reason string } }
		if json.Unmarshal([]byte(body), &found) != nil || len(found.Items) == 0 {
			return ""
		}
		return found.Items[0].Reason
	}
	check := func(door, id, reason string, ownToken, admin bool) {
		t.Helper()
		if id == "" {
			t.Errorf("%s: no id", door)
			return
		}
		for _, c := range []struct {
			who, header, credential string
			finds                   bool
		}{
			{"the owner's session", "Cookie", session["carol"], true}, {"the token", "Authorization", token["carol"], ownToken},
			{"an admin", "Cookie", session["alice"], admin}, {"an admin's token", "Authorization", token["alice"], admin},
			{"a stranger", "Cookie", session["mallory"], false}, {"a stranger's token", "Authorization", token["mallory"], false},
		} {
			want := ""
			if c.finds {
				want = reason
			}
			if got := look(id, c.header, c.credential); got != want {
				t.Errorf("%s: %s finds %q, want %q", door, c.who, got, want)
			}
		}
		if r := do[operatorapi.Refusals](h, operatorapi.AccessRefused, operatorapi.ID{ID: hub.ID(id)}); len(r.Items) == 0 || r.Items[0].Reason != reason {
			t.Errorf("%s: the operator finds %+v", door, r)
		}
	}

	batch := `{"operation":"upload","transfers":["basic"],"objects":[{"oid":"` + strings.Repeat("0", 64) + `","size":1}]}`
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("carol:"+strings.TrimPrefix(token["carol"], "Bearer ")))
	for _, c := range []struct {
		door, method, path, body, auth, reason string
		admin                                  bool
	}{
		{"API", "POST", "/api/models/acme/m/branch/x", "{}", token["carol"], "role.lacks_write", true},
		{"API, hidden", "GET", "/api/models/acme/nothing", "", token["carol"], "repo.not_found", true},
		{"API, another's", "GET", "/api/models/mallory/nothing", "", token["carol"], "repo.not_found", false},
		{"organization", "GET", "/api/organizations/acme/settings/tokens", "", token["carol"], "role.lacks_admin", true},
		{"resolve", "GET", "/acme/nothing/resolve/main/x", "", token["carol"], "repo.not_found", true},
		{"LFS", "POST", "/acme/m.git/info/lfs/objects/batch", batch, basic, "role.lacks_write", true},
		{"git", "GET", "/acme/m.git/info/refs?service=git-receive-pack", "", basic, "role.lacks_write", true},
		{"Xet", "GET", "/api/models/acme/m/xet-write-token/main", "", token["carol"], "role.lacks_write", true},
	} {
		res, body := h.send(c.method, c.path, c.body, "Authorization", c.auth)
		if res.StatusCode != http.StatusForbidden && res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d %s", c.door, res.StatusCode, body)
		}
		check(c.door, res.Header.Get("X-Request-Id"), c.reason, true, c.admin)
	}
	for command, reason := range map[string]string{"git-receive-pack 'acme/m'": "role.lacks_write", "git-upload-pack 'acme/nothing'": "repo.not_found"} {
		said, id := h.overSSH(key, command)
		check("ssh "+command, id, reason, reason == "role.lacks_write", true) // a token is told about what it sees
		if shown := strings.Contains(said, id); shown != (reason == "role.lacks_write") {
			t.Errorf("%s says %q", command, said)
		}
	}
	dying := do[operatorapi.TokenWithValue](h, operatorapi.TokenCreate, operatorapi.NewToken{User: "carol", Name: "dying", Kind: hub.TokenRead})
	do[operatorapi.Empty](h, operatorapi.TokenDelete, operatorapi.ID{ID: dying.ID})
	res, body := h.send("GET", "/api/models/acme/m", "", "Authorization", "Bearer "+dying.Value)
	if res.StatusCode != http.StatusUnauthorized || strings.Contains(body, "dying") {
		t.Errorf("a dead token: %d %s", res.StatusCode, body)
	}
	check("a dead token", res.Header.Get("X-Request-Id"), "token.revoked", false, false)
}

// keyOf gives an account an SSH key.
func (h *running) keyOf(user string) ssh.Signer {
	h.t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	line, err := ssh.NewPublicKey(public)
	if err != nil {
		h.t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		h.t.Fatal(err)
	}
	do[operatorapi.SSHKey](h, operatorapi.SSHKeyAdd, operatorapi.NewSSHKey{User: user, Name: "k", Public: string(ssh.MarshalAuthorizedKey(line))})
	return key
}
