package gitattributes

import (
	"bytes"
	"strings"
)

// Ignore are the patterns of one .gitignore at the root of a tree. The zero value ignores nothing. Safe for
// concurrent use.
type Ignore struct{ patterns []pattern }

// ParseIgnore reads the text of a .gitignore.
func ParseIgnore(text []byte) *Ignore {
	g := &Ignore{}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	for len(text) > 0 && len(g.patterns) < maxRules {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		s := trimTrailing(strings.TrimSuffix(string(line), "\r"))
		if s == "" || s[0] == '#' || len(s) >= MaxLine {
			continue
		}
		g.patterns = append(g.patterns, parsePattern(s))
	}
	return g
}

// trimTrailing drops blanks at the end that no backslash protects.
func trimTrailing(s string) string {
	end := len(s)
	for end > 0 && s[end-1] == ' ' {
		slashes := 0
		for slashes < end-1 && s[end-2-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 1 {
			break
		}
		end--
	}
	return s[:end]
}

// Match tells whether the file at path is ignored, by itself or because a folder above it is.
func (g *Ignore) Match(path string, b *Budget) bool {
	if g == nil || len(g.patterns) == 0 {
		return false
	}
	for i := 0; i < len(path); i++ {
		if path[i] == '/' && g.last(path[:i], true, b) {
			return true // what lies in an ignored folder cannot be included again
		}
	}
	return g.last(path, false, b)
}

// last decides by the last pattern that matches.
func (g *Ignore) last(path string, isDir bool, b *Budget) bool {
	for i := len(g.patterns) - 1; i >= 0; i-- {
		if p := &g.patterns[i]; p.match(path, isDir, b) {
			return !p.negated
		}
	}
	return false
}
