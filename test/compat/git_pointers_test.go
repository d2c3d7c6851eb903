package compat

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

// What git-lfs takes for a pointer is one for the hub, whoever wrote it and in which form: its file has to be there, and is what
// downloads get.
func TestGitPointers(t *testing.T) { eachGit(t, testGitPointers) }

func testGitPointers(t *testing.T, g tool) {
	h := theHub(t)
	path := h.newRepo(t, "model", "pointers-"+g.name, true)
	f := g.clone(t, h.gitURL(h.plain(t, "bob", "write"), path))
	content := "content of " + g.name
	sum := sha256.Sum256([]byte(content))
	oid := hex.EncodeToString(sum[:])
	f.write(t, "first.bin", []byte(content))
	f.git(t, "lfs", "install", "--local")
	f.git(t, "add", ".")
	f.git(t, "commit", "-q", "-m", "first")
	f.git(t, "push", "-q", "origin", "main")
	canonical := f.git(t, "show", "HEAD:first.bin") + "\n"
	unknown := strings.ReplaceAll(canonical, oid, strings.Repeat("ab", 32))
	carol := h.as(h.plain(t, "carol", "read"))
	for name, form := range map[string]func(string) string{
		"canonical":   func(s string) string { return s },
		"crlf":        func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"cut":         func(s string) string { return strings.TrimSuffix(s, "\n") },
		"space":       func(s string) string { return "\n " + s + "\t\n" },
		"blank":       func(s string) string { return strings.ReplaceAll(s, "\n", "\n\n") },
		"old":         func(s string) string { return strings.ReplaceAll(s, "git-lfs", "hawser") },
		"signed":      func(s string) string { return strings.ReplaceAll(s, "size ", "size +") },
		"extended":    func(s string) string { return "ext-1-a sha256:" + oid + "\n" + s },
		"more":        func(s string) string { return s + "more than a pointer\n" },
		"other size":  func(s string) string { return strings.ReplaceAll(s, "size ", "size -") },
		"other hash":  func(s string) string { return strings.ReplaceAll(s, "sha256", "sha512") },
		"other order": func(s string) string { return strings.ReplaceAll(s, "size ", "oid sha256:"+oid+"\nsize ") },
	} {
		raw := func(text string) string {
			f.write(t, "raw", []byte(text))
			return f.git(t, "hash-object", "-w", "--no-filters", "raw")
		}
		f.git(t, "reset", "-q", "origin/main")
		blob := raw(form(canonical))
		_, err := f.try("lfs", "pointer", "--check", "--no-strict", "--file", "raw")
		isPointer := err == nil
		file := strings.ReplaceAll(name, " ", "-") + ".bin"
		f.git(t, "update-index", "--add", "--cacheinfo", "100644,"+blob+","+file)
		f.git(t, "commit", "-q", "-m", name)
		f.git(t, "push", "-q", "--no-verify", "origin", "HEAD:main")
		want := form(canonical)
		if isPointer {
			want = content
		}
		if got := string(carol.get(t, "/"+path+"/resolve/main/"+file).want(t, "resolve", 200).body); got != want {
			t.Errorf("%s, for git-lfs a pointer: %v: the hub serves %q, want %q", name, isPointer, got, want)
		}
		f.git(t, "update-index", "--add", "--cacheinfo", "100644,"+raw(form(unknown))+",unknown.bin")
		f.git(t, "commit", "-q", "-m", "unknown "+name)
		push := []string{"push", "-q", "--no-verify", "origin", "HEAD:refs/heads/" + strings.ReplaceAll(name, " ", "-")}
		if isPointer {
			f.refused(t, "has not been uploaded", push...)
		} else {
			f.git(t, push...)
		}
	}
}
