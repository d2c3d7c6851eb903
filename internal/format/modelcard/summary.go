package modelcard

import (
	"encoding/json"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Summarize makes the card of a repository of type t from its README. A README whose front matter cannot be
// read gives an empty card: a commit that brings one is not refused for it.
func Summarize(t hub.RepoType, readme []byte) hub.Card {
	data, body, err := parse(readme)
	if err != nil {
		data = nil
	}
	card := hub.Card{Tags: tagsOf(t, data, body)}
	if data == nil {
		return card
	}
	if b, err := json.Marshal(data); err == nil {
		card.Data = b
	}
	if t == hub.Model {
		card.PipelineTag = short(data["pipeline_tag"])
		card.LibraryName = short(data["library_name"])
	}
	return card
}

func short(v any) string {
	s := strings.TrimSpace(text(v))
	if len(s) > maxTagLen {
		return ""
	}
	return s
}
