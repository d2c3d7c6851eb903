package githttp_test

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/service/git"
)

// TestDeepenBeyondMerge deepens a history in which one way from the border is longer than another: what a clone has stays
// reachable. In a whole clone there is nothing to deepen.
func TestDeepenBeyondMerge(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	empty := func(message string) { d.git(t, "commit", "-q", "--allow-empty", "-m", message) }
	for _, m := range []string{"one", "two", "three"} {
		empty(m)
	}
	d.git(t, "switch", "-q", "-c", "branch")
	empty("four")
	empty("five")
	d.git(t, "switch", "-q", "main")
	d.git(t, "merge", "-q", "--no-ff", "-m", "merged", "branch")
	d.git(t, "push", "-q", "origin", "main")
	for _, version := range []string{"0", "2"} {
		protocol := []string{"-c", "protocol.version=" + version}
		c := clone(t, url, append(protocol, "--bare", "--depth=3")...)
		if got := c.git(t, "rev-list", "--count", "main"); got != "5" {
			t.Fatalf("version %s: %s commits at depth 3", version, got)
		}
		for _, want := range []string{"6", "7", "7"} { // the first is that of the new repository
			c.git(t, append(protocol, "fetch", "-q", "--deepen=1", "origin", "main:main")...)
			if got := c.git(t, "rev-list", "--count", "main"); got != want {
				t.Errorf("version %s: %s commits, want %s", version, got, want)
			}
			c.fsck(t)
		}
		whole := clone(t, url)
		whole.git(t, append(protocol, "fetch", "-q", "--deepen=1")...)
		if got := whole.git(t, "rev-list", "--count", "main"); got != "7" {
			t.Errorf("version %s: %s of 7 commits are left of a whole clone", version, got)
		}
	}
}

// TestShallowPushes pushes out of shallow clones: onto what the hub has, and what nobody has the beginning of.
func TestShallowPushes(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	_, other := repo(t, h, "other")
	d := clone(t, url)
	d.commit(t, "a.txt", "a\n")
	d.commit(t, "b.txt", "b\n")
	d.git(t, "push", "-q", "origin", "main")
	for _, version := range []string{"0", "1", "2"} {
		c := clone(t, url, "-c", "protocol.version="+version, "--depth=1")
		c.commit(t, "c.txt", version)
		c.git(t, "push", "-q", "origin", "HEAD:refs/heads/from-shallow-"+version)
		c.refuses(t, "shallow update not allowed", "push", other, "HEAD:refs/heads/x")
	}
}

// TestHiddenByBorder brings a file back that went before a shallow clone's history begins: the clone does not have it.
func TestHiddenByBorder(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	d.commit(t, "old/gone.txt", "gone\n")
	d.git(t, "mv", "old/gone.txt", "moved.txt")
	d.git(t, "commit", "-q", "-m", "moved")
	d.git(t, "rm", "-q", "moved.txt")
	d.git(t, "commit", "-q", "-m", "removed")
	d.commit(t, "other.txt", "other\n")
	d.git(t, "push", "-q", "origin", "main")
	for _, version := range []string{"0", "2"} {
		c := clone(t, url, "-c", "protocol.version="+version, "--depth=1")
		d.commit(t, "back/again-"+version+".txt", "gone\n")
		d.git(t, "push", "-q", "origin", "main")
		c.git(t, "pull", "-q", "--ff-only")
		c.fsck(t)
		if got := c.git(t, "show", "HEAD:back/again-"+version+".txt"); got != "gone" {
			t.Errorf("version %s: %q", version, got)
		}
	}
}
