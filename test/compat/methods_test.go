package compat

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every method of the client gets the answer that docs/protocol/clients.md promises.
func TestEveryMethod(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	out := strings.TrimSpace(python(t, h, "methods", vars{
		"token": h.plain(t, "alice", "write"), "user": "alice", "org": "acme", "asker": h.plain(t, "dan", "read"), "asker_name": "dan"}))
	var got map[string]string
	if err := json.Unmarshal([]byte(out[strings.LastIndex(out, "\n")+1:]), &got); err != nil {
		t.Fatalf("methods printed %q: %v", out, err)
	}
	want := promised(t)
	for name, answer := range got {
		if want[name] != answer {
			t.Errorf("%s: %s, the page says %q", name, answer, want[name])
		}
	}
	for name := range want {
		if got[name] == "" {
			t.Errorf("%s is on the page and no method of the client", name)
		}
	}
}

var inCode = regexp.MustCompile("`([a-z0-9_]+)`")

// promised reads the table of methods.
func promised(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs/protocol/clients.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "## Every method of HfApi")
	table, _, _ = strings.Cut(table, "\n## ")
	if !found {
		t.Fatal("the page has no table of methods")
	}
	want := map[string]string{}
	for _, line := range strings.Split(table, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		answer := strings.TrimRight(strings.Fields(cells[1] + " -")[0], ":")
		for _, m := range inCode.FindAllStringSubmatch(cells[2], -1) {
			if want[m[1]] != "" {
				t.Errorf("%s stands twice in the table", m[1])
			}
			want[m[1]] = answer
		}
	}
	return want
}
