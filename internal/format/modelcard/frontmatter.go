package modelcard

import (
	"bytes"

	"github.com/ambit-hub/ambit/internal/hub"
)

// MaxFrontMatter is the size in bytes up to which front matter is read. Cards that carry evaluation results
// of many benchmarks reach some hundred kilobytes.
const MaxFrontMatter = 1 << 20

// Split finds the front matter of a README: yaml is what stands between the two lines of dashes, body what
// follows. ok is false, and body the whole text, where there is none. A byte order mark and white space may
// stand before the first line.
// Source: huggingface_hub repocard.py, REGEX_YAML_BLOCK.
func Split(readme []byte) (yaml, body []byte, ok bool) {
	text := bytes.TrimPrefix(readme, []byte("\uFEFF"))
	text = bytes.TrimLeft(text, " \t\r\n")
	rest, found := bytes.CutPrefix(text, []byte("---"))
	if !found {
		return nil, readme, false
	}
	first, rest, found := cutLine(rest)
	if !found || len(first) > 0 {
		return nil, readme, false
	}
	for at := 0; at < len(rest); {
		line, after, _ := cutLine(rest[at:])
		if len(line) >= 3 && bytes.Equal(bytes.TrimRight(line, " \t"), []byte("---")) {
			return bytes.TrimRight(rest[:at], "\r\n"), after, true
		}
		next := len(rest) - len(after)
		if next <= at {
			break
		}
		at = next
	}
	return nil, readme, false
}

// cutLine splits at the first line end, which may be LF, CR LF or CR.
func cutLine(b []byte) (line, after []byte, found bool) {
	i := bytes.IndexAny(b, "\r\n")
	if i < 0 {
		return b, nil, false
	}
	n := 1
	if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
		n = 2
	}
	return b[:i], b[i+n:], true
}

// Parse reads the front matter of a README as a JSON-safe object. A README without front matter, or with an
// empty one, gives nil and no error; what is not a mapping, not YAML or too large gives InvalidInput.
func Parse(readme []byte) (map[string]any, error) {
	data, _, err := parse(readme)
	return data, err
}

func parse(readme []byte) (data map[string]any, body []byte, err error) {
	text, body, ok := Split(readme)
	if !ok || len(bytes.TrimSpace(text)) == 0 {
		return nil, body, nil
	}
	if len(text) > MaxFrontMatter {
		return nil, body, hub.Errorf(hub.InvalidInput, "The metadata block is larger than %d bytes.", MaxFrontMatter)
	}
	data, err = decode(text)
	return data, body, err
}
