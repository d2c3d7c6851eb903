package gateform

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ambit-hub/ambit/internal/hub"
)

const card = `{"license":"mit","extra_gated_prompt":"Please agree.","extra_gated_button_content":"Go","extra_gated_fields":{
	"Company":"text","Country":"country","Born":{"type":"date_picker"},"Place":"ip_location","I agree":"checkbox",
	"Use":{"type":"select","options":["Research",{"label":"Else","value":"other"},7]},"Odd":"colour","None":{"type":"select"}}}`

func TestFormOfACard(t *testing.T) {
	want := Form{Prompt: "Please agree.", Button: "Go", Fields: []Field{
		{Label: "Company", Kind: Text}, {Label: "Country", Kind: Country}, {Label: "Born", Kind: Date}, {Label: "Place", Kind: Location},
		{Label: "I agree", Kind: Checkbox}, {Label: "Use", Kind: Select, Options: []Option{{"Research", "Research"}, {"Else", "other"}}},
		{Label: "Odd", Kind: Text}, {Label: "None", Kind: Text}}}
	if d := cmp.Diff(want, Read([]byte(card))); d != "" {
		t.Fatal(d)
	}
	for _, odd := range []string{"", "null", "[]", `{"extra_gated_fields":[1]}`, `{"extra_gated_fields":"x"}`, `{"extra_gated_fields":{"":"text"}}`} {
		if f := Read([]byte(odd)); len(f.Fields) != 0 {
			t.Errorf("%s: %v", odd, f)
		}
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
