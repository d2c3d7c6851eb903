package modelcard

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Report is the outcome of a validation: a card with errors is refused, one with warnings is taken.
type Report struct {
	Errors   []string
	Warnings []string
}

// SDKs are the kinds of Spaces.
var SDKs = []string{"gradio", "streamlit", "docker", "static"}

// KnownSDK tells whether s is one of SDKs.
func KnownSDK(s string) bool { return slices.Contains(SDKs, s) }

var colors = []string{"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}

// kind is the shape that a key's value must have.
type kind uint8

const (
	oneText    kind = iota // a scalar
	textOrList             // a scalar or a list of scalars
	list                   // a list of anything
	textList               // a list of scalars
	object                 // a mapping
	boolean
)

type rule struct {
	key  string
	kind kind
}

var common = []rule{
	{"license", textOrList}, {"license_name", oneText}, {"license_link", oneText}, {"tags", textList},
	{"language", textOrList}, {"extra_gated_prompt", oneText}, {"extra_gated_heading", oneText},
	{"extra_gated_description", oneText}, {"extra_gated_button_content", oneText}, {"extra_gated_fields", object},
}

// rules lists the keys whose shape other software relies on; all other keys may hold anything.
// Source: huggingface_hub repocard_data.py, the constructor arguments of the three card classes.
var rules = map[hub.RepoType][]rule{
	hub.Model: append([]rule{
		{"model-index", list}, {"library_name", oneText}, {"pipeline_tag", oneText}, {"datasets", textOrList},
		{"base_model", textOrList}, {"base_model_relation", oneText}, {"metrics", textOrList}, {"inference", anyShape},
	}, common...),
	hub.Dataset: append([]rule{
		{"pretty_name", oneText}, {"size_categories", textOrList}, {"task_categories", textOrList}, {"task_ids", textOrList},
		{"annotations_creators", textOrList}, {"language_creators", textOrList}, {"multilinguality", textOrList},
		{"source_datasets", textOrList}, {"configs", list}, {"viewer", boolean},
	}, common...),
	hub.Space: append([]rule{
		{"title", oneText}, {"emoji", oneText}, {"sdk", oneText}, {"app_file", oneText}, {"app_port", oneText},
		{"pinned", boolean}, {"models", textOrList}, {"datasets", textOrList}, {"colorFrom", oneText}, {"colorTo", oneText},
	}, common...),
}

const anyShape kind = 255

// Validate checks a README against the rules for repositories of type t.
func Validate(t hub.RepoType, readme []byte) Report {
	var rep Report
	text, _, found := Split(readme)
	data, err := Parse(readme)
	switch {
	case err != nil:
		rep.Errors = append(rep.Errors, message(err))
		return rep
	case !found || data == nil || len(bytes.TrimSpace(text)) == 0:
		// The public Hub's words, which scripts look for.
		rep.Warnings = append(rep.Warnings, "empty or missing yaml metadata in repo card")
		return rep
	}
	for _, r := range rules[t] {
		if v, there := data[r.key]; there && v != nil {
			if problem := r.kind.check(v); problem != "" {
				rep.Errors = append(rep.Errors, fmt.Sprintf("%q must be %s", r.key, problem))
			}
		}
	}
	if problem := checkLicense(data["license"]); problem != "" {
		rep.Errors = append(rep.Errors, problem)
	}
	if t == hub.Model {
		rep.Errors = append(rep.Errors, checkIndex(data["model-index"])...)
	}
	if t == hub.Space {
		checkSpace(data, &rep)
	}
	return rep
}

func message(err error) string {
	var e *hub.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "The metadata block cannot be read."
}

// check returns "" or what v must be.
func (k kind) check(v any) string {
	_, isList := v.([]any)
	_, isMap := v.(map[string]any)
	_, isBool := v.(bool)
	scalar := !isList && !isMap
	switch k {
	case oneText:
		if !scalar || isBool {
			return "a string"
		}
	case textOrList, textList:
		if k == textOrList && scalar && !isBool {
			return ""
		}
		if !isList || !allScalars(v.([]any)) {
			if k == textList {
				return "an array of strings"
			}
			return "a string or an array of strings"
		}
	case list:
		if !isList {
			return "an array"
		}
	case object:
		if !isMap {
			return "an object"
		}
	case boolean:
		if !isBool {
			return "a boolean"
		}
	}
	return ""
}

func allScalars(l []any) bool {
	for _, x := range l {
		switch x.(type) {
		case []any, map[string]any, bool, nil:
			return false
		}
	}
	return true
}

func checkIndex(v any) (problems []string) {
	entries, ok := v.([]any)
	if !ok {
		return nil
	}
	for i, e := range entries {
		m, ok := e.(map[string]any)
		if !ok {
			return append(problems, fmt.Sprintf(`"model-index[%d]" must be an object`, i))
		}
		if text(m["name"]) == "" {
			problems = append(problems, fmt.Sprintf(`"model-index[%d].name" is required`, i))
		}
		if _, ok := m["results"].([]any); !ok {
			problems = append(problems, fmt.Sprintf(`"model-index[%d].results" must be an array`, i))
		}
		if len(problems) >= 20 {
			break
		}
	}
	return problems
}

func checkSpace(data map[string]any, rep *Report) {
	if v, there := data["sdk"]; there && !KnownSDK(text(v)) {
		rep.Errors = append(rep.Errors, `"sdk" must be one of [`+strings.Join(SDKs, ", ")+"]")
	}
	for _, key := range []string{"colorFrom", "colorTo"} {
		if v, there := data[key]; there && !slices.Contains(colors, text(v)) {
			rep.Errors = append(rep.Errors, fmt.Sprintf("%q must be one of [%s]", key, strings.Join(colors, ", ")))
		}
	}
}
