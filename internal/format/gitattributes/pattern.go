package gitattributes

import (
	"path"
	"strings"
)

// pattern is one line's pattern, relative to the folder of its file.
type pattern struct {
	glob     glob
	negated  bool // starts with "!"
	dirOnly  bool // ends with "/"
	basename bool // has no other slash: compared with the last component of a path
}

func parsePattern(s string) pattern {
	var p pattern
	if strings.HasPrefix(s, "!") {
		p.negated, s = true, s[1:]
	}
	if strings.HasSuffix(s, "/") {
		p.dirOnly, s = true, s[:len(s)-1]
	}
	p.basename = !strings.Contains(s, "/")
	s = strings.TrimPrefix(s, "/")
	p.glob = compile(s)
	return p
}

// match compares a path relative to the folder of the file.
func (p *pattern) match(name string, isDir bool, b *Budget) bool {
	if p.dirOnly && !isDir {
		return false
	}
	if p.basename {
		name = path.Base(name)
	}
	return p.glob.match(name, b)
}

// within returns name relative to dir ("" is the root), and whether it lies below it.
func within(dir, name string) (string, bool) {
	if dir == "" {
		return name, true
	}
	rest, ok := strings.CutPrefix(name, dir)
	if !ok || !strings.HasPrefix(rest, "/") {
		return "", false
	}
	return rest[1:], true
}
