package cli

import (
	"path/filepath"
	"testing"
)

func TestSource(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for from, want := range map[string]string{
		"https://hub.example.org/acme/bert": "https://hub.example.org/acme/bert",
		"ssh://git@hub.example.org:22/a/b":  "ssh://git@hub.example.org:22/a/b",
		"git@hub.example.org:acme/bert":     "ssh://git@hub.example.org/acme/bert",
		"hub:/acme/bert.git":                "ssh://hub/acme/bert.git",
		"file://" + dir + "/bert.git":       dir + "/bert.git",
		"file://localhost" + dir + "/b.git": dir + "/b.git",
		"./bert.git":                        filepath.Join(dir, "bert.git"),
		"bert.git":                          filepath.Join(dir, "bert.git"),
		"./with:colon":                      filepath.Join(dir, "with:colon"),
		"/abs:olute":                        "/abs:olute",
		":":                                 filepath.Join(dir, ":"),
	} {
		if got, err := source(from); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", from, got, err, want)
		}
	}
}
