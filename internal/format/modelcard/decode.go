package modelcard

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Limits of one front matter, aliases counted as often as they are used.
const (
	maxNodes = 200_000
	maxDepth = 64
)

// decode reads one YAML mapping. The library parses to a tree without expanding aliases; the walk over that
// tree is ours, because it must bound the expansion and give values that JSON can carry.
func decode(text []byte) (map[string]any, error) {
	if !utf8.Valid(text) {
		return nil, hub.Errorf(hub.InvalidInput, "The metadata block is not valid UTF-8.")
	}
	var doc yaml.Node
	if err := unmarshal(text, &doc); err != nil {
		return nil, hub.Wrap(err, hub.InvalidInput, "The metadata block is not valid YAML: %s.", reason(err))
	}
	if doc.Kind == 0 || len(doc.Content) == 0 {
		return nil, nil // only comments
	}
	w := walker{open: map[*yaml.Node]bool{}}
	v, err := w.value(doc.Content[0], 0)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return v, nil
	}
	return nil, hub.Errorf(hub.InvalidInput, "The metadata block must be a mapping of keys to values.")
}

// unmarshal turns a panic of the library into an error: foreign bytes must never end the process.
func unmarshal(text []byte, into *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: %v", p)
		}
	}()
	return yaml.Unmarshal(text, into)
}

func reason(err error) string {
	s := strings.TrimPrefix(err.Error(), "yaml: ")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "")
	}
	return strings.TrimSuffix(s, ".")
}

type walker struct {
	nodes int
	open  map[*yaml.Node]bool // aliased nodes on the path from the root: an alias to one is a cycle
}

func (w *walker) value(n *yaml.Node, depth int) (any, error) {
	if w.nodes++; w.nodes > maxNodes {
		return nil, hub.Errorf(hub.InvalidInput, "The metadata block holds too many values.")
	}
	if depth > maxDepth {
		return nil, hub.Errorf(hub.InvalidInput, "The metadata block is nested too deeply.")
	}
	switch n.Kind {
	case yaml.AliasNode:
		if w.open[n.Alias] {
			return nil, hub.Errorf(hub.InvalidInput, "The metadata block refers to itself.")
		}
		return w.value(n.Alias, depth+1)
	case yaml.SequenceNode:
		return w.sequence(n, depth)
	case yaml.MappingNode:
		return w.mapping(n, depth)
	case yaml.ScalarNode:
		return scalar(n), nil
	}
	return nil, nil
}

func (w *walker) sequence(n *yaml.Node, depth int) (any, error) {
	w.open[n] = true
	defer delete(w.open, n)
	out := make([]any, 0, len(n.Content))
	for _, c := range n.Content {
		v, err := w.value(c, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (w *walker) mapping(n *yaml.Node, depth int) (any, error) {
	w.open[n] = true
	defer delete(w.open, n)
	out := make(map[string]any, len(n.Content)/2)
	var merged []any
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		v, err := w.value(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		if k.Kind == yaml.ScalarNode && k.ShortTag() == "!!merge" {
			merged = append(merged, v)
			continue
		}
		key, err := keyText(k)
		if err != nil {
			return nil, err
		}
		if _, twice := out[key]; twice {
			return nil, hub.Errorf(hub.InvalidInput, "The key %q stands twice in the metadata block, line %d.", clip(key), k.Line)
		}
		out[key] = v
	}
	for _, m := range merged {
		mergeInto(out, m)
	}
	return out, nil
}

// keyText makes a key a string, as JSON and Python keyword arguments want it: 1, true and null become their text.
func keyText(n *yaml.Node) (string, error) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return "", hub.Errorf(hub.InvalidInput, "A key of the metadata block, line %d, is a list or a mapping.", n.Line)
	}
	return n.Value, nil
}

// mergeInto adds the keys of a "<<" value that are not there yet; what is no mapping is ignored.
func mergeInto(out map[string]any, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if _, there := out[k]; !there {
				out[k] = x
			}
		}
	case []any:
		for _, x := range v {
			if m, ok := x.(map[string]any); ok {
				mergeInto(out, m)
			}
		}
	}
}

// scalar gives what encoding/json can write: dates as text, not-a-number and infinities as null, as the
// public Hub's JavaScript does.
func scalar(n *yaml.Node) (v any) {
	defer func() {
		if recover() != nil {
			v = n.Value
		}
	}()
	if err := n.Decode(&v); err != nil {
		return n.Value
	}
	switch x := v.(type) {
	case nil, bool, int, int64, uint64:
		return v
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
		return x
	case time.Time:
		return x.UTC().Format("2006-01-02T15:04:05.000Z")
	case string:
		return strings.ToValidUTF8(x, "\uFFFD")
	}
	return n.Value
}

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
