package modelcard

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Limits of what one card may add to the index.
const (
	maxTags     = 500
	maxTagLen   = 200      // bytes
	maxTagBytes = 16 << 10 // of all together
)

// prefixed are the keys whose values become tags of the form "prefix:value", for each repository type.
// Source: Hub documentation "Model Cards" and "Dataset Cards", and the filters that
// huggingface_hub's list_models and list_datasets send.
var prefixed = map[hub.RepoType][][2]string{
	hub.Model: {
		{"datasets", "dataset"}, {"license", "license"}, {"base_model", "base_model"}, {"model_type", "model_type"},
	},
	hub.Dataset: {
		{"language", "language"}, {"license", "license"}, {"task_categories", "task_categories"}, {"task_ids", "task_ids"},
		{"size_categories", "size_categories"}, {"annotations_creators", "annotations_creators"},
		{"language_creators", "language_creators"}, {"multilinguality", "multilinguality"},
		{"source_datasets", "source_datasets"}, {"benchmark", "benchmark"},
	},
	hub.Space: {{"license", "license"}, {"models", usesModel}, {"datasets", usesDataset}},
}

// Tags under which a listing of Spaces finds what they say to use. They are never shown: UsesTag.
const (
	usesModel   = "uses-model"
	usesDataset = "uses-dataset"
)

// UsesTag is the tag of a Space that says to use the model or dataset id.
func UsesTag(t hub.RepoType, id string) string {
	if t == hub.Dataset {
		return usesDataset + ":" + id
	}
	return usesModel + ":" + id
}

// ShownTags leaves out what serves listings only.
func ShownTags(t hub.RepoType, tags []string) []string {
	out := make([]string, 0, len(tags))
	for _, tag := range tags {
		if t != hub.Space || !strings.HasPrefix(tag, usesModel+":") && !strings.HasPrefix(tag, usesDataset+":") {
			out = append(out, tag)
		}
	}
	return out
}

// plain are the keys whose values become tags as they stand.
var plain = map[hub.RepoType][]string{
	hub.Model:   {"tags", "language", "library_name", "pipeline_tag"},
	hub.Dataset: {"tags"},
	hub.Space:   {"tags", "sdk"},
}

var arxivLink = regexp.MustCompile(`arxiv\.org/(?:abs|pdf)/(\d{4}\.\d{4,5})`)

// tagsOf derives the sorted tags of a card.
func tagsOf(t hub.RepoType, data map[string]any, body []byte) []string {
	set, bytes := map[string]bool{}, 0
	add := func(tag string) {
		tag = strings.TrimSpace(tag)
		if tag == "" || set[tag] || len(tag) > maxTagLen || len(set) >= maxTags || bytes+len(tag) > maxTagBytes {
			return
		}
		set[tag] = true
		bytes += len(tag)
	}
	for _, key := range plain[t] {
		for _, v := range texts(data[key]) {
			add(v)
		}
	}
	for _, p := range prefixed[t] {
		for _, v := range texts(data[p[0]]) {
			if v = strings.TrimSpace(v); v != "" {
				add(p[1] + ":" + v)
			}
		}
	}
	if t == hub.Model {
		relation := text(data["base_model_relation"])
		for _, b := range texts(data["base_model"]) {
			if relation != "" {
				add("base_model:" + relation + ":" + strings.TrimSpace(b))
			}
		}
	}
	for _, m := range arxivLink.FindAllSubmatch(body, 50) {
		add("arxiv:" + string(m[1]))
	}
	out := make([]string, 0, len(set))
	for tag := range set {
		out = append(out, tag)
	}
	slices.Sort(out)
	return out
}

// QueryTag translates a listing filter to the form that tags have: models carry languages as plain tags, so
// "language:en" asks for "en"; elsewhere a filter is the tag itself.
// Source: the filter examples of huggingface_hub hf_api.py, list_models and list_datasets.
func QueryTag(t hub.RepoType, filter string) string {
	if rest, ok := strings.CutPrefix(filter, "language:"); ok && t == hub.Model {
		return rest
	}
	return filter
}

// texts reads a value that may be one scalar or a list of them.
func texts(v any) []string {
	list, ok := v.([]any)
	if !ok {
		if s := text(v); s != "" {
			return []string{s}
		}
		return nil
	}
	var out []string
	for _, x := range list {
		if s := text(x); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// text reads a scalar. Numbers count as text, since "1.0" without quotes is a common tag.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}
