package modelcard

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Each file of testdata/cards holds a README, a line "=== want", and what is expected of it: for each type
// named, the card as JSON and the report.
func TestCards(t *testing.T) {
	files, err := filepath.Glob("testdata/cards/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cards: %v", err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		readme, _, _ := strings.Cut(string(raw), "=== want\n")
		got := "=== want\n"
		for _, typ := range hub.RepoTypes {
			if !strings.HasPrefix(filepath.Base(f), string(typ)) && !strings.HasPrefix(filepath.Base(f), "any") {
				continue
			}
			got += describe(t, typ, []byte(readme))
		}
		want := strings.TrimPrefix(string(raw), readme)
		if got == want {
			continue
		}
		if os.Getenv("AMBIT_UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(f, []byte(readme+got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s: got\n%s\nwant\n%s", f, got, want)
	}
}

func describe(t *testing.T, typ hub.RepoType, readme []byte) string {
	t.Helper()
	c := Summarize(typ, readme)
	rep := Validate(typ, readme)
	b, err := json.MarshalIndent(struct {
		Type, Pipeline, Library string
		Tags                    []string
		Data                    json.RawMessage `json:",omitempty"`
		Errors, Warnings        []string        `json:",omitempty"`
	}{string(typ), c.PipelineTag, c.LibraryName, c.Tags, c.Data, rep.Errors, rep.Warnings}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

func TestBounds(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("---\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 12; i++ {
		prev, cur := "a"+string(rune('a'+i-1)), "a"+string(rune('a'+i))
		if i == 1 {
			prev = "a0"
		}
		bomb.WriteString(cur + ": &" + cur + " [" + strings.Repeat("*"+prev+",", 9) + "*" + prev + "]\n")
	}
	bomb.WriteString("---\n")
	for name, readme := range map[string]string{
		"alias bomb": bomb.String(),
		"too deep":   "---\nx: " + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "\n---\n",
		"too large":  "---\nx: " + strings.Repeat("y", MaxFrontMatter) + "\n---\n",
		"cycle":      "---\nx: &x\n  y: *x\n---\n",
		"not UTF-8":  "---\nx: \xff\xfe\n---\n",
	} {
		if _, err := Parse([]byte(readme)); !hub.Is(err, hub.InvalidInput) {
			t.Errorf("%s: got %v, want InvalidInput", name, err)
		}
		if c := Summarize(hub.Model, []byte(readme)); c.Data != nil {
			t.Errorf("%s: a card that cannot be read has data %s", name, c.Data)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		in, yaml, body string
		ok             bool
	}{
		{"---\na: b\n---\nrest", "a: b", "rest", true},
		{"---\r\na: b\r\n---\r\nrest", "a: b", "rest", true},
		{"\n\n---\na: b\n---", "a: b", "", true},
		{"\uFEFF---\na: b\n---\n", "a: b", "", true},
		{"---\n---\nx", "", "x", true},
		{"---\na: b\n--- \nx", "a: b", "x", true},
		{"---\na: '---'\nb: c\n---\n", "a: '---'\nb: c", "", true},
		{"# Title\n---\na: b\n---\n", "", "# Title\n---\na: b\n---\n", false},
		{"--- a\n---\n", "", "--- a\n---\n", false},
		{"---\na: b\n", "", "---\na: b\n", false},
		{"", "", "", false},
	} {
		y, b, ok := Split([]byte(c.in))
		if string(y) != c.yaml || string(b) != c.body || ok != c.ok {
			t.Errorf("Split(%q) = %q, %q, %v; want %q, %q, %v", c.in, y, b, ok, c.yaml, c.body, c.ok)
		}
	}
}

func TestFrontMatterComesBack(t *testing.T) {
	for _, v := range []string{"mit", "no", "1.0", "a: b", "# x", "two\nlines", "'", `"`, "null", "2024-01-01", "é", "---", "\t"} {
		text := FrontMatter(Field{"license", v}, Field{"empty", ""})
		data, err := Parse(text)
		if err != nil || data["license"] != v || len(data) != 1 {
			t.Errorf("%q became %v (%v) through\n%s", v, data, err, text)
		}
	}
	if FrontMatter(Field{"a", ""}) != nil {
		t.Error("a front matter without values was written")
	}
}

func FuzzSummarize(f *testing.F) {
	for _, s := range []string{
		"---\nlicense: mit\ntags: [a, b]\n---\nx", "---\n- 1\n---\n", "---\n? [a]\n: b\n---\n", "---\na: &b [*b]\n---\n",
		"---\n<<: {a: 1}\nd: 2024-02-30\nn: .nan\n---\n", "---\n!!binary x: !!float y\n---\n", "---\na: !!int \"x\"\n---\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, readme []byte) {
		for _, typ := range hub.RepoTypes {
			c := Summarize(typ, readme)
			if c.Data != nil {
				var m map[string]any
				if err := json.Unmarshal(c.Data, &m); err != nil {
					t.Fatalf("card data is no JSON object: %v\n%s", err, c.Data)
				}
			}
			if len(c.Tags) > maxTags {
				t.Fatalf("%d tags", len(c.Tags))
			}
			Validate(typ, readme)
		}
	})
}
