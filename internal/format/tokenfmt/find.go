package tokenfmt

import (
	"bytes"
	"log/slog"
	"slices"
)

// maxFound is how many different tokens one Finder keeps.
const maxFound = 100

// Finder looks for tokens of one hub in a text that is written to it in pieces. The checksum makes chance finds rarer than
// one in 10^10 that have the shape. Its memory is bounded; it is not safe for concurrent use.
type Finder struct {
	format Format
	tail   []byte // the end of what was written, shorter than a token
	found  []Found
	path   string
}

// Found is a token that was found. It does not print its value.
type Found struct {
	Path  string // of the text
	value string
}

// Reveal returns the token's value.
func (f Found) Reveal() string { return f.value }

// String returns "[redacted]".
func (Found) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Found) GoString() string { return "[redacted]" }

// LogValue returns "[redacted]".
func (Found) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Finder returns one that has seen nothing.
func (f Format) Finder() *Finder { return &Finder{format: f} }

// Begin starts a new text, known by its path.
func (f *Finder) Begin(path string) { f.path, f.tail = path, f.tail[:0] }

// Found returns what was found in all texts so far, each value once, in the order of finding.
func (f *Finder) Found() []Found { return f.found }

// Write looks at the next piece. It never fails and keeps nothing of p.
func (f *Finder) Write(p []byte) (int, error) {
	// A token across the border of two pieces begins in the tail and ends within its length in p.
	if len(f.tail) > 0 {
		border := append(f.tail, p[:min(len(p), Length-1)]...)
		f.look(border)
		if len(p) < Length-1 {
			f.tail = append(f.tail[:0], border[max(0, len(border)-(Length-1)):]...)
			return len(p), nil
		}
	}
	f.look(p)
	f.tail = append(f.tail[:0], p[max(0, len(p)-(Length-1)):]...)
	return len(p), nil
}

// look finds the tokens that lie in b as a whole.
func (f *Finder) look(b []byte) {
	for {
		i := bytes.Index(b, []byte(prefix))
		if i < 0 || len(b)-i < Length {
			return
		}
		candidate := string(b[i : i+Length])
		if f.format.Classify(candidate) == Ours && len(f.found) < maxFound &&
			!slices.ContainsFunc(f.found, func(o Found) bool { return o.value == candidate }) {
			f.found = append(f.found, Found{f.path, candidate})
		}
		b = b[i+1:]
	}
}
