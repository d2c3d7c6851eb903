package compat

import (
	"net/http"
	"strings"
	"testing"
)

// Bytes that are not what was announced are refused, and the object stays missing.
func TestHostileUploads(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	bob := h.as(h.plain(t, "bob", "write"))
	const repo = "acme/uploads"
	bob.createRepo(t, repo, true)
	before := bob.head(t, "model", repo)

	content := strings.Repeat("the real content ", 1000)
	oid := digest(content)
	upload := func() lfsAction {
		t.Helper()
		object := bob.batch(t, "upload", "model", repo, oid, len(content))
		action, ok := object.Actions["upload"]
		if !ok {
			t.Fatalf("the batch does not ask for an object that is not there: %+v", object)
		}
		return action
	}
	missing := func(what string) {
		t.Helper()
		upload()
		bob.postCommit(t, "model", repo, ndjson(header("s"), lfsFile("n.bin", oid, len(content)))).
			refused(t, what+": committing the object", http.StatusUnprocessableEntity, http.StatusBadRequest)
	}
	missing("never uploaded")

	for what, body := range map[string]string{
		"other bytes of the same size": strings.Repeat("x", len(content)),
		"too short":                    content[:len(content)-1],
		"too long":                     content + "!",
		"empty":                        "",
	} {
		got := bob.put(t, upload(), strings.NewReader(body))
		if got.status < 400 || got.status >= 500 {
			t.Errorf("%s: status %d: %s", what, got.status, got.body)
		}
		missing(what)
	}

	action := upload()
	path := strings.TrimPrefix(action.Href, h.url)
	h.as("").vanish(t, http.MethodPut, path, "application/octet-stream", len(content), content[:len(content)/2])
	missing("a client that vanished")

	for what, wrong := range map[string]string{
		"another digest":      strings.Replace(path, oid, digest("another"), 1),
		"a changed signature": path[:len(path)-1] + map[bool]string{true: "A", false: "B"}[path[len(path)-1] != 'A'],
		"no signature":        strings.SplitN(path, "?", 2)[0],
	} {
		if wrong == path {
			continue
		}
		got, err := h.as("").try(http.MethodPut, wrong, strings.NewReader(content), nil)
		if err == nil && (got.status < 400 || got.status >= 500) {
			t.Errorf("PUT to an address with %s: status %d: %s", what, got.status, got.body)
		}
		missing(what)
	}
	if got, err := h.as("").try(http.MethodGet, path, nil, nil); err != nil || got.status < 400 {
		t.Errorf("GET of an upload address: status %d, %v", got.status, err)
	}

	bob.put(t, upload(), strings.NewReader(content)).want(t, "the right bytes", http.StatusOK, http.StatusCreated, http.StatusNoContent)
	if object := bob.batch(t, "upload", "model", repo, oid, len(content)); object.Actions["upload"].Href != "" {
		t.Errorf("the batch asks again for an object that is there: %+v", object)
	}
	bob.postCommit(t, "model", repo, ndjson(header("s"), lfsFile("n.bin", oid, len(content)+1))).
		refused(t, "a pointer with a wrong size", http.StatusUnprocessableEntity, http.StatusBadRequest)
	if after := bob.head(t, "model", repo); after != before {
		t.Errorf("refused commits moved the branch from %s to %s", before, after)
	}
	bob.commit(t, "model", repo, lfsFile("n.bin", oid, len(content)))
	if got := bob.get(t, web("model", repo)+"/resolve/main/n.bin"); string(got.body) != content {
		t.Errorf("status %d with %d bytes instead of the content", got.status, len(got.body))
	}
}

// Knowing the digest of another tenant's file gives nothing: not the bytes, not even that they exist.
func TestForeignObjects(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	bob, dan := h.as(h.plain(t, "bob", "write")), h.as(h.plain(t, "dan", "write"))
	bob.createRepo(t, "acme/foreign", true)
	dan.createRepo(t, "dan/foreign", true)
	content := strings.Repeat("known only to acme ", 100)
	oid := digest(content)
	bob.put(t, bob.batch(t, "upload", "model", "acme/foreign", oid, len(content)).Actions["upload"], strings.NewReader(content)).
		want(t, "upload", http.StatusOK, http.StatusCreated, http.StatusNoContent)
	bob.commit(t, "model", "acme/foreign", lfsFile("f.bin", oid, len(content)))

	if object := dan.batch(t, "upload", "model", "dan/foreign", oid, len(content)); object.Actions["upload"].Href == "" {
		t.Errorf("the batch tells a stranger that an object exists: %+v", object)
	}
	dan.postCommit(t, "model", "dan/foreign", ndjson(header("steal"), lfsFile("f.bin", oid, len(content)))).
		refused(t, "a pointer to another tenant's object", http.StatusUnprocessableEntity, http.StatusBadRequest)
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:" + oid + "\nsize 1900\n"
	dan.postCommit(t, "model", "dan/foreign", ndjson(header("steal"), file("f.bin", pointer))).
		refused(t, "the same pointer as a plain file", http.StatusUnprocessableEntity, http.StatusBadRequest)
	if object := dan.batch(t, "download", "model", "dan/foreign", oid, len(content)); object.Error == nil || object.Error.Code != http.StatusNotFound {
		t.Errorf("downloading another tenant's object: %+v, want error 404", object)
	}
	for _, got := range []answer{
		dan.postBatch(t, "download", "model", "acme/foreign", oid, len(content)),
		dan.postBatch(t, "upload", "model", "acme/foreign", oid, len(content)),
	} {
		got.want(t, "a batch on a repository that is hidden", http.StatusNotFound)
	}

	// Whoever has the bytes may store them, and both see them.
	dan.put(t, dan.batch(t, "upload", "model", "dan/foreign", oid, len(content)).Actions["upload"], strings.NewReader(content)).
		want(t, "upload", http.StatusOK, http.StatusCreated, http.StatusNoContent)
	dan.commit(t, "model", "dan/foreign", lfsFile("f.bin", oid, len(content)))
	dan.json(t, http.MethodDelete, "/api/repos/delete", vars{"type": "model", "organization": "dan", "name": "foreign"}).want(t, "delete", http.StatusOK)
	if got := bob.get(t, "/acme/foreign/resolve/main/f.bin"); string(got.body) != content {
		t.Errorf("after another repository with the same object was deleted: status %d", got.status)
	}
}
