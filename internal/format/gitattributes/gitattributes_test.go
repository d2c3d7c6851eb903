package gitattributes

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilter(t *testing.T) {
	text := "# models\n*.bin filter=lfs diff=lfs merge=lfs -text\n saved_model/**/* filter=lfs\n*tfevents* filter=lfs\n" +
		"small.bin !filter\n/keep.bin -filter\n[attr]big filter=lfs -text\n*.huge big\n\"with space.txt\" filter=lfs\n!*.txt filter=lfs\nlogs/ filter=lfs\n" +
		"bad..name=1 filter=lfs\n*.other filter=other\n"
	var a Attributes
	a.Add("", []byte(text))
	a.Add("data", []byte("*.csv filter=lfs\nsub/*.bin -filter\n"))
	for path, want := range map[string]string{
		"a.bin": "lfs", "x/y/a.bin": "lfs", "small.bin": "", "x/small.bin": "", "keep.bin": "", "x/keep.bin": "lfs",
		"saved_model/a/b": "lfs", "saved_model/a": "lfs", "x/saved_model/a/b": "", "eventtfevents1": "lfs",
		"a.huge": "lfs", "with space.txt": "lfs", "a.txt": "", "logs/x": "", "a.other": "other",
		"data/a.csv": "lfs", "a.csv": "", "data/sub/a.bin": "", "data/sub/x/a.bin": "lfs", "database/a.csv": "",
	} {
		if got := a.Filter(path, plenty()); got != want {
			t.Errorf("%s: filter %q, want %q", path, got, want)
		}
	}
	var none Attributes
	if none.LFS("a.bin", plenty()) {
		t.Error("no rules, but a.bin is a large file")
	}
}

func TestRuleMatchesItsPathOnly(t *testing.T) {
	for _, path := range []string{"a.bin", "x/a.bin", "a b.bin", "#x", "!x", `"x"`, "we*ird[1]?.bin", `back\slash`, "[attr]x", "é/ü.bin"} {
		var a Attributes
		a.Add("", []byte(Rule(path)+"\n"))
		if !a.LFS(path, plenty()) {
			t.Errorf("%q does not match its rule %q", path, Rule(path))
		}
		if a.LFS("other/"+path, plenty()) || a.LFS(path+"x", plenty()) {
			t.Errorf("the rule %q of %q matches more", Rule(path), path)
		}
	}
}

func plenty() *Budget { return NewBudget(1 << 30) }

func TestHostilePatternsMeetTheBudget(t *testing.T) {
	var a Attributes
	a.Add("", []byte(strings.Repeat(strings.Repeat("*a", 500)+" filter=lfs\n"+strings.Repeat("**/", 300)+"x filter=lfs\n", 400)))
	b := NewBudget(10_000_000)
	for range 1000 {
		if a.LFS(strings.Repeat("a", 1000)+"b", b) || a.LFS(strings.Repeat("a/", 500)+"b", b) {
			t.Fatal("matches")
		}
	}
	if !b.Exceeded() {
		t.Error("the budget did not end the work")
	}
	// Ordinary rules are far from it.
	var ordinary Attributes
	ordinary.Add("", []byte(strings.Repeat("*.bin filter=lfs\n*.tar.* filter=lfs\nsaved_model/**/* filter=lfs\n", 20)))
	b = NewBudget(100_000_000)
	for range 1000 {
		ordinary.LFS("some/folder/with/a/file.txt", b)
	}
	if b.Exceeded() {
		t.Error("ordinary rules exceed the budget")
	}
}

// words from which random patterns and paths are made: few, so that they meet often.
var (
	patternWords = []string{"a", "b", "ab", "*", "**", "?", "/", "/", "/", "[ab]", "[!a]", "[^b-z]", "[a-]", "[]a]", "[[:alpha:]]", "[[:nope:]]", "[a", `\a`, `\*`, ".", "c", "-", "[\\]x]", "**/", "/**"}
	pathWords    = []string{"a", "b", "ab", "c", "a*", "x", ".a", "-", "]", "abc"}
)

func randomPattern(r *rand.Rand) string {
	for {
		var b strings.Builder
		for range 1 + r.IntN(5) {
			b.WriteString(patternWords[r.IntN(len(patternWords))])
		}
		// git treats "//" and a lone "/" in ways that no path can show.
		if s := b.String(); !strings.Contains(s, "//") && s != "/" {
			return s
		}
	}
}

func randomPath(r *rand.Rand) string {
	var parts []string
	for range 1 + r.IntN(4) {
		parts = append(parts, pathWords[r.IntN(len(pathWords))])
	}
	return strings.Join(parts, "/")
}

// TestAgainstGit compares random pattern files with git check-attr and git check-ignore.
func TestAgainstGit(t *testing.T) {
	dir := t.TempDir()
	git := func(stdin string, args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "HOME="+dir)
		cmd.Stdin = strings.NewReader(stdin)
		var errb bytes.Buffer
		cmd.Stderr = &errb
		out, err := cmd.Output()
		if e, ok := err.(*exec.ExitError); err != nil && (!ok || e.ExitCode() > 1) {
			t.Fatalf("git %v: %v\n%s", args, err, errb.String())
		}
		return string(out)
	}
	git("", "init", "-q", ".")
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 1))
		var attrs, ignore strings.Builder
		for range 1 + r.IntN(4) {
			attrs.WriteString(randomPattern(r) + []string{" filter=lfs", " -filter", " !filter", " filter=lfs -filter", " big", " -big"}[r.IntN(6)] + "\n")
			if r.IntN(4) == 0 {
				ignore.WriteString("!")
			}
			ignore.WriteString(randomPattern(r) + "\n")
		}
		attrs.WriteString("[attr]big filter=lfs\n")
		paths := map[string]bool{}
		for range 60 {
			paths[randomPath(r)] = true
		}
		var list strings.Builder
		for p := range paths {
			list.WriteString(p + "\x00")
		}
		write(t, filepath.Join(dir, ".gitattributes"), attrs.String())
		write(t, filepath.Join(dir, ".gitignore"), ignore.String())
		var a Attributes
		a.Add("", []byte(attrs.String()))
		fields := strings.Split(git(list.String(), "check-attr", "-z", "--stdin", "filter"), "\x00")
		for i := 0; i+2 < len(fields); i += 3 {
			if got, want := a.LFS(fields[i], plenty()), fields[i+2] == "lfs"; got != want {
				t.Errorf("seed %d: %q with\n%s: lfs %v, git says %v", seed, fields[i], attrs.String(), got, want)
			}
		}
		g := ParseIgnore([]byte(ignore.String()))
		ignored := map[string]bool{}
		for _, p := range strings.Split(git(list.String(), "check-ignore", "-z", "--stdin", "--no-index"), "\x00") {
			ignored[p] = true
		}
		for p := range paths {
			if got := g.Match(p, plenty()); got != ignored[p] {
				t.Errorf("seed %d: %q with\n%s: ignored %v, git says %v", seed, p, ignore.String(), got, ignored[p])
			}
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("*.bin filter=lfs\n", "a/b.bin")
	f.Add("[[:alpha:] \\", "x")
	f.Add("\"\\303\\244\" filter=lfs", "ä")
	f.Fuzz(func(t *testing.T, text, path string) {
		var a Attributes
		a.Add("", []byte(text))
		a.Filter(path, plenty())
		ParseIgnore([]byte(text)).Match(path, plenty())
		if path == "" || strings.ContainsAny(path, "\n\t\r\x00") || strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || len(path) > 400 {
			return
		}
		var own Attributes
		own.Add("", []byte(Rule(path)))
		if !own.LFS(path, plenty()) {
			t.Fatalf("%q does not match its own rule %q", path, Rule(path))
		}
	})
}
