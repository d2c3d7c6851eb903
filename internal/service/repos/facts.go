package repos

import (
	"context"
	"encoding/json"

	"github.com/ambit-hub/ambit/internal/format/modelcard"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Limits of the files that are read to describe a repository, in bytes.
const (
	MaxReadme = 4 << 20
	maxConfig = 1 << 20
)

// Card returns the card of the viewed revision. The row has that of the default branch unless it is very
// large; for that and for any other revision README.md is read.
func (v *View) Card(ctx context.Context) (hub.Card, error) {
	if v.Commit == v.Repo.HeadOID && v.Repo.Card.Data != nil {
		return v.Repo.Card, nil
	}
	readme, err := v.small(ctx, "README.md", MaxReadme)
	if err != nil {
		return hub.Card{}, err
	}
	return modelcard.Summarize(v.Repo.Type, readme), nil
}

// configKeys are the keys of config.json that describe a model; the others describe its insides.
var configKeys = []string{"architectures", "model_type", "auto_map", "quantization_config"}

// Config returns what config.json says of a model: nil for other types, without the right to read files, and
// where there is no such JSON object of reasonable size.
func (v *View) Config(ctx context.Context) (map[string]json.RawMessage, error) {
	if v.Repo.Type != hub.Model || !v.Content {
		return nil, nil
	}
	text, err := v.small(ctx, "config.json", maxConfig)
	if err != nil || text == nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(text, &all) != nil {
		return nil, nil
	}
	out := map[string]json.RawMessage{}
	for _, k := range configKeys {
		if x, ok := all[k]; ok {
			out[k] = x
		}
	}
	return out, nil
}
