package compat

import (
	"net/http"
	"strings"
	"testing"
)

// hostilePaths are file paths that must never enter a repository: they leave it, hide in it, or name nothing.
var hostilePaths = map[string]string{
	"parent":            "../outside.txt",
	"parent inside":     "a/../../outside.txt",
	"parent in between": "a/../b.txt",
	"only a parent":     "..",
	"backslash parent":  `..\outside.txt`,
	"backslash root":    `\outside.txt`,
	"backslash to .git": `a\.git\config`,
	"absolute":          "/etc/passwd",
	"absolute twice":    "//etc/passwd",
	"empty":             "",
	"dot":               ".",
	"dot inside":        "a/./b.txt",
	"empty segment":     "a//b.txt",
	"trailing slash":    "a/",
	"NUL":               "a\x00b.txt",
	"control character": "a\nb.txt",
	"git folder":        ".git/config",
	"git folder inside": "a/.git/hooks/post-checkout",
	"git folder, case":  ".GIT/config",
	"over-long":         strings.Repeat("long/", 2000) + "file.txt",
	"over-long segment": strings.Repeat("x", 5000),
	"invalid UTF-8":     "a\xffb.txt",
}

func TestHostilePaths(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	bob := h.as(h.plain(t, "bob", "write"))
	bob.createRepo(t, "acme/paths", true)
	before := bob.commit(t, "model", "acme/paths", file("a/kept.txt", "kept"))

	for name, path := range hostilePaths {
		t.Run(name, func(t *testing.T) {
			// encoding/json would repair invalid UTF-8, so the path is put into the line by hand.
			quoted := rawString(path)
			for what, op := range map[string]string{
				"file":          `{"key":"file","value":{"path":` + quoted + `,"content":"eA==","encoding":"base64"}}`,
				"deletedFile":   `{"key":"deletedFile","value":{"path":` + quoted + `}}`,
				"deletedFolder": `{"key":"deletedFolder","value":{"path":` + quoted + `}}`,
				"lfsFile":       `{"key":"lfsFile","value":{"path":` + quoted + `,"algo":"sha256","oid":"` + digest("x") + `","size":1}}`,
			} {
				if strings.HasPrefix(what, "deleted") && name == "trailing slash" {
					continue // a deletion with a trailing slash means a folder: the clients write it so
				}
				got := bob.postCommit(t, "model", "acme/paths", ndjson(header("hostile"), file("innocent.txt", "x"))+op+"\n")
				if strings.HasPrefix(what, "deleted") {
					got.refused(t, what, http.StatusUnprocessableEntity, http.StatusBadRequest, http.StatusNotFound)
				} else {
					got.refused(t, what, http.StatusUnprocessableEntity, http.StatusBadRequest)
				}
			}
			if name != "empty" && name != "invalid UTF-8" { // which a JSON decoder has made valid by then
				bob.send(t, http.MethodPost, api("model", "acme/paths")+"/preupload/main",
					`{"files":[{"path":`+quoted+`,"size":1,"sample":"eA=="}]}`, jsonHeader).
					refused(t, "preupload", http.StatusUnprocessableEntity, http.StatusBadRequest)
			}
		})
	}
	if after := bob.head(t, "model", "acme/paths"); after != before {
		t.Errorf("refused commits moved the branch from %s to %s", before, after)
	}
}

// rawString writes s as a JSON string, leaving bytes above ASCII as they are.
func rawString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20:
			b.WriteString(`\u00`)
			b.WriteByte("0123456789abcdef"[c>>4])
			b.WriteByte("0123456789abcdef"[c&15])
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Addresses that try to leave the repository, or the data folder, find nothing.
func TestHostileAddresses(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	bob := h.as(h.plain(t, "bob", "write"))
	bob.createRepo(t, "acme/addresses", false)
	bob.commit(t, "model", "acme/addresses", file("a/file.txt", "content"))
	for _, c := range []*client{bob, h.as("")} {
		for _, path := range []string{
			"/acme/addresses/resolve/main/../../../etc/passwd",
			"/acme/addresses/resolve/main/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
			"/acme/addresses/resolve/main/..%2f..%2f..%2fetc%2fpasswd",
			"/acme/addresses/resolve/main/a/%2e%2e/a/file.txt",
			"/acme/addresses/resolve/main/a%00/file.txt",
			"/acme/addresses/resolve/main/%ff%fe",
			"/acme/addresses/resolve/..%2f..%2fother/a/file.txt",
			"/acme/addresses/resolve/refs%2f..%2f..%2fconfig/a/file.txt",
			"/acme/addresses/resolve/main%00/a/file.txt",
			"/acme/addresses/raw/main/%2e%2e%2f%2e%2e%2fambit.db",
			"/acme/%2e%2e/resolve/main/a/file.txt",
			"/..%2facme/addresses/resolve/main/a/file.txt",
			"/api/models/acme/addresses/tree/main/%2e%2e",
			"/api/models/acme/addresses/tree/%2e%2e/a",
			"/api/models/acme/..%2faddresses",
			"/api/models/acme/addresses/revision/" + strings.Repeat("x", 10_000),
			"/api/models/acme/" + strings.Repeat("x", 10_000),
			"/api/models/acme/addresses/resolve-everything",
			"/%",
			"/api/models/%zz/x",
		} {
			got, err := c.try(http.MethodGet, path, nil, nil)
			if err != nil {
				continue // the server closed the connection on a request line that is none
			}
			if got.status < 300 || got.status >= 500 {
				t.Errorf("GET %.100s: status %d: %.100s", path, got.status, got.body)
			}
		}
	}
}

func TestInvalidNames(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	bob := h.as(h.plain(t, "bob", "write"))
	for _, name := range []string{
		"", ".", "..", "a..b", "a--b", "-a", "a-", ".a", "a.", "repo.git", "a b", "a/b", `a\b`, "a\x00b", "a\n", "name\u202e",
		"ünïcode", "文件夹", strings.Repeat("x", 97), "a?b", "a#b", "a%2fb", "<script>",
	} {
		got := bob.json(t, http.MethodPost, "/api/repos/create", vars{"type": "model", "organization": "acme", "name": name})
		got.refused(t, "creating a repository called "+name, http.StatusBadRequest, http.StatusUnprocessableEntity)
	}
	for _, body := range []string{
		``, `{`, `[]`, `null`, `"x"`, `{"name":7}`, `{"organization":"acme"}`, `{"name":"x","organization":["acme"]}`,
		`{"name":"x","organization":"acme","type":"bucket"}`, `{"name":"x","organization":"acme","type":"../model"}`,
		`{"name":"x","organization":"acme","visibility":"hidden"}`, `{"name":"x","organization":"acme","type":"space"}`,
		`{"name":"x","organization":"acme","private":true,"visibility":"public"}`,
		strings.Repeat("[", 100_000),
	} {
		bob.send(t, http.MethodPost, "/api/repos/create", body, jsonHeader).
			refused(t, "creating with the body "+body[:min(len(body), 60)], http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge)
	}
	// Names that look odd and are names.
	for _, name := range []string{"hub.js", "__ci__", "a", "1", "A.b-c_d", strings.Repeat("x", 96)} {
		bob.createRepo(t, "acme/"+name, true)
	}
}
