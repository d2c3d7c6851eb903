package compat

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

// A real model goes in with one member's write token and comes out, whole and working, with another's read token.
func TestModelRoundTrip(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	commit := python(t, h, "model_upload", vars{"repo": "acme/minilm", "token": h.plain(t, "bob", "write")})
	python(t, h, "model_download", vars{"repo": "acme/minilm", "token": h.plain(t, "carol", "read"), "commit": strings.TrimSpace(commit)})
}

// A real table is pushed to a private dataset; another member loads it whole, and streams a part of it by ranges.
func TestDatasetRoundTrip(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	v := vars{"repo": "acme/vocabulary", "rows": 8000, "token": h.plain(t, "bob", "write")}
	out := strings.TrimSpace(python(t, h, "dataset_push", v))
	var pushed vars
	if err := json.Unmarshal([]byte(out[strings.LastIndex(out, "\n")+1:]), &pushed); err != nil {
		t.Fatalf("dataset_push printed %q: %v", out, err)
	}
	maps.Copy(v, pushed)
	v["token"] = h.plain(t, "carol", "read")
	for _, how := range []string{"load", "stream"} {
		v["how"] = how
		python(t, h, "dataset_load", v)
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	python(t, h, "cli", vars{
		"token": h.plain(t, "bob", "write"), "user": "bob", "display": "bob test",
		"other_token": h.plain(t, "carol", "read"), "other_user": "carol",
		"namespace": "acme", "name": "cli",
	})
}

func TestJavaScript(t *testing.T) {
	for _, kind := range []string{"model", "dataset"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			h := theHub(t)
			node(t, h, "transfer", vars{
				"type": kind, "repo": "acme/js", "user": "bob", "token": h.plain(t, "bob", "write"),
				"readToken": h.plain(t, "carol", "read"), "bigSize": multipartSize,
			})
		})
	}
}

// multipartSize is a file size in bytes at which the server must answer a batch with a multipart transfer.
const multipartSize = 70_000_000

func TestEverydayCalls(t *testing.T) { everydayCalls(t, theHub(t)) }

// The same calls over PostgreSQL: the protocols must not notice.
func TestEverydayCallsOverPostgres(t *testing.T) {
	h, err := startHubWith(filepath.Join(t.TempDir(), "data"), []string{"--database-url", pgtest.URL(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.stop(syscall.SIGTERM); err != nil {
			t.Errorf("stopping: %v\n%s", err, h.logs)
		}
	})
	if err := h.populate(); err != nil {
		t.Fatalf("%v\n%s", err, h.logs)
	}
	everydayCalls(t, h)
	t.Run("xet", func(t *testing.T) {
		v := vars{"repo": "acme/xet", "token": h.plain(t, "bob", "write"), "files": []sample{{"a.bin", 3_000_000, 1, "random"}, {"b.bin", 300_000, 2, "text"}}, "xet": true}
		python(t, h, "xet_upload", v)
		v["token"] = h.plain(t, "carol", "read")
		python(t, h, "xet_download", v)
	})
}

func everydayCalls(t *testing.T, h *hub) {
	fine := h.token(t, "bob", "--kind", "fine-grained", "--scope", "org:acme=repo.content.read,repo.write", "--global", "discussion.write", "--gated")
	for _, c := range []struct {
		repo  string
		steps []string
	}{
		{"acme/who", []string{"whoami", "people"}},
		{"acme/Everyday.one", []string{"create", "commit", "read"}},
		{"acme/refs", []string{"create", "refs"}},
		{"acme/listing", []string{"listing"}},
		{"acme/many", []string{"create", "card", "many_files"}},
		{"acme/settings", []string{"create", "commit", "settings"}},
	} {
		t.Run(c.steps[len(c.steps)-1], func(t *testing.T) {
			t.Parallel()
			python(t, h, "api", vars{
				"steps": c.steps, "repo": c.repo, "namespace": "acme", "user": "bob", "role": "write", "token": h.plain(t, "bob", "write"),
				"fine": fine.Value, "stranger": h.plain(t, "dan", "read"), "members": []string{"alice", "bob", "carol", "erin"},
			})
		})
	}
}
