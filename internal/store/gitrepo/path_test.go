package gitrepo

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestCheckPath(t *testing.T) {
	for _, ok := range []string{
		"a", "README.md", "dir/sub/file.bin", ".gitattributes", ".github/workflows/x.yml", "git", "git~2", "a.git", "x.git/y",
		"…/ä/日本", " a", "a ", "-", "a:b", "..a", "a..", "...", `a\b`, `a/..\..\b`, strings.Repeat("a", 255),
		strings.TrimSuffix(strings.Repeat(strings.Repeat("a", 255)+"/", 16), "/"),
	} {
		if err := CheckPath(ok); err != nil {
			t.Errorf("%q is refused: %v", ok, err)
		}
	}
	for _, bad := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/.", "a\x00b", "a\nb", "\x7f", "\xff",
		".git", ".GIT", "a/.Git/config", ".git.", ".git ", ".git. .", ".git::$INDEX_ALLOCATION", ".git:x", "git~1", "GIT~1/x",
		".g\u200cit", "\u200d.git", ".gi\ufefft", "git~1 ", `\`, `\a`, `..\a`, `a\.git`, `.git\config`, `a\GIT~1\b`, strings.Repeat("a", 256),
		strings.Repeat(strings.Repeat("a", 255)+"/", 16) + "b", strings.Repeat("a/", 256) + "a",
	} {
		if err := CheckPath(bad); !hub.Is(err, hub.Unprocessable) {
			t.Errorf("%q: %v, want Unprocessable", bad, err)
		}
	}
}

// TestGitAgreesOnPaths holds that git fsck accepts what we accept: each path becomes an entry of one commit.
func TestGitAgreesOnPaths(t *testing.T) {
	s, _, _ := newStore(t)
	repo := newRepo(t, s)
	files := map[string]string{}
	for _, name := range []string{
		".gitattributes", ".gitignore", "git~2", "x.git", ".gitx", ". git", ".g", "~1", "a:b", "-rf", "con", "x/.gitmodulesx",
		"dir.", "dir ", "é", "日本", "...", "a..b", "'", "\"q\"", "#", "*", "[x]", "%00", "$(x)", `a\b`, `x/..\..\x`,
	} {
		files[name] = "content of " + name
	}
	put(t, s, repo, 0, files)
	fsck(t, s, repo)
}

// TestWhatGitRefuses holds that git fsck refuses names that we refuse because of it: else the rule is ours alone.
func TestWhatGitRefuses(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "--bare", ".")
	blob := strings.TrimSpace(git(t, dir, "x", "hash-object", "-w", "--stdin"))
	for _, name := range []string{".git", ".GIT", ".git ", ".git.", "git~1", ".g\u200cit", ".", "..", ".git::$INDEX_ALLOCATION", `a\.git`, `.git\x`} {
		tree := strings.TrimSpace(git(t, dir, "100644 blob "+blob+"\t"+name+"\x00", "mktree", "-z"))
		cmd := exec.Command("git", "fsck", "--strict", tree)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err == nil {
			t.Errorf("git accepts %q: %s", name, out)
		}
		if CheckPath(name) == nil {
			t.Errorf("we accept %q", name)
		}
	}
}
