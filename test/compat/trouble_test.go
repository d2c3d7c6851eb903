package compat

import (
	"net/http"
	"testing"
	"time"
)

// The refusals that people ask about, as the official Python client shows them.
func TestTrouble(t *testing.T) {
	h := theHub(t)
	bob := h.as(h.plain(t, "bob", "write"))
	bob.createRepo(t, "acme/trouble", true)
	bob.createRepo(t, "acme/trouble-scoped", true)
	bob.createRepo(t, "acme/trouble-public", false)

	scoped := h.token(t, "bob", "--kind", "fine-grained", "--scope", "model:acme/trouble-scoped=repo.content.read,repo.write")
	deleted := h.token(t, "bob", "--kind", "write")
	h.mustAmbit(t, "token", "delete", deleted.ID)
	rotated := h.token(t, "bob", "--kind", "write")
	h.mustAmbit(t, "token", "rotate", rotated.ID)
	expired := h.token(t, "bob", "--kind", "read", "--expires", time.Now().Add(5*time.Second).UTC().Format(time.RFC3339))
	eventually(t, "the token expires", func() bool {
		return h.as(expired.Value).get(t, "/api/whoami-v2").status == http.StatusUnauthorized
	})

	base := vars{
		"repo": "acme/trouble", "private": "acme/trouble", "public": "acme/trouble-public", "scoped": "acme/trouble-scoped",
		"namespace": "acme",
	}
	for _, c := range []struct{ name, function, token string }{
		{"admin with a read token", "admin_with_read_token", h.plain(t, "alice", "read")},
		{"reader with a write token", "reader_with_write_token", h.plain(t, "carol", "write")},
		{"contributor", "contributor_writes_only_own", h.plain(t, "erin", "write")},
		{"token scoped to another repository", "scoped_to_another_repository", scoped.Value},
		{"wrong type", "wrong_type", h.plain(t, "bob", "write")},
		{"stranger", "private_for_a_stranger", h.plain(t, "dan", "write")},
		{"organization token", "organization_token", ""},
		{"deleted token", "dead_token", deleted.Value},
		{"rotated token", "dead_token", rotated.Value},
		{"expired token", "dead_token", expired.Value},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := vars{"case": c.function, "token": c.token}
			for k, x := range base {
				v[k] = x
			}
			python(t, h, "trouble", v)
		})
	}
	t.Run("exist_ok with a scoped token", func(t *testing.T) {
		t.Parallel()
		python(t, h, "trouble", vars{"case": "exist_ok_with_a_scoped_token", "token": scoped.Value, "repo": "acme/trouble-scoped", "namespace": "acme"})
	})
}

// What a stranger sees of a private repository is, byte for byte, what anybody sees of one that does not exist.
func TestHiddenEqualsMissing(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	bob := h.as(h.plain(t, "bob", "write"))
	// Names of one length, so that an echo of the name cannot change a Content-Length.
	const hidden, missing = "acme/hidden-aaaa", "acme/hidden-zzzz"
	for _, kind := range []string{"model", "dataset", "space"} {
		bob.createRepoOf(t, kind, hidden, true)
	}
	bob.commit(t, "model", hidden, file("file.txt", "secret"))
	scoped := h.token(t, "bob", "--kind", "fine-grained", "--scope", "user:bob=repo.content.read,repo.write")
	askers := map[string]*client{
		"anonymous":                h.as(""),
		"stranger":                 h.as(h.plain(t, "dan", "write")),
		"member, token too narrow": h.as(scoped.Value),
	}
	for who, c := range askers {
		t.Run(who, func(t *testing.T) {
			for _, r := range repoRequests {
				a := c.send(t, r.method, r.at(hidden), r.bodyFor(hidden), r.header)
				b := c.send(t, r.method, r.at(missing), r.bodyFor(missing), r.header)
				a.forget(hidden)
				b.forget(missing)
				if diff := a.diff(b); diff != "" {
					t.Errorf("%s %s: hidden and missing differ: %s", r.method, r.path, diff)
				}
				if a.status != http.StatusUnauthorized && a.status != http.StatusNotFound && a.status != http.StatusForbidden {
					t.Errorf("%s %s: status %d", r.method, r.path, a.status)
				}
			}
		})
	}
}
