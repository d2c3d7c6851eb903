// Package gateform reads the request form of a gated repository from its card and checks answers to it. It does no I/O.
//
// Source: Hub documentation, "Gated models", customizing what is asked.
package gateform

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/format/modelcard"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Limits of what is kept of a form and of an answer.
const (
	MaxFields  = 50
	MaxOptions = 300  // of one select field
	maxLabel   = 500  // characters
	maxAnswer  = 2000 // characters
)

// Kind is the type of a field.
type Kind string

// The kinds. A field of another kind is asked as text.
const (
	Text     Kind = "text"
	Checkbox Kind = "checkbox" // must be ticked
	Date     Kind = "date_picker"
	Country  Kind = "country"
	Location Kind = "ip_location" // filled in from the address of the request on the Hub; never required here
	Select   Kind = "select"
)

// Option is one choice of a select field.
type Option struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Field is one question. Its label is also its name.
type Field struct {
	Label   string   `json:"label"`
	Kind    Kind     `json:"type"`
	Options []Option `json:"options,omitempty"`
}

// Form is what somebody is asked who wants to pass a gate. The zero Form asks nothing.
type Form struct {
	Prompt      string  `json:"prompt,omitempty"`
	Heading     string  `json:"heading,omitempty"`
	Description string  `json:"description,omitempty"`
	Button      string  `json:"button,omitempty"`
	NotInEU     bool    `json:"euDisallowed"` // nobody is let in from the European Union
	Fields      []Field `json:"fields"`       // in the order of the card
}

// Read takes the form out of the front matter of a README. What makes no sense there is left out: a card is written by
// people, and a mistake in it must not open or close a gate.
func Read(readme []byte) Form {
	f := Form{Fields: []Field{}}
	card, err := modelcard.Parse(readme)
	if err != nil || card == nil {
		return f
	}
	f.Prompt, f.Heading = text(card["extra_gated_prompt"]), text(card["extra_gated_heading"])
	f.Description, f.Button = text(card["extra_gated_description"]), text(card["extra_gated_button_content"])
	f.NotInEU = card["extra_gated_eu_disallowed"] == true || strings.EqualFold(text(card["extra_gated_eu_disallowed"]), "true")
	fields, _ := card["extra_gated_fields"].(map[string]any)
	order := modelcard.KeyOrder(readme, "extra_gated_fields")
	for _, label := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(order, label) { // a merge key brought it
			order = append(order, label)
		}
	}
	seen := map[string]bool{}
	for _, label := range order {
		v, ok := fields[label]
		name := strings.TrimSpace(label)
		if !ok || name == "" || seen[name] || utf8.RuneCountInString(name) > maxLabel || len(f.Fields) == MaxFields {
			continue
		}
		seen[name] = true
		f.Fields = append(f.Fields, field(name, v))
	}
	return f
}

func text(v any) string {
	s, _ := v.(string)
	return strings.TrimSpace(s)
}

func field(label string, v any) Field {
	f := Field{Label: label, Kind: Text}
	kind := v
	m, _ := v.(map[string]any)
	if m != nil {
		kind = m["type"]
	}
	switch k := Kind(text(kind)); k {
	case Checkbox, Date, Country, Location:
		f.Kind = k
	case Select:
		if f.Options = options(m["options"]); len(f.Options) > 0 {
			f.Kind = k
		}
	}
	return f
}

func options(v any) []Option {
	list, _ := v.([]any)
	var out []Option
	for _, x := range list[:min(len(list), MaxOptions)] {
		o := Option{Label: text(x), Value: text(x)}
		if m, ok := x.(map[string]any); ok {
			o = Option{Label: text(m["label"]), Value: text(m["value"])}
			if o.Value == "" {
				o.Value = o.Label
			}
			if o.Label == "" {
				o.Label = o.Value
			}
		}
		if o.Value != "" {
			out = append(out, o)
		}
	}
	return out
}

// Check takes the answers to the form's fields out of given, whose other keys are ignored. InvalidInput names all fields
// that are missing or wrong at once.
func (f Form) Check(given map[string]any) (map[string]any, error) {
	answers := map[string]any{}
	var wrong []string
	for _, q := range f.Fields {
		v, problem := q.check(given[q.Label])
		if problem != "" {
			wrong = append(wrong, "\""+q.Label+"\" "+problem)
			continue
		}
		if v != nil {
			answers[q.Label] = v
		}
	}
	if len(wrong) > 0 {
		return nil, hub.Errorf(hub.InvalidInput, "The request cannot be taken: %s.", strings.Join(wrong, "; "))
	}
	return answers, nil
}

// check returns the answer as it is kept, nil for none, and what is wrong with it.
func (q Field) check(v any) (any, string) {
	s, isText := v.(string)
	s = strings.TrimSpace(s)
	switch {
	case q.Kind == Location && s == "":
		return nil, ""
	case q.Kind == Checkbox:
		if b, ok := v.(bool); ok && b || ticked(s) {
			return true, ""
		}
		return nil, "must be accepted"
	case v == nil || isText && s == "":
		return nil, "is missing"
	case !isText:
		return nil, "must be a text"
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return nil, "is no valid text"
	case utf8.RuneCountInString(s) > maxAnswer:
		return nil, "is too long"
	case q.Kind == Date:
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return nil, "must be a date such as 2026-12-31"
		}
	case q.Kind == Select:
		for _, o := range q.Options {
			if s == o.Value || s == o.Label {
				return o.Value, ""
			}
		}
		return nil, "is none of its choices"
	}
	return s, ""
}

// ticked is how forms and scripts write a ticked box.
func ticked(s string) bool {
	switch strings.ToLower(s) {
	case "on", "true", "1", "yes":
		return true
	}
	return false
}
