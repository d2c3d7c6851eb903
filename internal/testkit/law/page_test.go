package law_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../../.."

var (
	quoted   = regexp.MustCompile("`([^`\n]+)`")
	testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

// TestPageNamesWhatExists holds docs/law.md to the names of files and tests that it mentions.
func TestPageNamesWhatExists(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/law.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests, files := inventory(t)
	for _, m := range quoted.FindAllSubmatch(page, -1) {
		name := string(m[1])
		switch {
		case strings.HasPrefix(name, "Test"):
			if !tests[name] {
				t.Errorf("the page names the test %s, which is not there", name)
			}
		case strings.ContainsAny(name, "* "), !regexp.MustCompile(`\.(go|http|md|matrix|decisions)$`).MatchString(name):
		case strings.Contains(name, "/"):
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				if _, err := os.Stat(filepath.Join(root, "docs", name)); err != nil {
					t.Errorf("the page names the file %s, which is not there", name)
				}
			}
		case !files[name]:
			t.Errorf("the page names a file %s, and none is called so", name)
		}
	}
}

// inventory finds the tests and the base names of files of the project.
func inventory(t *testing.T) (tests, files map[string]bool) {
	t.Helper()
	tests, files = map[string]bool{}, map[string]bool{}
	for _, dir := range []string{"internal", "test", "docs"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				if d != nil && d.Name() == "node_modules" {
					return filepath.SkipDir
				}
				return err
			}
			files[d.Name()] = true
			if !strings.HasSuffix(path, "_test.go") {
				return nil
			}
			text, err := os.ReadFile(path)
			for _, m := range testFunc.FindAllSubmatch(text, -1) {
				tests[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return tests, files
}
