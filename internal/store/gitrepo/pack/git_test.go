package pack

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// git runs git, the oracle, in dir.
func git(t testing.TB, dir string, stdin []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+dir, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

// deltaRepo makes a repository whose objects delta well, and returns its folder.
func deltaRepo(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, nil, "init", "-q", "-b", "main", ".")
	r := rand.New(rand.NewPCG(5, 6))
	text := randomText(r, 20_000)
	for i := range 30 {
		copy(text[r.IntN(19_000):], fmt.Sprintf("edit %d", i))
		for _, name := range []string{"a.txt", fmt.Sprintf("f%d.txt", i)} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		git(t, dir, nil, "add", ".")
		git(t, dir, nil, "commit", "-q", "-m", fmt.Sprintf("commit %d", i))
	}
	return dir
}

// gitPack packs all objects of a repository with git and returns the stored pack.
func gitPack(t testing.TB, dir string, options ...string) []byte {
	t.Helper()
	objects := git(t, dir, nil, "rev-list", "--objects", "--all")
	base := filepath.Join(t.TempDir(), "p")
	args := append([]string{"pack-objects", "-q", "--no-reuse-delta", "--window=20", "--depth=40"}, options...)
	sum := strings.TrimSpace(string(git(t, dir, objects, append(args, base)...)))
	packData, err := os.ReadFile(base + "-" + sum + ".pack")
	if err != nil {
		t.Fatal(err)
	}
	idx, err := os.ReadFile(base + "-" + sum + ".idx")
	if err != nil {
		t.Fatal(err)
	}
	stored, err := Seal(packData, idx)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func deltas(t testing.TB, p *Pack) (ofs, ref int) {
	t.Helper()
	for pos := range p.Len() {
		h, err := p.header(p.idx.offset(pos))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case !h.isDelta():
		case h.back > 0:
			ofs++
		default:
			ref++
		}
	}
	return ofs, ref
}

func TestReadsWhatGitPacks(t *testing.T) {
	dir := deltaRepo(t)
	for _, option := range []string{"--delta-base-offset", "--no-delta-base-offset"} {
		t.Run(option, func(t *testing.T) {
			options := []string{option}
			if option == "--no-delta-base-offset" {
				options = nil // git's default is REF_DELTA
			}
			p := open(t, gitPack(t, dir, options...))
			ofs, ref := deltas(t, p)
			if ofs+ref < 40 || (option == "--delta-base-offset") != (ofs > 0) {
				t.Fatalf("%d offset deltas, %d reference deltas: not the pack meant", ofs, ref)
			}
			if err := p.Verify(); err != nil {
				t.Fatal(err)
			}
			// Verify has compared the bytes with their ids; kinds and sizes are asked of git.
			var ask bytes.Buffer
			for pos := range p.Len() {
				fmt.Fprintln(&ask, p.OID(pos))
			}
			answers := strings.Split(string(git(t, dir, ask.Bytes(), "cat-file", "--batch-check")), "\n")
			for pos := range p.Len() {
				if got := fmt.Sprintf("%s %s %d", p.OID(pos), p.Kind(pos), p.Size(pos)); got != answers[pos] {
					t.Errorf("got %q, git says %q", got, answers[pos])
				}
			}
		})
	}
}

func TestGitReadsWhatIsCopied(t *testing.T) {
	dir := deltaRepo(t)
	a := open(t, gitPack(t, dir, "--delta-base-offset"))
	b := open(t, gitPack(t, dir, "--depth=5"))
	extra := NewBuilder("", 1<<20)
	defer extra.Close()
	if _, err := extra.AddBlob(5, strings.NewReader("extra")); err != nil {
		t.Fatal(err)
	}
	c := finish(t, extra)

	for i, order := range [][]*Pack{{a, b, c}, {b, a, c}, {c, a}, {b, c}} {
		out := NewBuilder(t.TempDir(), 4096)
		defer out.Close()
		copier := NewCopier(out)
		want := map[hub.OID]bool{}
		for _, p := range order {
			if err := p.Order(func(pos int) error {
				want[p.OID(pos)] = true
				return copier.Copy(p, pos)
			}); err != nil {
				t.Fatal(err)
			}
		}
		p := finish(t, out)
		if p.Len() != len(want) {
			t.Errorf("order %d: %d objects, want %d", i, p.Len(), len(want))
		}
		if err := p.Verify(); err != nil {
			t.Errorf("order %d: %v", i, err)
		}
		if ofs, _ := deltas(t, p); ofs < 40 {
			t.Errorf("order %d: only %d deltas were kept", i, ofs)
		}
		data, err := io.ReadAll(p.PackReader())
		if err != nil {
			t.Fatal(err)
		}
		scratch := t.TempDir()
		git(t, scratch, nil, "init", "-q", "--bare", ".")
		got := strings.Fields(string(git(t, scratch, data, "index-pack", "--stdin", "--strict")))
		if len(got) != 2 || got[1] != p.SHA1().String() {
			t.Errorf("order %d: git says %q, want %s", i, got, p.SHA1())
		}
		idx, err := io.ReadAll(p.IdxReader())
		if err != nil {
			t.Fatal(err)
		}
		gitIdx, err := os.ReadFile(filepath.Join(scratch, "objects/pack/pack-"+p.SHA1().String()+".idx"))
		if err != nil || !bytes.Equal(idx, gitIdx) {
			t.Errorf("order %d: our index differs from git's: %v", i, err)
		}
	}
}

func TestCopyNoticesRot(t *testing.T) {
	stored := gitPack(t, deltaRepo(t), "--delta-base-offset")
	p := open(t, stored)
	start, end := p.extent(0)
	stored[(start+end)/2+1] ^= 1
	out := NewBuilder("", 1<<20)
	defer out.Close()
	if err := NewCopier(out).Copy(p, 0); err == nil {
		t.Error("a damaged entry was copied")
	}
}

func TestSourcesAgree(t *testing.T) {
	stored := gitPack(t, deltaRepo(t), "--delta-base-offset")
	name := filepath.Join(t.TempDir(), "pack")
	if err := os.WriteFile(name, stored, 0o600); err != nil {
		t.Fatal(err)
	}
	file := func() *os.File {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := file()
	mapped, err := Map(f, int64(len(stored)), f)
	if err != nil {
		t.Fatal(err)
	}
	f = file()
	for name, src := range map[string]Source{"map": mapped, "ranges": Ranges(f, int64(len(stored)), f)} {
		p, err := Open(src)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := p.Verify(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := p.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	f = file()
	if _, err := Map(f, int64(len(stored))+1, f); err == nil {
		t.Error("a file shorter than announced was mapped")
	}
	if _, err := f.Stat(); err == nil {
		t.Error("the file was left open")
	}
}
