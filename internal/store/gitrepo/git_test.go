package gitrepo

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

// git runs git, the oracle, in dir.
func git(t testing.TB, dir string, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+dir, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b", "TZ=UTC")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out)
}

// export writes a repository for git.
func export(t testing.TB, s *Store, repo hub.ID) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bare.git")
	if err := s.ExportBare(t.Context(), repo, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fsck has git check a repository, and returns its folder.
func fsck(t testing.TB, s *Store, repo hub.ID) string {
	t.Helper()
	dir := export(t, s, repo)
	if out := git(t, dir, "", "fsck", "--strict", "--full", "--no-dangling"); strings.TrimSpace(out) != "" {
		t.Errorf("git fsck: %s", out)
	}
	return dir
}

// lsTree prints entries as git ls-tree -r -t -l does. For a pointer git's size is that of the pointer.
func lsTree(entries []Entry) string {
	var b strings.Builder
	for _, e := range entries {
		kind, size := "blob", fmt.Sprint(e.Size)
		switch {
		case e.Type == TypeDirectory:
			kind, size = "tree", "-"
		case e.LFS != nil:
			size = fmt.Sprint(e.LFS.PointerSize)
		}
		fmt.Fprintf(&b, "%06o %s %s %7s\t%s\n", e.Mode, kind, e.OID, size, e.Path)
	}
	return b.String()
}

// randomFiles returns a change of a random working tree now, and updates now.
func randomFiles(r *rand.Rand, now map[string]string, n int) map[string]string {
	change := map[string]string{}
	paths := slices.Sorted(maps.Keys(now))
	for range 1 + r.IntN(12) {
		if len(paths) > 0 && r.IntN(4) == 0 {
			p := paths[r.IntN(len(paths))]
			change[p] = ""
			continue
		}
		depth := r.IntN(4)
		var p strings.Builder
		for range depth {
			fmt.Fprintf(&p, "d%d/", r.IntN(4))
		}
		fmt.Fprintf(&p, "f%d.txt", r.IntN(30))
		change[p.String()] = strings.Repeat(fmt.Sprintf("%d %d\n", n, r.IntN(1000)), 1+r.IntN(200))
	}
	for p, content := range change {
		if content == "" {
			delete(now, p)
		} else {
			now[p] = content
		}
	}
	return change
}

func TestHistoryAgreesWithGit(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			s, meta, _ := newStore(t)
			repo := newRepo(t, s)
			now := map[string]string{}
			var tip hub.OID
			const commits = 40
			for n := range commits {
				tip = put(t, s, repo, n, randomFiles(r, now, n))
				if n%7 == 6 {
					meta.merge(t, s, repo)
				}
			}
			compareWithGit(t, s, repo, fsck(t, s, repo), tip)
			if got := contents(t, open(t, s, repo), tip); !maps.Equal(got, now) {
				t.Errorf("the last tree has %d files, want %d", len(got), len(now))
			}
		})
	}
}

// compareWithGit asks git in dir and us the same questions about the history of tip.
func compareWithGit(t *testing.T, s *Store, repo hub.ID, dir string, tip hub.OID) {
	t.Helper()
	ctx := t.Context()
	snap := open(t, s, repo)
	log := strings.Split(strings.TrimSpace(git(t, dir, "", "log", "--date-order", "--format=%H", tip.String())), "\n")
	got, err := snap.Log(ctx, tip, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := snap.CountLog(ctx, tip); err != nil || n != len(log) || len(got) != len(log) {
		t.Fatalf("log has %d commits, counted %d, want %d: %v", len(got), n, len(log), err)
	}
	for i, c := range got {
		if c.OID.String() != log[i] {
			t.Fatalf("commit %d of the log is %s, want %s", i, c.OID, log[i])
		}
	}
	page, err := snap.Log(ctx, tip, 3, 5)
	if err != nil || len(page) != min(5, max(0, len(log)-3)) || len(page) > 0 && page[0].OID.String() != log[3] {
		t.Errorf("page of the log: %d commits, %v", len(page), err)
	}
	for i := 0; i < len(got); i += 1 + len(got)/8 {
		compareCommit(t, snap, dir, got[i])
	}
	for i := 0; i+1 < len(got); i += 3 {
		a, b := got[i+1].OID, got[i].OID
		out, _ := exec.Command("git", "-C", dir, "merge-base", a.String(), b.String()).Output()
		want := strings.TrimSpace(string(out)) == a.String()
		if ok, err := snap.IsAncestor(ctx, a, b); err != nil || ok != want {
			t.Errorf("%s is an ancestor of %s: %v, want %v: %v", a, b, ok, want, err)
		}
	}
}

func compareCommit(t *testing.T, snap *Snapshot, dir string, c Commit) {
	t.Helper()
	ctx := t.Context()
	want := git(t, dir, "", "log", "-1", "--format=%T %P|%an|%ae|%aI|%cn|%cI|%s", c.OID.String())
	var parents []string
	for _, p := range c.Parents {
		parents = append(parents, p.String())
	}
	const iso = "2006-01-02T15:04:05-07:00"
	have := fmt.Sprintf("%s %s|%s|%s|%s|%s|%s|%s\n", c.Tree, strings.Join(parents, " "), c.Author.Name, c.Author.Email,
		c.Author.When.Format(iso), c.Committer.Name, c.Committer.When.Format(iso), c.Title())
	if have != strings.ReplaceAll(want, "Z|", "+00:00|") {
		t.Errorf("commit is %q, want %q", have, want)
	}
	entries, next, err := snap.List(ctx, c.OID, "", ListOptions{Recursive: true})
	if err != nil || next != "" {
		t.Fatal(err)
	}
	wantTree := git(t, dir, "", "-c", "core.quotepath=false", "ls-tree", "-r", "-t", "-l", c.OID.String())
	if have := lsTree(entries); have != wantTree {
		t.Errorf("tree of %s is\n%s\nwant\n%s", c.OID, have, wantTree)
	}
	comparePages(t, snap, c.OID, entries)

	var paths []string
	for _, e := range entries {
		paths = append(paths, e.Path)
		if one, err := snap.Entry(ctx, c.OID, e.Path); err != nil || lsTree([]Entry{one}) != lsTree([]Entry{e}) {
			t.Errorf("entry %q: %+v, %v", e.Path, one, err)
		}
		if e.Type != TypeFile {
			continue
		}
		// fsck has compared git's bytes with their ids.
		if oid, err := object.Hash(object.KindBlob, []byte(read(t, snap, e.OID))); err != nil || oid != e.OID {
			t.Errorf("%q has other bytes: %v", e.Path, err)
		}
	}
	last, err := snap.LastCommits(ctx, c.OID, paths)
	if err != nil || len(last) != len(paths) {
		t.Fatalf("%d last commits of %d paths, %v", len(last), len(paths), err)
	}
	for i := 0; i < len(paths); i += 1 + len(paths)/6 {
		path := paths[i]
		want := strings.TrimSpace(git(t, dir, "", "log", "-1", "--format=%H", c.OID.String(), "--", path))
		if have := last[path].OID.String(); have != want {
			t.Errorf("last commit of %q at %s is %s, want %s", path, c.OID, have, want)
		}
	}
}

// comparePages reads a listing page by page: it must be the whole one, in whatever pieces.
func comparePages(t *testing.T, snap *Snapshot, commit hub.OID, whole []Entry) {
	t.Helper()
	for _, limit := range []int{1, 3, 7} {
		var all []Entry
		for after := ""; ; {
			page, next, err := snap.List(t.Context(), commit, "", ListOptions{Recursive: true, After: after, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, page...)
			if next == "" {
				break
			}
			after = next
		}
		if lsTree(all) != lsTree(whole) {
			t.Errorf("pages of %d give\n%s\nwant\n%s", limit, lsTree(all), lsTree(whole))
		}
	}
	for _, e := range whole {
		if e.Type != TypeDirectory {
			continue
		}
		var want []Entry
		for _, f := range whole {
			if rest, ok := strings.CutPrefix(f.Path, e.Path+"/"); ok && !strings.Contains(rest, "/") {
				want = append(want, f)
			}
		}
		var got []Entry
		for after := ""; ; {
			page, next, err := snap.List(t.Context(), commit, e.Path, ListOptions{After: after, Limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, page...)
			if after = next; after == "" {
				break
			}
		}
		if lsTree(got) != lsTree(want) {
			t.Errorf("directory %q gives\n%s\nwant\n%s", e.Path, lsTree(got), lsTree(want))
		}
	}
}

// adopt makes a git repository's objects and refs one of ours, deltas and all.
func adopt(t testing.TB, s *Store, meta *fakeMeta, dir string) hub.ID {
	t.Helper()
	objects := git(t, dir, "", "rev-list", "--objects", "--all")
	base := filepath.Join(t.TempDir(), "p")
	sum := strings.TrimSpace(git(t, dir, objects, "pack-objects", "-q", "--delta-base-offset", "--depth=30", base))
	gitPack, err := os.ReadFile(base + "-" + sum + ".pack")
	if err != nil {
		t.Fatal(err)
	}
	idx, err := os.ReadFile(base + "-" + sum + ".idx")
	if err != nil {
		t.Fatal(err)
	}
	stored, err := pack.Seal(gitPack, idx)
	if err != nil {
		t.Fatal(err)
	}
	repo := newRepo(t, s)
	refs := map[string]hub.OID{}
	for line := range strings.Lines(git(t, dir, "", "show-ref")) {
		hash, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if refs[name], err = hub.ParseOID(hash); err != nil {
			t.Fatal(err)
		}
	}
	install(t, s, meta, repo, stored, int64(len(gitPack)), refs)
	return repo
}

func TestReadsGitsHistory(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "-b", "main", ".")
	r := rand.New(rand.NewPCG(9, 9))
	var in strings.Builder
	mark := 0
	// Two lines of history that are merged now and then, with all the modes, fed to fast-import.
	for n := range 60 {
		branch := []string{"main", "side"}[n%2]
		fmt.Fprintf(&in, "commit refs/heads/%s\nmark :%d\ncommitter Bob <bob@acme.test> %d +0200\ndata 5\nm %03d\n",
			branch, n+1, 1_700_000_000+n*60, n)
		switch {
		case n == 1:
			fmt.Fprintf(&in, "from :1\n")
		case n%10 == 9:
			fmt.Fprintf(&in, "merge :%d\n", n)
		}
		for range 1 + r.IntN(5) {
			mode := []string{"100644", "100644", "100755", "120000"}[r.IntN(4)]
			data := strings.Repeat(fmt.Sprintf("line %d\n", r.IntN(50)), 1+r.IntN(300))
			if mode == "120000" {
				data = "target"
			}
			fmt.Fprintf(&in, "M %s inline %s/d%d/f%d\ndata %d\n%s\n", mode, branch, r.IntN(3), r.IntN(20), len(data), data)
		}
		mark = n + 1
	}
	digest := hub.Digest(strings.Repeat("ab", 32))
	pointer := string(lfspointer.Pointer{Digest: digest, Size: 123456789}.Format())
	fmt.Fprintf(&in, "commit refs/heads/main\ncommitter Bob <bob@acme.test> 1800000000 +0000\ndata 3\nlfs\n"+
		"merge :%d\nM 100644 inline model.bin\ndata %d\n%s\n", mark, len(pointer), pointer)
	fmt.Fprintf(&in, "tag v1\nfrom :5\ntagger Bob <bob@acme.test> 1800000001 +0000\ndata 3\ntag\n")
	git(t, dir, in.String(), "fast-import", "--quiet")

	s, meta, _ := newStore(t)
	repo := adopt(t, s, meta, dir)
	snap := open(t, s, repo)
	for _, rev := range []string{"main", "side", "v1", "refs/heads/side", "refs/tags/v1", "HEAD"} {
		want := strings.TrimSpace(git(t, dir, "", "rev-parse", rev+"^{commit}"))
		tip, err := snap.Resolve(t.Context(), rev)
		if err != nil || tip.String() != want {
			t.Fatalf("%s is %s, want %s: %v", rev, tip, want, err)
		}
		if rev == "main" || rev == "side" {
			compareWithGit(t, s, repo, dir, tip)
		}
	}
	tip, err := snap.Resolve(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	e, err := snap.Entry(t.Context(), tip, "model.bin")
	if err != nil || e.LFS == nil || e.LFS.Digest != digest || e.Size != 123456789 || e.LFS.PointerSize != int64(len(pointer)) {
		t.Errorf("pointer entry is %+v (%+v), %v", e, e.LFS, err)
	}
	// On top of git's objects ours, then everything merged: git must still find it sound.
	for n := range 20 {
		tip = put(t, s, repo, 1<<20+n, map[string]string{fmt.Sprintf("ours/%d", n): "x", "main/d1/f1": fmt.Sprint(n)})
	}
	meta.merge(t, s, repo)
	compareWithGit(t, s, repo, fsck(t, s, repo), tip)
}
