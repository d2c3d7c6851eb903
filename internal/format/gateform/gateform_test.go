package gateform

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ambit-hub/ambit/internal/hub"
)

const card = `---
license: mit
extra_gated_prompt: Please agree.
extra_gated_button_content: Go
extra_gated_eu_disallowed: true
extra_gated_fields:
  Company: text
  Country: country
  Born: {type: date_picker}
  Place: ip_location
  I agree: checkbox
  Use: {type: select, options: [Research, {label: Else, value: other}, 7]}
  Odd: colour
  None: {type: select}
---
# Text
`

func TestFormOfACard(t *testing.T) {
	want := Form{Prompt: "Please agree.", Button: "Go", NotInEU: true, Fields: []Field{
		{Label: "Company", Kind: Text}, {Label: "Country", Kind: Country}, {Label: "Born", Kind: Date}, {Label: "Place", Kind: Location},
		{Label: "I agree", Kind: Checkbox}, {Label: "Use", Kind: Select, Options: []Option{{"Research", "Research"}, {"Else", "other"}}},
		{Label: "Odd", Kind: Text}, {Label: "None", Kind: Text}}}
	if d := cmp.Diff(want, Read([]byte(card))); d != "" {
		t.Fatal(d)
	}
	for _, odd := range []string{"", "# only text", "---\n---\n", "---\n[]\n---\n", "---\nextra_gated_fields: [1]\n---\n", "---\nextra_gated_fields: x\n---\n",
		"---\nextra_gated_fields: {'': text}\n---\n", "---\nextra_gated_eu_disallowed: perhaps\n---\n", "---\na: &a\n  b: *a\n---\n"} {
		if f := Read([]byte(odd)); len(f.Fields) != 0 || f.NotInEU {
			t.Errorf("%s: %v", odd, f)
		}
	}
}

// Fields come in the order of the card, those of a merge key behind them; a name that stands twice, blanks aside, is one.
func TestOrderOfFields(t *testing.T) {
	f := Read([]byte("---\nbase: &base {Zeta: text, Alpha: text}\nextra_gated_fields:\n  <<: *base\n  Middle: text\n  Beta: text\n  ' Beta': checkbox\n  1: text\n---\n"))
	var got []string
	for _, q := range f.Fields {
		got = append(got, q.Label)
	}
	if d := cmp.Diff([]string{"Middle", "Beta", "1", "Alpha", "Zeta"}, got); d != "" {
		t.Error(d)
	}
}

func TestAnswers(t *testing.T) {
	f := Read([]byte(card))
	good := map[string]any{"Company": " acme ", "Country": "NZ", "Born": "1999-12-31", "I agree": "on", "Use": "Else", "Odd": "blue", "None": "x", "more": "ignored"}
	got, err := f.Check(good)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"Company": "acme", "Country": "NZ", "Born": "1999-12-31", "I agree": true, "Use": "other", "Odd": "blue", "None": "x"}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	for field, bad := range map[string]any{"Company": "  ", "Country": 7, "Born": "31.12.1999", "I agree": false, "Use": "Sale", "Odd": nil, "None": strings.Repeat("x", 2001)} {
		in := map[string]any{}
		for k, v := range good {
			in[k] = v
		}
		in[field] = bad
		if _, err := f.Check(in); !hub.Is(err, hub.InvalidInput) || !strings.Contains(err.Error(), `"`+field+`"`) {
			t.Errorf("%s = %v: %v", field, bad, err)
		}
	}
}

func FuzzForm(f *testing.F) {
	f.Add([]byte(card), []byte(`{"Company":"x"}`))
	f.Fuzz(func(t *testing.T, card, answer []byte) {
		form := Read(card)
		if len(form.Fields) > MaxFields {
			t.Fatal("too many fields")
		}
		var given map[string]any
		if json.Unmarshal(answer, &given) == nil {
			if got, err := form.Check(given); err == nil && len(got) > len(form.Fields) {
				t.Fatal("an answer to nothing was kept")
			}
		}
	})
}
