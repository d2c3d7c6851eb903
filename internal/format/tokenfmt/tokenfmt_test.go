package tokenfmt_test

import (
	"hash/crc32"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
)

func TestGeneratedTokensAreOurs(t *testing.T) {
	shape := regexp.MustCompile(`^hf_[A-Za-z]{34}$`)
	rapid.Check(t, func(t *rapid.T) {
		f := tokenfmt.ForInstance(rapid.String().Draw(t, "instance"))
		token := f.Generate()
		if !shape.MatchString(token) || len(token) != tokenfmt.Length {
			t.Fatalf("%q is not shaped like a token", token)
		}
		if c := f.Classify(token); c != tokenfmt.Ours {
			t.Fatalf("own token is class %d", c)
		}
		if got := tokenfmt.Last4(token); got != token[len(token)-4:] {
			t.Fatalf("Last4 = %q", got)
		}
	})
}

func TestTokensOfAnotherHubAreForeign(t *testing.T) {
	a, b := tokenfmt.ForInstance("65f0c0ffee000000000000aa"), tokenfmt.ForInstance("65f0c0ffee000000000000ab")
	for range 2000 {
		if c := b.Classify(a.Generate()); c != tokenfmt.Foreign {
			t.Fatalf("token of another hub is class %d", c)
		}
	}
}

func TestEveryMistypedLetterIsNoticed(t *testing.T) {
	f := tokenfmt.ForInstance("x")
	token := f.Generate()
	for i := len("hf_"); i < len(token); i++ {
		for _, c := range "AZaz" {
			wrong := token[:i] + string(c) + token[i+1:]
			if wrong != token && f.Classify(wrong) != tokenfmt.Foreign {
				t.Fatalf("letter %d changed and not noticed", i)
			}
		}
	}
}

func TestClassify(t *testing.T) {
	f := tokenfmt.ForInstance("x")
	letters := strings.Repeat("a", 34)
	cases := []struct {
		text string
		want tokenfmt.Class
	}{
		{"", tokenfmt.Malformed},
		{"hf_", tokenfmt.Malformed},
		{"hf_" + letters[1:], tokenfmt.Malformed},
		{"hf_" + letters + "a", tokenfmt.Malformed},
		{"HF_" + letters, tokenfmt.Malformed},
		{"hf_" + letters[:33] + "é", tokenfmt.Malformed},
		{"hf_" + letters[:33] + "\x00", tokenfmt.Malformed},
		{"hf_" + letters, tokenfmt.Foreign},
		{"hf_" + letters[:33] + "7", tokenfmt.Foreign},
		{"api_org_" + letters, tokenfmt.Organization},
		{"api_" + letters, tokenfmt.Legacy},
		{"hf_oauth_" + letters, tokenfmt.OAuth},
		{"hf_jwt_" + letters, tokenfmt.OAuth},
		{"password", tokenfmt.Malformed},
	}
	for _, c := range cases {
		if got := f.Classify(c.text); got != c.want {
			t.Errorf("Classify(%q) = %d, want %d", c.text, got, c.want)
		}
	}
}

// TestLettersAreUniform draws 560,000 letters. The statistic exceeds 120 with 51 degrees of freedom by chance
// less than once in ten million runs, and a modulo bias of one part in four would put it above 10,000.
func TestLettersAreUniform(t *testing.T) {
	counts := map[rune]float64{}
	const tokens, letters = 20_000, 28
	f := tokenfmt.ForInstance("x")
	for range tokens {
		for _, c := range f.Generate()[3 : 3+letters] {
			counts[c]++
		}
	}
	expected := float64(tokens*letters) / 52
	var chi float64
	for _, n := range counts {
		chi += (n - expected) * (n - expected) / expected
	}
	if len(counts) != 52 || chi > 120 {
		t.Fatalf("%d different letters, chi square %.1f", len(counts), chi)
	}
}

func TestClassifyAllocatesNothing(t *testing.T) {
	f := tokenfmt.ForInstance("x")
	token := f.Generate()
	if n := testing.AllocsPerRun(100, func() { f.Classify(token) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

// TestChecksumIsCRC32 holds the written-out loop to the standard library.
func TestChecksumIsCRC32(t *testing.T) {
	f := tokenfmt.ForInstance("instance")
	for range 100 {
		token := f.Generate()
		n := crc32.ChecksumIEEE([]byte("instance" + token[3:31]))
		want := make([]byte, 6)
		for i := 5; i >= 0; i-- {
			want[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[n%52]
			n /= 52
		}
		if token[31:] != string(want) {
			t.Fatalf("%s: want checksum %s", token, want)
		}
	}
}

func FuzzClassify(f *testing.F) {
	format := tokenfmt.ForInstance("x")
	f.Add(format.Generate())
	f.Add("hf_" + strings.Repeat("z", 34))
	f.Add("api_org_x")
	f.Fuzz(func(t *testing.T, s string) {
		if c := format.Classify(s); c == tokenfmt.Ours && (len(s) != tokenfmt.Length || !strings.HasPrefix(s, "hf_")) {
			t.Fatalf("%q taken as ours", s)
		}
	})
}
