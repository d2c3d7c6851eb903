package hubapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/testkit"
)

var nextPage = regexp.MustCompile(`^<([^>]+)>; rel="next"$`)

// get asks as the holder of a token, "" for anonymous.
func get(t testing.TB, h *testkit.Hub, token, url string) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+h.TokenValue(token))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, b
}

// listAll walks all pages of a listing.
func listAll(t testing.TB, h *testkit.Hub, token, path string) []string {
	t.Helper()
	var ids []string
	for url := h.URL + path; url != ""; {
		code, header, body := get(t, h, token, url)
		var page []struct{ ID string }
		if code != 200 || json.Unmarshal(body, &page) != nil {
			t.Fatalf("%s as %q: %d %s", url, token, code, body)
		}
		for _, r := range page {
			ids = append(ids, r.ID)
		}
		url = ""
		if m := nextPage.FindStringSubmatch(header.Get("Link")); m != nil {
			url = m[1]
		}
	}
	return ids
}

// worlds is how many random worlds are listed; each takes about a third of a second.
const worlds = 6

// What a listing shows to somebody is exactly what this person can open, in any world, with pages of any
// size, and nothing stands in it twice. A failure names its seed.
func TestListingEqualsDeciding(t *testing.T) {
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			h := testkit.New(t, func(h *testkit.Hub) {
				hubapi.New(hubapi.Services{Repos: h.Repos}).Register(h.Server)
			})
			r := rand.New(rand.NewPCG(seed, 0))
			tokens, ids := randomWorld(r, h)
			for _, token := range tokens {
				for _, typ := range hub.RepoTypes {
					compareListing(t, h, r, token, typ, ids)
				}
			}
		})
	}
}

func compareListing(t *testing.T, h *testkit.Hub, r *rand.Rand, token string, typ hub.RepoType, ids []hub.RepoID) {
	t.Helper()
	var want []string
	for _, id := range ids {
		if id.Type != typ {
			continue
		}
		if code, _, _ := get(t, h, token, h.URL+id.APIPath()); code == http.StatusOK {
			want = append(want, id.FullName())
		}
	}
	sort := pick(r, "createdAt", "lastModified", "likes", "downloads", "id", "trendingScore")
	got := listAll(t, h, token, fmt.Sprintf("/api/%s?limit=%d&sort=%s", typ.Plural(), 1+r.IntN(7), sort))
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%ss as %q, sorted by %s: the list shows %q, deciding allows %q", typ, token, sort, got, want)
	}
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func randomWorld(r *rand.Rand, h *testkit.Hub) (tokens []string, ids []hub.RepoID) {
	people := []string{"alice", "bob", "carol"}
	for _, p := range people {
		h.User(p)
		h.Token(p+".write", p, hub.Token{Kind: hub.TokenWrite})
	}
	h.Org("acme", "alice")
	h.Org("other", "bob")
	for _, m := range [][2]string{{"acme", "bob"}, {"acme", "carol"}, {"other", "carol"}} {
		if role := hub.Role(r.IntN(int(hub.RoleAdmin) + 1)); role != hub.RoleNone {
			h.Member(m[0], m[1], role)
		}
	}
	makers := map[string]string{"alice": "alice.write", "acme": "alice.write", "bob": "bob.write", "other": "bob.write"}
	for i := range 4 + r.IntN(8) {
		owner := pick(r, "alice", "bob", "acme", "other")
		id := hub.RepoID{Type: pick(r, hub.RepoTypes...), Namespace: owner, Name: fmt.Sprintf("r%d", i)}
		h.Repo(makers[owner], id, repos.NewRepo{Visibility: pick(r, hub.Public, hub.Private), SDK: "static"})
		ids = append(ids, id)
	}
	tokens = []string{"", "alice.write", "bob.write", "carol.write"}
	for _, p := range people {
		t := hub.Token{Kind: hub.TokenFineGrained, CanReadGated: r.IntN(2) == 0}
		seen := map[hub.ID]bool{}
		for range r.IntN(4) {
			if s := randomScope(r, h, p, ids); !seen[s.EntityID] {
				t.Scopes = append(t.Scopes, s)
				seen[s.EntityID] = true
			}
		}
		h.Token(p+".fg", p, t)
		tokens = append(tokens, p+".fg")
	}
	return tokens, ids
}

func randomScope(r *rand.Rand, h *testkit.Hub, person string, ids []hub.RepoID) hub.Scope {
	perm := pick(r, hub.PermRepoContentRead, hub.PermRepoWrite, hub.PermDiscussionWrite, hub.PermRepoAccessRead)
	switch r.IntN(3) {
	case 0:
		return h.Scope(hub.EntityUser, person, perm)
	case 1:
		return h.Scope(hub.EntityOrg, pick(r, "acme", "other"), perm)
	}
	id := pick(r, ids...)
	return h.Scope(hub.EntityType(id.Type), id.FullName(), perm)
}
