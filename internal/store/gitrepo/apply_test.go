package gitrepo

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/hub"
)

// contents lists a tree as path → content.
func contents(t testing.TB, s *Snapshot, commit hub.OID) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, next, err := s.List(t.Context(), commit, "", ListOptions{Recursive: true})
	if err != nil || next != "" {
		t.Fatalf("list: next %q, %v", next, err)
	}
	for _, e := range entries {
		if e.Type != TypeFile {
			continue
		}
		files[e.Path] = read(t, s, e.OID)
	}
	return files
}

func read(t testing.TB, s *Snapshot, oid hub.OID) string {
	t.Helper()
	b, err := s.Blob(t.Context(), oid)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var sb strings.Builder
	buf := make([]byte, 1000)
	for {
		n, err := b.Read(buf)
		sb.Write(buf[:n])
		if err != nil {
			return sb.String()
		}
	}
}

func TestApplyCases(t *testing.T) {
	base := map[string]string{"a": "1", "dir/x": "2", "dir/sub/y": "3", "dir.txt": "4", "z/only": "5"}
	file := func(path string) TreeChange { return TreeChange{Path: path, Mode: ModeFile} }
	del := func(path string) TreeChange { return TreeChange{Path: path} }
	delDir := func(path string) TreeChange { return TreeChange{Path: path, DeleteDir: true} }
	for _, c := range []struct {
		name    string
		changes []TreeChange
		want    string // sorted paths, or the code of the error
	}{
		{"nothing", nil, "a dir.txt dir/sub/y dir/x z/only"},
		{"add", []TreeChange{file("dir/new/deep/f")}, "a dir.txt dir/new/deep/f dir/sub/y dir/x z/only"},
		{"delete", []TreeChange{del("a")}, "dir.txt dir/sub/y dir/x z/only"},
		{"last file of a directory", []TreeChange{del("z/only")}, "a dir.txt dir/sub/y dir/x"},
		{"delete a directory", []TreeChange{delDir("dir")}, "a dir.txt z/only"},
		{"delete all files of nested directories", []TreeChange{del("dir/x"), del("dir/sub/y")}, "a dir.txt z/only"},
		{"everything", []TreeChange{del("a"), delDir("dir"), del("dir.txt"), delDir("z")}, ""},
		{"file replaces directory", []TreeChange{file("dir")}, "a dir dir.txt z/only"},
		{"directory replaces file", []TreeChange{file("a/b")}, "a/b dir.txt dir/sub/y dir/x z/only"},
		{"delete file, add directory", []TreeChange{del("a"), file("a/b")}, "a/b dir.txt dir/sub/y dir/x z/only"},
		{"delete directory, add in it", []TreeChange{delDir("dir"), file("dir/new")}, "a dir.txt dir/new z/only"},
		{"add, delete again", []TreeChange{file("n"), del("n")}, "a dir.txt dir/sub/y dir/x z/only"},
		{"delete, add again", []TreeChange{del("a"), file("a")}, "a dir.txt dir/sub/y dir/x z/only"},
		{"add in a directory, delete it", []TreeChange{file("n/m"), delDir("n")}, "a dir.txt dir/sub/y dir/x z/only"},
		{"delete a file, then its directory", []TreeChange{del("z/only"), delDir("z")}, "a dir.txt dir/sub/y dir/x"},
		{"missing file", []TreeChange{del("b")}, "EntryNotFound"},
		{"missing file in missing directory", []TreeChange{del("b/c/d")}, "EntryNotFound"},
		{"missing file below a file", []TreeChange{del("a/c")}, "EntryNotFound"},
		{"directory as a file", []TreeChange{del("dir")}, "EntryNotFound"},
		{"file as a directory", []TreeChange{delDir("a")}, "EntryNotFound"},
		{"missing directory", []TreeChange{delDir("b")}, "EntryNotFound"},
		{"deleted directory has nothing", []TreeChange{delDir("dir"), del("dir/x")}, "EntryNotFound"},
		{"missing among added", []TreeChange{file("n/m"), del("n/o")}, "EntryNotFound"},
		{"file and below it", []TreeChange{file("n"), file("n/m")}, "Unprocessable"},
		{"below it and file", []TreeChange{file("n/m"), file("n")}, "Unprocessable"},
		{"climbing", []TreeChange{file("../x")}, "Unprocessable"},
		{"repository inside", []TreeChange{file("q/.GIT/config")}, "Unprocessable"},
		{"directory mode", []TreeChange{{Path: "n", Mode: ModeDirectory}}, "Unprocessable"},
		{"odd mode", []TreeChange{{Path: "n", Mode: 0o100600}}, "Unprocessable"},
		{"link instead of a file that git reads", []TreeChange{{Path: ".gitmodules", Mode: ModeSymlink}}, "Unprocessable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _, _ := newStore(t)
			repo := newRepo(t, s)
			tip := put(t, s, repo, 0, base)
			w, err := s.Begin(t.Context(), repo)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Abort()
			commit, err := w.Base().Commit(t.Context(), tip)
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.changes {
				if c.changes[i].Mode != 0 {
					if c.changes[i].OID, err = w.Blob(1, strings.NewReader("n")); err != nil {
						t.Fatal(err)
					}
				}
			}
			tree, err := w.Apply(t.Context(), nil, commit.Tree, c.changes)
			if err != nil {
				if string(hub.CodeOf(err)) != c.want {
					t.Fatalf("got %v, want %q", err, c.want)
				}
				return
			}
			if len(c.changes) == 0 && tree != commit.Tree {
				t.Errorf("no change gives %s instead of %s", tree, commit.Tree)
			}
			next, err := w.Commit(tree, []hub.OID{tip}, sign(1), sign(1), c.name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Publish(t.Context(), hub.Publication{Refs: []hub.RefUpdate{{Name: mainRef, Old: tip, New: next}}}); err != nil {
				t.Fatal(err)
			}
			got := strings.Join(slices.Sorted(maps.Keys(contents(t, open(t, s, repo), next))), " ")
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			fsck(t, s, repo)
		})
	}
}

// New content leaves an executable file executable, and makes a link or a directory a plain file.
func TestApplyContent(t *testing.T) {
	s, _, _ := newStore(t)
	repo := newRepo(t, s)
	w, err := s.Begin(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	oid, err := w.Blob(3, strings.NewReader("old"))
	if err != nil {
		t.Fatal(err)
	}
	next, err := w.Blob(3, strings.NewReader("new"))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := w.Apply(t.Context(), nil, hub.ZeroOID, []TreeChange{
		{Path: "dir/in", Mode: ModeFile, OID: oid},
		{Path: "link", Mode: ModeSymlink, OID: oid},
		{Path: "plain", Mode: ModeFile, OID: oid},
		{Path: "run", Mode: ModeExecutable, OID: oid},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		content bool
		modes   []uint32 // of dir, link, plain, run
	}{
		{true, []uint32{ModeFile, ModeFile, ModeFile, ModeExecutable}},
		{false, []uint32{ModeFile, ModeFile, ModeFile, ModeFile}},
	} {
		var changes []TreeChange
		for _, name := range []string{"dir", "link", "plain", "run"} {
			changes = append(changes, TreeChange{Path: name, Mode: ModeFile, OID: next, Content: c.content})
		}
		after, err := w.Apply(t.Context(), nil, tree, changes)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := w.tree(w.base.v, after)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.modes {
			if e := parsed.Entry(i); e.Mode != want || e.OID != next {
				t.Errorf("content %v: %s is %o %s, want %o %s", c.content, e.Name, e.Mode, e.OID, want, next)
			}
		}
	}
}

// model is what a tree is: paths and contents. apply returns false if git or we refuse the step.
type model map[string]string

func (m model) hasDir(path string) bool {
	for p := range m {
		if strings.HasPrefix(p, path+"/") {
			return true
		}
	}
	return false
}

func (m model) add(path, content string) {
	for p := range m {
		if strings.HasPrefix(p, path+"/") || strings.HasPrefix(path, p+"/") {
			delete(m, p)
		}
	}
	m[path] = content
}

// TestApplyAgainstModel applies random changes, one commit after another, and compares with a map. Changes name
// each path once, as clients do, so that the order of steps does not matter.
func TestApplyAgainstModel(t *testing.T) {
	names := rapid.SampledFrom([]string{"a", "b", "a.b", "a-b", "a0", "dir", "dir.x", "é"})
	path := rapid.Map(rapid.SliceOfN(names, 1, 4), func(s []string) string { return strings.Join(s, "/") })
	rapid.Check(t, func(r *rapid.T) {
		s, _, _ := newStore(t)
		defer s.Close()
		repo := newRepo(t, s)
		now := model{}
		for n := range rapid.IntRange(1, 6).Draw(r, "commits") {
			change := map[string]string{}
			next := maps.Clone(now)
			for range rapid.IntRange(1, 8).Draw(r, "steps") {
				p := path.Draw(r, "path")
				related := false
				for q := range change {
					q = strings.TrimSuffix(q, "/")
					related = related || q == p || strings.HasPrefix(q, p+"/") || strings.HasPrefix(p, q+"/")
				}
				if related {
					continue
				}
				switch _, exists := now[p]; {
				case exists && rapid.Bool().Draw(r, "delete"):
					change[p] = ""
					delete(next, p)
				case now.hasDir(p) && rapid.Bool().Draw(r, "delete directory"):
					change[p+"/"] = ""
					maps.DeleteFunc(next, func(q, _ string) bool { return strings.HasPrefix(q, p+"/") })
				default:
					change[p] = fmt.Sprintf("%s in %d", p, n)
					next.add(p, change[p])
				}
			}
			// An added path may replace the parent of one that is deleted: then there is nothing to delete.
			conflict := false
			for q, content := range change {
				for p := range change {
					conflict = conflict || content == "" && p != q && strings.HasPrefix(q, p+"/")
				}
			}
			if conflict {
				continue
			}
			commit, err := tryPut(t, s, repo, n, change)
			if err != nil {
				r.Fatalf("%v on %v: %v", change, now, err)
			}
			now = next
			snap, err := s.Open(t.Context(), repo)
			if err != nil {
				r.Fatal(err)
			}
			got := contents(t, snap, commit)
			snap.Close()
			if !maps.Equal(got, now) {
				r.Fatalf("commit %d of %v: got %v, want %v", n, change, got, now)
			}
		}
	})
}
