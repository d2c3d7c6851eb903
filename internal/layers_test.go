// Package internal_test holds what is true of all packages below internal at once.
package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const below = "github.com/ambit-hub/ambit/internal/"

// TestImportsPointOneWay holds layers.txt against what the packages import. Imports of tests are free: a test may use
// real parts of other layers.
func TestImportsPointOneWay(t *testing.T) {
	rules := readLayers(t)
	used := map[string]bool{}
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, below)
		pattern, allowed, ok := ruleFor(rules, name)
		if !ok {
			t.Errorf("layers.txt says nothing about %s", name)
			continue
		}
		used[pattern] = true
		for _, imp := range p.Imports {
			if target, ours := strings.CutPrefix(imp, below); ours && !allows(allowed, target) {
				t.Errorf("%s imports %s: layers.txt allows %q alone", name, target, allowed)
			}
		}
	}
	for _, r := range rules {
		if !used[r.pattern] && r.pattern != "testkit" {
			t.Errorf("layers.txt, %q: there is no such package", r.pattern)
		}
	}
}

type rule struct {
	pattern string
	allowed []string
}

func readLayers(t *testing.T) []rule {
	t.Helper()
	b, err := os.ReadFile("layers.txt")
	if err != nil {
		t.Fatal(err)
	}
	var rules []rule
	for _, line := range strings.Split(string(b), "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if len(f) < 2 {
			t.Fatalf("layers.txt: %q names no imports", line)
		}
		rules = append(rules, rule{f[0], f[1:]})
	}
	return rules
}

// ruleFor finds the most specific line for a package: its own, or that of the nearest folder above it.
func ruleFor(rules []rule, name string) (pattern string, allowed []string, ok bool) {
	for _, r := range rules {
		if r.pattern == name {
			return r.pattern, r.allowed, true
		}
	}
	for dir := name; strings.Contains(dir, "/"); {
		dir = dir[:strings.LastIndex(dir, "/")]
		for _, r := range rules {
			if r.pattern == dir+"/*" {
				return r.pattern, r.allowed, true
			}
		}
	}
	return "", nil, false
}

func allows(allowed []string, target string) bool {
	for _, a := range allowed {
		if a == "*" || target == a || strings.HasPrefix(target, a+"/") {
			return true
		}
	}
	return false
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var list []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.ImportPath, below) {
			list = append(list, p)
		}
	}
	if len(list) < 10 {
		t.Fatalf("go list found %d packages only", len(list))
	}
	return list
}

func TestRuleForTakesTheMostSpecificLine(t *testing.T) {
	rules := []rule{{"a/*", []string{"x"}}, {"a/b", []string{"y"}}, {"a/b/*", []string{"z"}}}
	for name, want := range map[string]string{"a/b": "a/b", "a/c": "a/*", "a/b/c": "a/b/*", "a/b/c/d": "a/b/*", "a": "", "q/r": ""} {
		if got, _, _ := ruleFor(rules, name); got != want {
			t.Errorf("%s: rule %q, want %q", name, got, want)
		}
	}
	if allows([]string{"store"}, "storefront") || !allows([]string{"store"}, "store/meta") {
		t.Error("a name must match whole folders")
	}
}
