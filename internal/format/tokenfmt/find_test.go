package tokenfmt_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
)

// TestFinderFindsAcrossPieces hides tokens in noise, cuts the text anywhere, and wants all of them, once.
func TestFinderFindsAcrossPieces(t *testing.T) {
	f := tokenfmt.ForInstance("5f")
	other := tokenfmt.ForInstance("60")
	rapid.Check(t, func(t *rapid.T) {
		var text bytes.Buffer
		var want []string
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			text.WriteString(rapid.StringMatching(`[hf_a\n]{0,40}`).Draw(t, "noise"))
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				text.WriteString(other.Generate())
			case 1:
				text.WriteString(f.Generate()[:30])
			default:
				v := f.Generate()
				text.WriteString(v)
				want = append(want, v)
			}
		}
		finder := f.Finder()
		finder.Begin("a.txt")
		for rest := text.Bytes(); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			finder.Write(rest[:n])
			rest = rest[n:]
		}
		var got []string
		for _, x := range finder.Found() {
			got = append(got, x.Reveal())
			before, _, _ := strings.Cut(text.String(), x.Reveal())
			if line := 1 + strings.Count(before, "\n"); x.Line != line || x.Path != "a.txt" {
				t.Fatalf("line %d of %s, want %d in %q", x.Line, x.Path, line, text.String())
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("found %v, want %v in %q", got, want, text.String())
		}
	})
}

func TestFinderIsBoundedAndSilent(t *testing.T) {
	f := tokenfmt.ForInstance("5f")
	finder := f.Finder()
	for range 300 {
		finder.Write([]byte(f.Generate() + "\n"))
	}
	if n := len(finder.Found()); n != 100 {
		t.Errorf("%d are kept", n)
	}
	v := finder.Found()[0]
	if s := fmt.Sprintf("%v %+v %#v %s", v, v, v, v); strings.Contains(s, v.Reveal()) {
		t.Error("a value is printed")
	}
	// The same value counts once in each text.
	again := f.Generate()
	finder = f.Finder()
	for _, path := range []string{"a", "b"} {
		finder.Begin(path)
		finder.Write([]byte("\n" + again + "\n" + again))
	}
	if got := finder.Found(); len(got) != 2 || got[0].Path != "a" || got[1].Path != "b" || got[1].Line != 2 {
		t.Errorf("found %d", len(got))
	}
	// The end of one text and the beginning of the next are not one token.
	token := f.Generate()
	finder = f.Finder()
	finder.Write([]byte(token[:20]))
	finder.Begin("b")
	finder.Write([]byte(token[20:]))
	if len(finder.Found()) != 0 {
		t.Error("two texts are taken for one")
	}
}

func BenchmarkFinder(b *testing.B) {
	text := bytes.Repeat([]byte("the half of it: hf_not, shuffle, and much other text of no interest\n"), 1000)
	f := tokenfmt.ForInstance("5f").Finder()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		f.Write(text)
	}
}
