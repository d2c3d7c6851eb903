package httpd

import (
	"fmt"
	"strings"
)

// A pattern matches the path segments below a mount. Segments are literals, {name} for one segment, or a last
// {name...} for all that remain (at least none). {rev} also takes the three raw segments of refs/pr/{n} and
// refs/convert/{name}, because the JS client does not encode the slashes of a revision (listFiles, listCommits).
type pattern struct {
	text string
	segs []segment
	rest string // name of the last {name...}, "" if the pattern has none
}

type segment struct {
	literal string // "" for a variable
	name    string
}

// compilePattern panics on a malformed pattern: routes are written by us, at start-up.
func compilePattern(text string) pattern {
	p := pattern{text: text}
	for i, s := range splitPath(text) {
		switch {
		case p.rest != "":
			panic(fmt.Sprintf("httpd: %q: nothing may follow {…...}", text))
		case strings.HasPrefix(s, "{") && strings.HasSuffix(s, "...}"):
			p.rest = s[1 : len(s)-4]
		case strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}"):
			p.segs = append(p.segs, segment{name: s[1 : len(s)-1]})
		case s == "" && i > 0, strings.ContainsAny(s, "{}"):
			panic(fmt.Sprintf("httpd: malformed pattern %q", text))
		default:
			p.segs = append(p.segs, segment{literal: s})
		}
	}
	if strings.Count(text, "{") > maxVars {
		panic(fmt.Sprintf("httpd: %q has more than %d variables", text, maxVars))
	}
	return p
}

// pathVars are the variables of a path. Requests are matched against a hundred patterns, so they are kept without a map.
type pathVars struct {
	n   int
	all [maxVars]pathVar
}

type pathVar struct{ name, value string }

// maxVars is how many variables a pattern may have.
const maxVars = 4

// get returns the value of a variable, "" if there is none of that name.
func (v *pathVars) get(name string) string {
	for i := range v.n {
		if v.all[i].name == name {
			return v.all[i].value
		}
	}
	return ""
}

func (v *pathVars) add(name, value string) {
	v.all[v.n] = pathVar{name, value}
	v.n++
}

// match compares decoded segments with the pattern and sets the variables, which mean nothing when it does not match.
func (p *pattern) match(segs []string, vars *pathVars) bool {
	vars.n = 0
	i := 0
	for _, s := range p.segs {
		if i >= len(segs) {
			return false
		}
		if s.literal != "" {
			if segs[i] != s.literal {
				return false
			}
			i++
			continue
		}
		n := 1
		if s.name == "rev" {
			n = revisionSegments(segs[i:])
		}
		v := strings.Join(segs[i:i+n], "/")
		if v == "" {
			return false
		}
		vars.add(s.name, v)
		i += n
	}
	if p.rest != "" {
		vars.add(p.rest, strings.Join(segs[i:], "/"))
		return true
	}
	return i == len(segs)
}

// revisionSegments tells how many raw segments the revision at the head of segs takes.
func revisionSegments(segs []string) int {
	if len(segs) >= 3 && segs[0] == "refs" {
		if segs[1] == "convert" || segs[1] == "pr" && isDigits(segs[2]) {
			return 3
		}
	}
	return 1
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// splitPath splits a path on its slashes, without the leading one. "/" gives no segments.
func splitPath(p string) []string {
	p = strings.TrimPrefix(p, "/")
	if p == "" {
		return nil
	}
	return strings.Split(p, "/")
}
