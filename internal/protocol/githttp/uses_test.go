package githttp_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/service/repos"
)

// TestUsesAreNoted: what a token is used for by git and git-lfs is noted, through links that the batch hands out too.
func TestUsesAreNoted(t *testing.T) {
	h := start(t, git.Config{})
	r := h.Repo("alice.write", hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "m"}, repos.NewRepo{Visibility: hub.Private})
	noted := func(token string) []string {
		t.Helper()
		if err := h.Uses.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := h.DB.ReachOf(t.Context(), h.Subject(token).TokenID(), 100)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, x := range list {
			if x.RepoID == r.ID {
				out = append(out, string(x.Permission))
			}
		}
		slices.Sort(out)
		return out
	}
	expect := func(what, token string, want ...string) {
		t.Helper()
		if got := noted(token); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	h.Token("reader", "alice", hub.Token{Kind: hub.TokenRead})
	clone(t, as(h, "reader", "alice/m"))
	expect("a clone", "reader", "repo.content.read")

	h.Token("writer", "alice", hub.Token{Kind: hub.TokenWrite})
	d := clone(t, as(h, "writer", "alice/m"))
	d.commit(t, "a.txt", "a")
	d.git(t, "push", "-q", "origin", "main")
	expect("a push", "writer", "repo.content.read", "repo.write")

	h.Token("large", "alice", hub.Token{Kind: hub.TokenWrite})
	call := func(method, url, token string, body string) map[string]any {
		t.Helper()
		req, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+h.TokenValue(token))
			req.Header.Set("Content-Type", "application/vnd.git-lfs+json")
			req.Header.Set("Accept", "application/vnd.git-lfs+json")
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode/100 != 2 {
			t.Fatalf("%s %s: %d %s %v", method, url, res.StatusCode, b, err)
		}
		var v map[string]any
		json.NewDecoder(bytes.NewReader(b)).Decode(&v)
		return v
	}
	content := "large"
	batch := func(operation string) string {
		t.Helper()
		v := call("POST", h.URL+"/alice/m.git/info/lfs/objects/batch", "large", fmt.Sprintf(`{"operation":%q,"transfers":["basic"],"objects":[{"oid":"%x","size":%d}]}`,
			operation, sha256.Sum256([]byte(content)), len(content)))
		actions := v["objects"].([]any)[0].(map[string]any)["actions"].(map[string]any)
		return actions[operation].(map[string]any)["href"].(string)
	}
	href := batch("upload")
	expect("a batch", "large", "repo.write")
	call("PUT", href, "", content)
	before := len(noted("large"))
	if before != 1 {
		t.Errorf("%d uses", before)
	}
	list, err := h.DB.ReachOf(t.Context(), h.Subject("large").TokenID(), 10)
	if err != nil || len(list) != 1 || list[0].Uses != 2 {
		t.Errorf("the upload by a link is not noted: %+v %v", list, err)
	}
	batch("download")
	expect("both ways", "large", "repo.content.read", "repo.write")
}
