package tokenfmt_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

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
		bytes := text.Bytes()
		if order := rapid.SampledFrom([]binary.AppendByteOrder{nil, binary.LittleEndian, binary.BigEndian}).Draw(t, "UTF-16"); order != nil {
			bytes = wideText(order, text.String())
		}
		for rest := bytes; len(rest) > 0; {
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

// wideText is s in UTF-16, with the mark of its order, and a letter beyond ASCII before each line.
func wideText(order binary.AppendByteOrder, s string) (b []byte) {
	for _, u := range utf16.Encode([]rune("\ufeff" + strings.ReplaceAll(s, "\n", "ਊ\n𝄞"))) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// TestFinderLooksAtNames holds that a token in a name is found, where it is on no line, and only there.
func TestFinderLooksAtNames(t *testing.T) {
	f := tokenfmt.ForInstance("5f")
	v := f.Generate()
	finder := f.Finder()
	finder.Begin("a")
	finder.Write([]byte("text"))
	finder.Name("the name of a file", "dir/"+v+".txt")
	finder.Name("the name of a file", "dir/hf_none")
	if got := finder.Found(); len(got) != 1 || got[0].Path != "the name of a file" || got[0].Line != 0 || got[0].Reveal() != v {
		t.Errorf("found %v", got)
	}
}

func TestFinderIsBoundedAndSilent(t *testing.T) {
	f := tokenfmt.ForInstance("5f")
	finder := f.Finder()
	for range 1100 {
		finder.Write([]byte(f.Generate() + "\n"))
	}
	if n := len(finder.Found()); n != 1000 {
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
