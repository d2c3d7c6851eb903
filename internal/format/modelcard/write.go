package modelcard

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// Field is one key of a front matter to be written.
type Field struct{ Key, Value string }

// FrontMatter writes the fields that have a value, in their order, between two lines of dashes. It gives nil
// where none has one. Values are quoted where YAML needs it, so that Parse gives them back.
func FrontMatter(fields ...Field) []byte {
	m := yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fields {
		if f.Value == "" {
			continue
		}
		var k, v yaml.Node
		k.SetString(f.Key)
		v.SetString(f.Value)
		m.Content = append(m.Content, &k, &v)
	}
	if len(m.Content) == 0 {
		return nil
	}
	text, err := yaml.Marshal(&m)
	if err != nil {
		return nil // cannot happen: a mapping of strings
	}
	var b bytes.Buffer
	b.WriteString("---\n")
	b.Write(text)
	b.WriteString("---\n")
	return b.Bytes()
}
