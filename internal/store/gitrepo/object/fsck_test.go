package object

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

const goodCommit = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent 3b18e512dba79e4c8300dd08aeb37f8e728b8dad\n" +
	"author A U Thor <author@example.org> 1700000000 +0100\ncommitter C O Mitter <c@example.org> 1700000000 -0730\n" +
	"encoding UTF-8\n\nmessage\n"

const goodTag = "object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype tree\ntag v1\ntagger T <t@example.org> 1700000000 +0000\n\nmessage\n"

// treeOf makes a tree of entries "mode name".
func treeOf(entries ...string) string {
	var b strings.Builder
	for i, e := range entries {
		b.WriteString(e + "\x00" + strings.Repeat(string(rune('A'+i%26)), 20))
	}
	return b.String()
}

type sample struct {
	kind Kind
	data string
}

func samples() []sample {
	var s []sample
	for _, c := range []string{
		goodCommit,
		strings.Replace(goodCommit, "tree ", "treE ", 1),
		strings.Replace(goodCommit, "tree 4", "tree g", 1),
		strings.Replace(goodCommit, "parent 3", "parent g", 1),
		strings.Replace(goodCommit, "author A", "authr A", 1),
		strings.Replace(goodCommit, "committer C", "committr C", 1),
		strings.Replace(goodCommit, "author A U Thor <", "author <", 1),
		strings.Replace(goodCommit, "Thor <", "Thor<", 1),
		strings.Replace(goodCommit, "Thor <", "Th>or <", 1),
		strings.Replace(goodCommit, "org> 17", "org>17", 1),
		strings.Replace(goodCommit, "org> 17", "org 17", 1),
		strings.Replace(goodCommit, "org> 17", "or<g> 17", 1),
		strings.Replace(goodCommit, "> 17", "> 017", 1),
		strings.Replace(goodCommit, "> 1700000000", "> 0", 1),
		strings.Replace(goodCommit, "> 1700000000", "> 99999999999999999999", 1),
		strings.Replace(goodCommit, "> 1700000000", "> x", 1),
		strings.Replace(goodCommit, "+0100", "0100", 1),
		strings.Replace(goodCommit, "+0100", "+01000", 1),
		strings.Replace(goodCommit, " +0100", "", 1),
		strings.Replace(goodCommit, "message", "mess\x00age", 1),
		strings.Replace(goodCommit, "UTF", "U\x00F", 1),
		strings.Replace(goodCommit, "\n\nmessage\n", "", 1),
		strings.Replace(goodCommit, "\n\nmessage\n", "\n", 1),
		strings.Replace(goodCommit, "committer", "author X <x@y> 1 +0000\ncommitter", 1),
		"",
	} {
		s = append(s, sample{KindCommit, c})
	}
	for _, t := range []string{
		goodTag,
		strings.Replace(goodTag, "type tree", "type tre", 1),
		strings.Replace(goodTag, "object ", "objec ", 1),
		strings.Replace(goodTag, "tag v1\n", "", 1),
		strings.Replace(goodTag, "tagger T <t@example.org> 1700000000 +0000\n", "", 1),
		strings.Replace(goodTag, "tagger T", "tagger ", 1),
		strings.Replace(goodTag, "> 17", "> 017", 1),
		strings.Replace(goodTag, "\n\nmessage\n", "", 1),
	} {
		s = append(s, sample{KindTag, t})
	}
	for _, t := range [][]string{
		{"100644 a", "100755 b", "120000 c", "40000 d", "160000 e"},
		{"100644 b", "100644 a"},
		{"100644 a", "100644 a"},
		{"100644 a", "100644 a.b", "40000 a"},
		{"100644 a", "100644 a-b", "40000 a"},
		{"40000 a", "100644 a.b"},
		{"100644 a.b", "40000 a"},
		{"100644 ."}, {"40000 .."}, {"40000 .git"}, {"100644 .GIT"}, {"40000 .git "}, {"40000 .git..."}, {"40000 git~1"}, {"40000 GIT~1"},
		{"40000 .g\u200cit"}, {"40000 \u200c.git"}, {"40000 .git\u200d"}, {"40000 .git::$INDEX_ALLOCATION"}, {"100644 a\\.git"}, {"100644 a\\git~1"},
		{"40000 .gitx"}, {"40000 git~2"}, {"100644 .gitt"},
		{"040000 a"}, {"0100644 a"},
		{"100664 a"}, {"100644 a/b"},
		{"120000 .gitmodules"}, {"120000 .GITMODULES"}, {"120000 gitmod~1"}, {"120000 gi7eba~1"}, {"120000 GI7EBA~9"}, {"120000 gi7eb~1"}, {"120000 gitmod~5"},
		{"120000 .gitmodules ."}, {"120000 .git\u200cmodules"}, {"120000 a\\.gitmodules"}, {"120000 gi7eba~10"}, {"120000 gi~12345"}, {"120000 gi7~1234"},
		{"120000 gi7~0234"}, {"120000 .gitmodulesx"},
	} {
		s = append(s, sample{KindTree, treeOf(t...)})
	}
	s = append(s, sample{KindTree, treeOf("100644 a")[:20]}, sample{KindTree, "100644 a\x00" + strings.Repeat("\x00", 20)},
		sample{KindTree, "100644 \x00" + strings.Repeat("x", 20)}, sample{KindTree, "10x644 a\x00" + strings.Repeat("x", 20)},
		sample{KindTree, ""})
	return s
}

// mutations returns samples with random bytes changed, taken out or put in.
func mutations(r *rand.Rand, n int) []sample {
	base := samples()
	var out []sample
	for range n {
		s := base[r.IntN(len(base))]
		b := []byte(s.data)
		for range 1 + r.IntN(2) {
			if len(b) == 0 {
				break
			}
			i := r.IntN(len(b))
			c := "\n \x00<>09a.~g"[r.IntN(11)]
			switch r.IntN(3) {
			case 0:
				b[i] = c
			case 1:
				b = append(b[:i:i], b[i+1:]...)
			default:
				b = append(b[:i:i], append([]byte{c}, b[i:]...)...)
			}
		}
		out = append(out, sample{s.kind, string(b)})
	}
	return out
}

// TestCheckLikeGit compares verdicts with `git fsck --strict`. Ours may be harder in what git only warns of.
func TestCheckLikeGit(t *testing.T) {
	dir := t.TempDir()
	git := func(args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.Run() // fsck fails when it finds what it is to find
		return out.String()
	}
	git("init", "-q", "--bare", ".")
	all := append(samples(), mutations(rand.New(rand.NewPCG(1, 2)), 600)...)
	byOID := map[string]sample{}
	paths := map[Kind]*strings.Builder{}
	for i, s := range all {
		oid, err := Hash(s.kind, []byte(s.data))
		if err != nil {
			t.Fatal(err)
		}
		byOID[oid.String()] = s
		name := filepath.Join(dir, fmt.Sprint("sample-", i))
		if err := os.WriteFile(name, []byte(s.data), 0o600); err != nil {
			t.Fatal(err)
		}
		if paths[s.kind] == nil {
			paths[s.kind] = &strings.Builder{}
		}
		fmt.Fprintln(paths[s.kind], name)
	}
	for kind, list := range paths {
		cmd := exec.Command("git", "hash-object", "-w", "--literally", "-t", kind.String(), "--stdin-paths")
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(list.String())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	refused := map[string]string{}
	said := git("fsck", "--strict", "--full")
	for _, m := range regexp.MustCompile(`(?m)^error in \w+ ([0-9a-f]{40}): (\w+): `).FindAllStringSubmatch(said, -1) {
		refused[m[1]] += m[2] + " "
	}
	for _, m := range regexp.MustCompile(`(?m)^error: ([0-9a-f]{40}): object (could not be parsed|corrupt)`).FindAllStringSubmatch(said, -1) {
		refused[m[1]] += m[2] + " "
	}
	if len(refused) < 50 {
		t.Fatalf("git refuses only %d samples", len(refused))
	}
	for oid, s := range byOID {
		id, _ := hub.ParseOID(oid)
		err := new(Checker).Check(s.kind, id, []byte(s.data))
		switch {
		case err == nil && refused[oid] != "":
			t.Errorf("%s %q: taken, git says %s", s.kind, s.data, refused[oid])
		case err != nil && refused[oid] == "" && !harder(err):
			t.Errorf("%s %q: %v, git takes it", s.kind, s.data, err)
		}
	}
}

// harder tells what we refuse and git only mentions.
func harder(err error) bool { return strings.Contains(err.Error(), "badFilemode") }

func TestCheckModules(t *testing.T) {
	for text, want := range map[string]string{
		"[submodule \"a\"]\n\tpath = a\n\turl = https://example.org/a.git\n":       "",
		"[submodule \"a/../b\"]\n\turl = x\n":                                      "gitmodulesName",
		"[submodule \"..\\\\b\"]\n\turl = x\n":                                     "gitmodulesName",
		"[submodule \"a\"]\n\turl = -upload-pack=evil\n":                           "gitmodulesUrl",
		"[submodule \"a\"]\n\turl = \"-x\"\n":                                      "gitmodulesUrl",
		"[submodule \"a\"]\n\turl = https://x.org/%0ahost=y\n":                     "gitmodulesUrl",
		"[submodule \"a\"]\n\turl = ../../:x\n":                                    "gitmodulesUrl",
		"[submodule \"a\"]\n\turl = https:///x\n":                                  "gitmodulesUrl",
		"[submodule \"a\"]\n\turl = ../sibling\n":                                  "",
		"[submodule \"a\"]\n\tpath = -x\n":                                         "gitmodulesPath",
		"[submodule \"a\"]\n\tupdate = !rm -rf /\n":                                "gitmodulesUpdate",
		"[SUBMODULE \"a\"]\n\tUpdate = \\\n!rm\n":                                  "gitmodulesUpdate",
		"[submodule.a] update = !x\n":                                              "gitmodulesUpdate",
		"# comment\n[core]\n\turl = -x\n":                                          "",
		"[submodule \"a\"\n\turl = -x\n":                                           "", // no settings at all
		"[submodule \"a\"]\r\n\turl = \"a b\" ; -x\r\n[submodule \"b\"] path = -b": "gitmodulesPath",
	} {
		err := CheckModules(hub.OID{1}, []byte(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range samples() {
		f.Add(uint8(s.kind), []byte(s.data))
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		k := Kind(kind)
		if k == KindBlob {
			CheckModules(hub.OID{}, data)
			CheckAttributes(hub.OID{}, data)
			return
		}
		if !k.IsObject() || new(Checker).Check(k, hub.OID{}, data) != nil {
			return
		}
		// What is taken can be read.
		var err error
		switch k {
		case KindCommit:
			_, err = ParseCommit(data)
			if err == nil {
				_, _, _, err = Links(data)
			}
		case KindTree:
			_, err = ParseTree(data)
		case KindTag:
			_, err = ParseTag(data)
		}
		if err != nil {
			t.Errorf("%s %q was taken: %v", k, data, err)
		}
	})
}
