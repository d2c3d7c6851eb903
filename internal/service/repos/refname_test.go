package repos

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// No name is taken that git refuses, and those that are refused beyond git's rules are listed here.
func TestRefNamesAgreeWithGit(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal("git is the oracle of this test and is not installed")
	}
	stricter := map[string]bool{
		"@": true, "-a": true, "0123456789012345678901234567890123456789": true, "refs/heads/a": true, "refs/pr/1": true, "HEAD": true,
		"\u00a0\uFFFD": true, strings.Repeat("n", maxRefName+1): true,
	}
	for _, name := range []string{
		"main", "dev", "a/b", "a/b/c", "v1.0", "v1.0.", ".a", "a/.b", "a..b", "a b", "a\tb", "a\x00b", "a\x7fb", "a~", "a^", "a:b",
		"a?", "a*", "a[", "a\\b", "a/", "/a", "a//b", "a.lock", "a.lock/b", "a/b.lock", "@", "a@", "a@{b", "@{", "{a", "é", "日本", "-a",
		"a-", "refs/heads/a", "refs/pr/1", "HEAD", "head", "0123456789012345678901234567890123456789", "0123456", "#1", "a,b", "a'b",
		`a"b`, "a&b", "a%b", "a%2Fb", "…", "\u00a0\uFFFD", strings.Repeat("n", maxRefName), strings.Repeat("n", maxRefName+1), "",
	} {
		err := CheckBranchName(name)
		if err != nil && !hub.Is(err, hub.InvalidInput) {
			t.Errorf("%q: %v is not InvalidInput", name, err)
		}
		taken := !strings.ContainsRune(name, 0) && exec.Command(git, "check-ref-format", "refs/heads/"+name).Run() == nil
		if (err == nil) != (taken && !stricter[name]) {
			t.Errorf("%q: git takes it: %v; here: %v", name, taken, err)
		}
	}
}
