package object

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestHash(t *testing.T) {
	// Known from git: the empty blob and the empty tree.
	for kind, want := range map[Kind]string{
		KindBlob: "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
		KindTree: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
	} {
		if oid, err := Hash(kind, nil); err != nil || oid.String() != want {
			t.Errorf("%s: %s, %v", kind, oid, err)
		}
	}
	if EmptyTree.String() != "4b825dc642cb6eb9a060e54bf8d69288fbee4904" {
		t.Errorf("empty tree is %s", EmptyTree)
	}
	data := bytes.Repeat([]byte("abc"), 5000)
	h := NewHasher(KindBlob, int64(len(data)))
	h.Write(data[:777])
	h.Write(data[777:])
	oid, err := h.Sum()
	want := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(data)), data...))
	if err != nil || oid != want {
		t.Errorf("streamed hash is %s, want %x, %v", oid, want, err)
	}
}

// randomTree returns entries in git's order.
func randomTree(r *rand.Rand, n int) []TreeEntry {
	seen := map[string]bool{}
	var entries []TreeEntry
	for range n {
		name := strings.Repeat(string(rune('a'+r.IntN(3))), 1+r.IntN(3)) + []string{"", ".", "-x", "0", ".txt"}[r.IntN(5)]
		if seen[name] {
			continue
		}
		seen[name] = true
		e := TreeEntry{Mode: []uint32{ModeFile, ModeExecutable, ModeDirectory, ModeSymlink, ModeSubmodule}[r.IntN(5)], Name: name}
		e.OID[0] = byte(r.IntN(4))
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b TreeEntry) int { return CompareNames(a.Name, a.IsDir(), b.Name, b.IsDir()) })
	return entries
}

func format(entries []TreeEntry) []byte {
	var b []byte
	for _, e := range entries {
		b = AppendEntry(b, e.Mode, e.Name, e.OID)
	}
	return b
}

func TestTreeFind(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		entries := randomTree(r, r.IntN(40))
		tree, err := ParseTree(format(entries))
		if err != nil || tree.Len() != len(entries) {
			t.Fatalf("%v: %v", entries, err)
		}
		for i, want := range entries {
			if got := tree.Entry(i); got != want {
				t.Fatalf("entry %d is %+v, want %+v", i, got, want)
			}
			if j, ok := tree.Find(want.Name); !ok || j != i {
				t.Fatalf("%q found at %d, %v, want %d of %v", want.Name, j, ok, i, entries)
			}
		}
		for _, name := range []string{"", "zzz", "a/", "ab", "!"} {
			if _, ok := tree.Find(name); ok {
				t.Fatalf("found %q", name)
			}
		}
	}
}

func TestParseTreeRefuses(t *testing.T) {
	oid := strings.Repeat("\x01", 20)
	for name, text := range map[string]string{
		"short id":     "100644 a\x00" + oid[1:],
		"no name":      "100644 \x00" + oid,
		"no mode":      " a\x00" + oid,
		"bad mode":     "100648 a\x00" + oid,
		"long mode":    "10064400 a\x00" + oid,
		"slash":        "100644 a/b\x00" + oid,
		"no end":       "100644 a",
		"out of order": "100644 b\x00" + oid + "100644 a\x00" + oid,
		"twice":        "100644 a\x00" + oid + "100644 a\x00" + oid,
		"dir order":    "40000 a\x00" + oid + "100644 a.b\x00" + oid,
	} {
		if _, err := ParseTree([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDiff(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 500 {
		a := randomTree(r, r.IntN(60))
		b := slices.Clone(a)
		if r.IntN(2) == 0 {
			b = randomTree(r, r.IntN(60))
		} else if len(b) > 0 {
			b[r.IntN(len(b))].OID[5] = 9
		}
		inA, inB := map[string]TreeEntry{}, map[string]TreeEntry{}
		want := map[string]bool{}
		for _, e := range a {
			inA[e.Name] = e
		}
		for _, e := range b {
			inB[e.Name] = e
			if inA[e.Name] != e {
				want[e.Name] = true
			}
		}
		for name := range inA {
			if inA[name] != inB[name] {
				want[name] = true
			}
		}
		ta, _ := ParseTree(format(a))
		tb, _ := ParseTree(format(b))
		got := map[string]bool{}
		Diff(ta, tb, func(name string) { got[name] = true })
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%v\n%v\n%s", a, b, d)
		}
	}
}

func TestCommitRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		sig := func(label string) Signature {
			return Signature{
				Name:  rapid.String().Draw(r, label+" name"),
				Email: rapid.String().Draw(r, label+" email"),
				When: time.Unix(rapid.Int64Range(-10, 1<<33).Draw(r, label+" time"), 5).
					In(time.FixedZone("", rapid.IntRange(-15*60, 15*60).Draw(r, label+" zone")*60)),
			}
		}
		c := Commit{Author: sig("author"), Committer: sig("committer"), Message: rapid.String().Draw(r, "message")}
		c.Tree[3] = 7
		for range rapid.IntRange(0, 3).Draw(r, "parents") {
			c.Parents = append(c.Parents, hub.OID{byte(len(c.Parents) + 1)})
		}
		c = c.Clean()
		got, err := ParseCommit(c.Format())
		if err != nil {
			r.Fatal(err)
		}
		if d := cmp.Diff(c, got, cmp.Comparer(func(a, b time.Time) bool {
			_, x := a.Zone()
			_, y := b.Zone()
			return a.Equal(b) && x == y
		})); d != "" {
			r.Fatal(d)
		}
	})
}

func TestSignatureClean(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	for _, c := range []struct{ name, email, want string }{
		{"Alice", "a@b", "Alice <a@b>"},
		{" Alice <x>\n", "<a@b>", "Alice x <a@b>"},
		{"", "alice@acme.test", "alice <alice@acme.test>"},
		{"", "", "unknown <>"},
		{".,;", "a", "a <a>"},
		{"A\x00B", "a\nb", "AB <ab>"},
		{"\xff", "a", "\ufffd <a>"},
	} {
		s := Signature{Name: c.name, Email: c.email, When: at}.Clean()
		if got := string(s.appendTo(nil)); !strings.HasPrefix(got, c.want+" 1700000000 ") {
			t.Errorf("%q <%q> is %q, want %q", c.name, c.email, got, c.want)
		}
	}
}

func TestParseCommitOfOldTools(t *testing.T) {
	head := "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
	text := head + "author no address\ncommitter <> 99999999999999999999 +9999\nencoding latin1\n" +
		"gpgsig -----BEGIN\n more\n -----END\n\nmessage\n\nbody\n"
	c, err := ParseCommit([]byte(text))
	if err != nil || c.Author.Name != "no address" || c.Title() != "message" || c.Body() != "body" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, bad := range []string{"", head, head + "author a <b> 1 +0000\n", "tree x\n", head + "parent 12\n"} {
		if _, err := ParseCommit([]byte(bad)); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
}

func TestTagRoundTrip(t *testing.T) {
	tag := Tag{Target: hub.OID{1}, Kind: KindCommit, Name: "v1", Message: "one\n",
		Tagger: Signature{Name: "A", Email: "a@b", When: time.Unix(5, 0).UTC()}}
	got, err := ParseTag(tag.Format())
	if d := cmp.Diff(tag, got); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
}

func FuzzParseTree(f *testing.F) {
	f.Add(format(randomTree(rand.New(rand.NewPCG(3, 3)), 10)))
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, err := ParseTree(data)
		if err != nil {
			return
		}
		for i := range tree.Len() {
			e := tree.Entry(i)
			if j, ok := tree.Find(e.Name); !ok || tree.Entry(j).Name != e.Name {
				t.Fatalf("%q is not found in %q", e.Name, data)
			}
		}
		if !bytes.Equal(tree.Raw(0, tree.Len()), data) {
			t.Fatal("raw bytes differ")
		}
		Diff(tree, tree, func(name string) { t.Fatalf("%q differs from itself", name) })
	})
}

func FuzzParseCommit(f *testing.F) {
	c := Commit{Parents: []hub.OID{{1}}, Author: Signature{Name: "a", Email: "b", When: time.Unix(1, 0)}, Message: "m"}
	f.Add(c.Clean().Format())
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCommit(data)
		if err != nil {
			return
		}
		c.Title()
		c.Body()
		if _, err := c.Author.When.MarshalJSON(); err != nil {
			t.Fatalf("%q: the date has no form in JSON: %v", data, err)
		}
		clean := c.Clean()
		if again, err := ParseCommit(clean.Format()); err != nil || again.Message != clean.Message || again.Author.Name != clean.Author.Name {
			t.Fatalf("%q: %+v becomes %+v, %v", data, clean, again, err)
		}
	})
}

func FuzzParseTag(f *testing.F) {
	f.Add(Tag{Kind: KindTag, Name: "v1"}.Format())
	f.Fuzz(func(t *testing.T, data []byte) {
		if tag, err := ParseTag(data); err == nil && !tag.Kind.IsObject() {
			t.Fatalf("%q: kind %d", data, tag.Kind)
		}
	})
}

func FuzzApplyDelta(f *testing.F) {
	f.Add([]byte("hello world"), []byte{11, 5, 0x90, 5})
	f.Add([]byte("hello"), []byte{5, 3, 3, 'a', 'b', 'c'})
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		const limit = 1 << 16
		out, err := ApplyDelta(base, delta, limit)
		if err != nil {
			return
		}
		_, size, err := DeltaSizes(delta)
		if err != nil || int64(len(out)) != size || size > limit {
			t.Fatalf("result has %d bytes, announced %d, %v", len(out), size, err)
		}
	})
}
