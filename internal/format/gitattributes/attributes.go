package gitattributes

import (
	"bytes"
	"sort"
	"strings"
)

// MaxLine is the length in bytes from which on git ignores a line of .gitattributes. Source: git attr.h,
// ATTR_MAX_LINE_LENGTH.
const MaxLine = 2048

// maxRules is how many lines of one set of files count; a hostile file cannot make matching slow.
const maxRules = 10_000

// Attributes are the rules of a tree's .gitattributes files. The zero value has none. Add and then use:
// reading it from several goroutines is safe.
type Attributes struct {
	files []attributesFile
	macro map[string][]attribute
	count int
}

type attributesFile struct {
	dir   string
	rules []rule
}

type rule struct {
	pattern pattern
	attrs   []attribute
}

type attribute struct {
	name  string
	value string // "lfs" of filter=lfs; "" unless given
	state state
}

type state uint8

const (
	set         state = iota // name, or name=value
	unset                    // -name
	unspecified              // !name
)

// Add reads the text of the .gitattributes file of a folder ("" is the root). Malformed lines are passed over,
// as git does.
func (a *Attributes) Add(dir string, text []byte) {
	f := attributesFile{dir: dir}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	for len(text) > 0 && a.count < maxRules {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		if len(line) < MaxLine {
			a.line(&f, string(line))
		}
	}
	a.files = append(a.files, f)
	// A file nearer to a path outranks one farther up: later in the list means stronger.
	sort.SliceStable(a.files, func(i, j int) bool { return depth(a.files[i].dir) < depth(a.files[j].dir) })
}

func depth(dir string) int {
	if dir == "" {
		return 0
	}
	return strings.Count(dir, "/") + 1
}

const blank = " \t\r"

func (a *Attributes) line(f *attributesFile, line string) {
	line = strings.TrimLeft(line, blank)
	if line == "" || line[0] == '#' {
		return
	}
	var name, rest string
	if line[0] == '"' {
		var ok bool
		if name, rest, ok = unquote(line); !ok {
			return
		}
	} else {
		i := strings.IndexAny(line, blank)
		if i < 0 {
			i = len(line)
		}
		name, rest = line[:i], line[i:]
	}
	attrs := parseAttrs(rest)
	if m, ok := strings.CutPrefix(name, "[attr]"); ok {
		if f.dir == "" && validAttrName(m) {
			if a.macro == nil {
				a.macro = map[string][]attribute{}
			}
			a.macro[m] = attrs
			a.count++
		}
		return
	}
	p := parsePattern(name)
	if p.negated || len(attrs) == 0 {
		return
	}
	a.count++
	f.rules = append(f.rules, rule{pattern: p, attrs: attrs})
}

func parseAttrs(s string) []attribute {
	var out []attribute
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(blank, r) }) {
		at := attribute{name: w}
		switch w[0] {
		case '-':
			at = attribute{name: w[1:], state: unset}
		case '!':
			at = attribute{name: w[1:], state: unspecified}
		default:
			at.name, at.value, _ = strings.Cut(w, "=")
		}
		if !validAttrName(at.name) {
			return nil // git drops the whole line
		}
		out = append(out, at)
	}
	return out
}

func validAttrName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return s != "" && s[0] != '-'
}

// LFS tells whether path has filter=lfs: whether its content is to be stored as a large file.
func (a *Attributes) LFS(path string, b *Budget) bool { return a.Filter(path, b) == "lfs" }

// Filter returns the value of the attribute "filter" of path, "" when it has none.
func (a *Attributes) Filter(path string, b *Budget) string {
	d := decision{macros: a.macro}
	for i := len(a.files) - 1; i >= 0; i-- {
		f := &a.files[i]
		rel, ok := within(f.dir, path)
		if !ok {
			continue
		}
		for j := len(f.rules) - 1; j >= 0; j-- {
			if f.rules[j].pattern.match(rel, false, b) {
				d.take(f.rules[j].attrs)
			}
			if at, ok := d.seen["filter"]; ok {
				if at.state == set {
					return at.value
				}
				return ""
			}
		}
	}
	return ""
}

// decision collects attributes from the strongest line to the weakest: what is seen first stays.
type decision struct {
	seen   map[string]attribute
	macros map[string][]attribute
}

func (d *decision) take(attrs []attribute) {
	if d.seen == nil {
		d.seen = map[string]attribute{}
	}
	for i := len(attrs) - 1; i >= 0; i-- {
		at := attrs[i]
		if _, ok := d.seen[at.name]; ok {
			continue
		}
		d.seen[at.name] = at // also ends the recursion of a macro that names itself
		if m := d.macros[at.name]; m != nil && at.state == set && at.value == "" {
			d.take(m)
		}
	}
}

// unquote reads a C-quoted string at the start of s.
func unquote(s string) (text, rest string, ok bool) {
	var b []byte
	for i := 1; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return string(b), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
			if k := strings.IndexByte(`abfnrtv\"`, s[i]); k >= 0 {
				b = append(b, "\a\b\f\n\r\t\v\\\""[k])
				continue
			}
			if i+2 >= len(s) || s[i] < '0' || s[i] > '3' || !octal(s[i+1]) || !octal(s[i+2]) {
				return "", "", false
			}
			b = append(b, (s[i]-'0')<<6|(s[i+1]-'0')<<3|(s[i+2]-'0'))
			i += 2
		default:
			b = append(b, c)
		}
	}
	return "", "", false
}

func octal(c byte) bool { return c >= '0' && c <= '7' }

// Rule returns the line, without line end, that gives exactly path filter=lfs.
func Rule(path string) string {
	var b strings.Builder
	if !strings.Contains(path, "/") {
		b.WriteByte('/') // or it would match in every folder
	}
	for i := 0; i < len(path); i++ {
		switch c := path[i]; c {
		case '*', '?', '[', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case ' ':
			b.WriteString("[[:space:]]") // as git-lfs writes it
		case '"', '#', '!':
			if b.Len() == 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	if strings.HasPrefix(b.String(), "[attr]") {
		return "/" + b.String() + " filter=lfs diff=lfs merge=lfs -text"
	}
	return b.String() + " filter=lfs diff=lfs merge=lfs -text"
}
