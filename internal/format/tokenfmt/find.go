package tokenfmt

import (
	"bytes"
	"cmp"
	"log/slog"
	"slices"
	"strings"
)

// maxFound is how many finds one Finder keeps.
const maxFound = 1000

// Finder looks for tokens of one hub in texts that are written to it in pieces. The checksum makes chance finds rarer than
// one in 10^10 that have the shape. Its memory is bounded; it is not safe for concurrent use.
type Finder struct {
	format Format
	tail   []byte // the end of what was written, shorter than a token
	line   int    // of the end of what was written, from 1
	found  []Found
	path   string
	wide   wide
}

// Found is a token that was found. It does not print its value.
type Found struct {
	Path  string // of the text
	Line  int    // on which it stands, from 1; 0 where lines say nothing
	value string
}

// Reveal returns the token's value.
func (f Found) Reveal() string { return f.value }

// Compare orders finds by path and line.
func (f Found) Compare(o Found) int {
	return cmp.Or(cmp.Compare(f.Path, o.Path), cmp.Compare(f.Line, o.Line))
}

// String returns "[redacted]".
func (Found) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Found) GoString() string { return "[redacted]" }

// LogValue returns "[redacted]".
func (Found) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Finder returns one that has seen nothing.
func (f Format) Finder() *Finder { return &Finder{format: f, line: 1} }

// Begin starts a new text, known by its path.
func (f *Finder) Begin(path string) { f.path, f.tail, f.line, f.wide = path, f.tail[:0], 1, wide{} }

// Name looks at a name, such as the path of a file; place says what it is the name of.
func (f *Finder) Name(place, name string) {
	if strings.Contains(name, prefix) {
		f.Begin(place)
		f.line = 0
		f.look([]byte(name), 0)
	}
}

// Found returns what was found in all texts so far, each value once for each text, in the order of finding.
func (f *Finder) Found() []Found { return f.found }

// Write looks at the next piece. It never fails and keeps nothing of p. A text in UTF-16 is known by the mark at its beginning, which
// the programs that write such texts set.
func (f *Finder) Write(p []byte) (int, error) {
	n := len(p)
	if rest, yes := f.wide.takes(p); yes {
		f.wide.narrow(rest, f.write)
	} else {
		f.write(p)
	}
	return n, nil
}

// write looks at a piece in which each letter is a byte.
func (f *Finder) write(p []byte) {
	n := len(p)
	if len(f.tail) > 0 {
		// A token across the border of two pieces begins in the tail and ends within its length in p.
		border := append(f.tail, p[:min(n, Length-1)]...)
		f.look(border, f.line-bytes.Count(f.tail, newline))
		if n < Length-1 {
			f.line += bytes.Count(p, newline)
			f.tail = append(f.tail[:0], border[max(0, len(border)-(Length-1)):]...)
			return
		}
	}
	f.look(p, f.line)
	f.line += bytes.Count(p, newline)
	f.tail = append(f.tail[:0], p[max(0, n-(Length-1)):]...)
}

var newline = []byte{'\n'}

// look finds the tokens that lie in b as a whole; line is that of its first byte.
func (f *Finder) look(b []byte, line int) {
	const mark = len(prefix) - 1 // the underscore: rarer in texts than what stands before it
	counted := 0                 // bytes of which line knows
	for end := 0; ; {
		i := bytes.IndexByte(b[end:], prefix[mark])
		if i < 0 {
			return
		}
		at := end + i - mark
		end += i + 1
		if at < 0 || string(b[at:end]) != prefix {
			continue
		}
		if len(b)-at < Length {
			return
		}
		candidate := string(b[at : at+Length])
		if f.format.Classify(candidate) != Ours {
			continue
		}
		line += bytes.Count(b[counted:at], newline)
		counted = at
		if len(f.found) < maxFound && !slices.ContainsFunc(f.found, func(o Found) bool { return o.value == candidate && o.Path == f.path }) {
			f.found = append(f.found, Found{f.path, line, candidate})
		}
	}
}
