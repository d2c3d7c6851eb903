package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile is the largest configuration file in bytes.
const maxFile = 1 << 20

// Sources are where Load takes settings from. Zero fields are skipped.
type Sources struct {
	File    string            // YAML; the variable AMBIT_CONFIG names it when this is empty
	Environ []string          // as os.Environ
	Flags   map[string]string // by setting key: the flags that were given
}

// Load returns the defaults overlaid with src and checked. The error is a sentence for the operator that names the
// source and the setting; it never contains a secret's value. Unknown lists AMBIT_ variables that no setting has: they
// are not an error, since container platforms invent such names, but worth a warning.
func Load(src Sources) (c Config, unknown []string, err error) {
	c = Default()
	env := map[string]string{}
	for _, kv := range src.Environ {
		if k, v, ok := strings.Cut(kv, "="); ok && strings.HasPrefix(k, "AMBIT_") {
			env[k] = v
		}
	}
	if src.File == "" {
		src.File = env["AMBIT_CONFIG"]
	}
	delete(env, "AMBIT_CONFIG")
	settings := c.Settings()
	if src.File != "" {
		if err := applyFile(settings, src.File); err != nil {
			return c, nil, err
		}
	}
	if err := applyEnviron(settings, env); err != nil {
		return c, nil, err
	}
	for k := range env {
		unknown = append(unknown, k)
	}
	slices.Sort(unknown)
	for _, s := range settings {
		if v, ok := src.Flags[s.Key]; ok {
			if err := s.Value.Set(v); err != nil {
				return c, unknown, fmt.Errorf("--%s: %w", s.Flag, err)
			}
		}
	}
	if c.Data, err = filepath.Abs(c.Data); err != nil {
		return c, unknown, fmt.Errorf("the data folder %q: %w", c.Data, err)
	}
	return c, unknown, c.Check()
}

// applyEnviron takes the variables it knows out of env.
func applyEnviron(settings []Setting, env map[string]string) error {
	for _, s := range settings {
		name := s.Env()
		v, ok := env[name]
		delete(env, name)
		if file := env[name+"_FILE"]; s.IsSecret() && file != "" {
			delete(env, name+"_FILE")
			if ok {
				return fmt.Errorf("%s and %s_FILE are both set: keep one", name, name)
			}
			b, err := readLimited(file)
			if err != nil {
				return fmt.Errorf("%s_FILE: %w", name, err)
			}
			v, ok = strings.TrimRight(string(b), "\r\n"), true
		}
		if !ok {
			continue
		}
		if err := s.Value.Set(v); err != nil {
			return fmt.Errorf("environment variable %s: %w", name, err)
		}
	}
	return nil
}

func applyFile(settings []Setting, path string) error {
	b, err := readLimited(path)
	if err != nil {
		return fmt.Errorf("configuration file: %w", err)
	}
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(b)).Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil // an empty file, or one of comments only
		}
		return fmt.Errorf("configuration file %s: %w", path, err)
	}
	byKey := map[string]Setting{}
	for _, s := range settings {
		byKey[s.Key] = s
	}
	if err := applyNode(byKey, "", doc.Content[0]); err != nil {
		return fmt.Errorf("configuration file %s: %w", path, err)
	}
	return nil
}

// applyNode walks a mapping; prefix is its dotted key.
func applyNode(byKey map[string]Setting, prefix string, n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
			return nil
		}
		return fmt.Errorf("line %d: %q is a group of settings, not a value", n.Line, strings.TrimSuffix(prefix, "."))
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		key := prefix + k.Value
		s, ok := byKey[key]
		if !ok {
			if !isGroup(byKey, key) {
				return fmt.Errorf("line %d: there is no setting %q", k.Line, key)
			}
			if err := applyNode(byKey, key+".", v); err != nil {
				return err
			}
			continue
		}
		text, err := scalar(v)
		if err != nil {
			return fmt.Errorf("line %d: %s: %w", v.Line, key, err)
		}
		if err := s.Value.Set(text); err != nil {
			return fmt.Errorf("line %d: %s: %w", v.Line, key, err)
		}
	}
	return nil
}

func isGroup(byKey map[string]Setting, key string) bool {
	for k := range byKey {
		if strings.HasPrefix(k, key+".") {
			return true
		}
	}
	return false
}

// scalar returns a value as text; a list of scalars is joined with commas.
func scalar(n *yaml.Node) (string, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "", nil
		}
		return n.Value, nil
	case yaml.SequenceNode:
		var parts []string
		for _, e := range n.Content {
			if e.Kind != yaml.ScalarNode {
				return "", errors.New("a list may hold plain values only")
			}
			parts = append(parts, e.Value)
		}
		return strings.Join(parts, ","), nil
	}
	return "", errors.New("a plain value is needed")
}

func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("%s is larger than 1 MiB", path)
	}
	return b, nil
}
