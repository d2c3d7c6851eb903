package gitrepo

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

func runGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.org")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// chain makes three repositories that borrow from one another; the last has next to nothing of its own.
func chain(t *testing.T) (last string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "with [odd] *name")
	ok(t, os.MkdirAll(root, 0o755))
	first := filepath.Join(root, "first")
	runGit(t, root, "init", "-q", "-b", "main", first)
	ok(t, os.WriteFile(filepath.Join(first, "a"), []byte("first"), 0o644))
	runGit(t, first, "add", ".")
	runGit(t, first, "commit", "-q", "-m", "first")
	runGit(t, first, "repack", "-adq")
	second, third := filepath.Join(root, "second"), filepath.Join(root, "third.git")
	runGit(t, root, "clone", "-q", "--shared", first, second)
	ok(t, os.WriteFile(filepath.Join(second, "b"), []byte("second"), 0o644))
	runGit(t, second, "add", ".")
	runGit(t, second, "commit", "-q", "-m", "second")
	runGit(t, root, "clone", "-q", "--shared", "--bare", second, third)
	ok(t, os.WriteFile(filepath.Join(third, "objects", "info", "alternates"), []byte("# a comment\n../../second/.git/objects\n"), 0o644))
	return third
}

func TestAlternatesAreFollowed(t *testing.T) {
	ks := newKept(t, nil, KeeperConfig{})
	third := chain(t)
	f, err := ks.k.OpenForeign(t.Context(), third, nil)
	ok(t, err)
	defer f.Close()
	if len(f.objects) != 3 || len(f.Refs) != 1 {
		t.Fatalf("%q, %v", f.objects, f.Refs)
	}
	var got strings.Builder
	n, err := f.WritePack(t.Context(), &got, []hub.OID{f.Refs[0].Target}, nil)
	ok(t, err)
	want := strings.Fields(runGit(t, third, "rev-list", "--objects", "--no-object-names", "main"))
	if n != len(want) {
		t.Errorf("%d objects, git finds %d", n, len(want))
	}
}

func TestAlternatesThatCannotBeHad(t *testing.T) {
	ks := newKept(t, nil, KeeperConfig{})
	for name, c := range map[string]struct{ text, want string }{
		"missing": {"/nowhere/objects\n", "is not there"},
		"quoted":  {"\"/nowhere\\040/objects\"\n", "is not there"},
		"broken":  {"\"/nowhere\n", "cannot be read"},
	} {
		third := chain(t)
		ok(t, os.WriteFile(filepath.Join(third, "objects", "info", "alternates"), []byte(c.text), 0o644))
		_, err := ks.k.OpenForeign(t.Context(), third, nil)
		if !hub.Is(err, hub.InvalidInput) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A circle ends.
	third := chain(t)
	first := filepath.Join(filepath.Dir(third), "first", ".git", "objects")
	ok(t, os.MkdirAll(filepath.Join(first, "info"), 0o755))
	ok(t, os.WriteFile(filepath.Join(first, "info", "alternates"), []byte(filepath.Join(third, "objects")+"\n"), 0o644))
	f, err := ks.k.OpenForeign(t.Context(), third, nil)
	ok(t, err)
	f.Close()
	if !slices.Contains(f.objects, first) || len(f.objects) != 3 {
		t.Errorf("%q", f.objects)
	}
	// That of somebody else is not read.
	if os.Getuid() == 0 {
		ok(t, os.Chown(first, 12345, 12345))
		_, err := ks.k.OpenForeign(t.Context(), third, nil)
		if !hub.Is(err, hub.InvalidInput) || !strings.Contains(err.Error(), "belongs to somebody else") {
			t.Errorf("%v", err)
		}
	}
}

// What names objects by SHA-256 is refused, and tables of refs that cannot be read are with what to do about it.
func TestFormatsThatCannotBeHad(t *testing.T) {
	ks := newKept(t, nil, KeeperConfig{})
	dir := filepath.Join(t.TempDir(), "sha256.git")
	runGit(t, t.TempDir(), "init", "-q", "--bare", "--object-format=sha256", dir)
	_, err := ks.k.OpenForeign(t.Context(), dir, nil)
	if !hub.Is(err, hub.InvalidInput) || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("%v", err)
	}
	table := filepath.Join(t.TempDir(), "table.git")
	runGit(t, t.TempDir(), "init", "-q", "--bare", table)
	runGit(t, table, "config", "extensions.refStorage", "reftable")
	ok(t, os.Mkdir(filepath.Join(table, "reftable"), 0o755))
	for _, list := range []string{"", "nowhere.ref\n", "../config\n", "tables.list\n", ".\n"} {
		if list != "" {
			ok(t, os.WriteFile(filepath.Join(table, "reftable", "tables.list"), []byte(list), 0o644))
		}
		_, err = ks.k.OpenForeign(t.Context(), table, nil)
		if !hub.Is(err, hub.InvalidInput) || !strings.Contains(err.Error(), "git refs verify") {
			t.Errorf("%q: %v", list, err)
		}
	}
}

// Refs in tables, as git wrote them: see format/reftable.
func TestRefsInTables(t *testing.T) {
	ks := newKept(t, nil, KeeperConfig{})
	dir := filepath.Join(t.TempDir(), "table.git")
	runGit(t, t.TempDir(), "init", "-q", "--bare", dir)
	runGit(t, dir, "config", "extensions.refStorage", "reftable")
	ok(t, os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/heads/.invalid\n"), 0o644))
	ok(t, os.Mkdir(filepath.Join(dir, "reftable"), 0o755))
	var want strings.Builder
	for _, name := range []string{"1.ref", "2.ref", "3.ref"} {
		b, err := os.ReadFile(filepath.Join("../../format/reftable/testdata", name))
		ok(t, err)
		ok(t, os.WriteFile(filepath.Join(dir, "reftable", name), b, 0o644))
		fmt.Fprintln(&want, name)
	}
	ok(t, os.WriteFile(filepath.Join(dir, "reftable", "tables.list"), []byte(want.String()), 0o644))
	f, err := ks.k.OpenForeign(t.Context(), dir, nil)
	ok(t, err)
	defer f.Close()
	var got strings.Builder
	for _, r := range f.Refs {
		fmt.Fprintln(&got, r.Target, r.Name)
	}
	text, err := os.ReadFile("../../format/reftable/testdata/refs.txt")
	ok(t, err)
	if got.String() != string(text) || f.Head != "refs/heads/main" {
		t.Errorf("HEAD is %s; got\n%s\nwant\n%s", f.Head, got.String(), text)
	}
}
