package modelcard

import "go.yaml.in/yaml/v3"

// KeyOrder returns the keys of the mapping that front matter holds under name, in the order in which they stand there. Nil
// when there is no such mapping, or no front matter that can be read. What a merge key ("<<") brings is not among them.
func KeyOrder(readme []byte, name string) []string {
	text, _, ok := Split(readme)
	if !ok || len(text) > MaxFrontMatter {
		return nil
	}
	var doc yaml.Node
	if unmarshal(text, &doc) != nil || len(doc.Content) == 0 {
		return nil
	}
	n := under(doc.Content[0], name)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var keys []string
	for i := 0; i+1 < len(n.Content) && len(keys) < maxNodes; i += 2 {
		if k := n.Content[i]; k.Kind != yaml.ScalarNode || k.ShortTag() != "!!merge" {
			if key, err := keyText(k); err == nil {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// under returns the value of a key of a mapping, an alias followed, nil when it is not there.
func under(n *yaml.Node, name string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key, err := keyText(n.Content[i]); err == nil && key == name {
			v := n.Content[i+1]
			if v.Kind == yaml.AliasNode {
				v = v.Alias
			}
			return v
		}
	}
	return nil
}
