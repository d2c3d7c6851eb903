package gitattributes

import "strings"

// glob is a compiled pattern of git's wildmatch with WM_PATHNAME.
type glob struct {
	tokens  []token
	invalid bool // matches nothing: an open class or a lone backslash at the end
	literal string
	plain   bool // the pattern is the literal text
	suffix  bool // the pattern is a star and the literal text
}

// Budget bounds the work of matching, since both the patterns and the paths come from strangers: it is the number of
// steps, of about a nanosecond each, that may still be taken. Patterns without wildcards, and those such as "*.bin",
// cost next to nothing.
type Budget struct{ left int64 }

// NewBudget returns a budget of the given number of steps.
func NewBudget(steps int64) *Budget { return &Budget{steps} }

// Exceeded tells whether a match was given up because the budget had run out; what it answered means nothing then.
func (b *Budget) Exceeded() bool { return b.left < 0 }

type token struct {
	op    op
	c     byte
	class *[256]bool
}

type op uint8

const (
	opByte       op = iota // the byte c
	opAny                  // any byte but a slash
	opStar                 // any number of them
	opClass                // a byte of the class
	opDirs                 // "**/" at the start of a path component
	opDirsWithin           // "**/" inside a path component
	opRest                 // "**" at the end: anything
)

// compile never fails: a malformed pattern matches nothing, as in git.
func compile(pattern string) glob {
	first := strings.IndexAny(pattern, `*?[\`)
	if first < 0 {
		return glob{plain: true, literal: pattern}
	}
	if first == 0 && pattern[0] == '*' && !strings.ContainsAny(pattern[1:], `*?[\`) {
		return glob{suffix: true, literal: pattern[1:]}
	}
	var g glob
	for i := 0; i < len(pattern); {
		switch c := pattern[i]; c {
		case '*':
			n := 1
			for i+n < len(pattern) && pattern[i+n] == '*' {
				n++
			}
			// git compares the literal text before the first wildcard apart, so that "**" right behind it counts
			// as standing at the start of a component even when it does not (dir.c, match_pathname).
			start := i == first || pattern[i-1] == '/'
			switch rest := pattern[i+n:]; {
			case n >= 2 && start && rest == "":
				g.tokens = append(g.tokens, token{op: opRest})
			case n >= 2 && start && rest[0] == '/':
				g.tokens = append(g.tokens, token{op: opDirs}, token{op: opDirsWithin})
				n++
			default:
				g.tokens = append(g.tokens, token{op: opStar})
			}
			i += n
		case '?':
			g.tokens = append(g.tokens, token{op: opAny})
			i++
		case '[':
			class, n := parseClass(pattern[i:])
			if n == 0 {
				return glob{invalid: true}
			}
			g.tokens = append(g.tokens, token{op: opClass, class: class})
			i += n
		case '\\':
			if i++; i == len(pattern) {
				return glob{invalid: true}
			}
			c = pattern[i]
			fallthrough
		default:
			g.tokens = append(g.tokens, token{op: opByte, c: c})
			i++
		}
	}
	return g
}

// match tells whether the whole text matches: the pattern as an automaton whose states are its tokens.
func (g *glob) match(text string, b *Budget) bool {
	switch {
	case g.plain:
		return text == g.literal
	case g.suffix:
		front, ok := strings.CutSuffix(text, g.literal)
		return ok && !strings.Contains(front, "/")
	case g.invalid, b.Exceeded():
		return false
	}
	n := len(g.tokens)
	if b.left -= int64(n+1) * int64(len(text)+1); b.left < 0 {
		return false
	}
	now, next := make([]bool, n+1), make([]bool, n+1)
	g.reach(now, 0)
	for i := 0; i < len(text); i++ {
		c, alive := text[i], false
		clear(next)
		for s, on := range now[:n] {
			if !on {
				continue
			}
			if to, ok := g.step(s, c); ok {
				g.reach(next, to)
				alive = true
			}
		}
		if !alive {
			return false
		}
		now, next = next, now
	}
	return now[n]
}

// reach marks a state and those that follow it without a byte.
func (g *glob) reach(states []bool, s int) {
	for !states[s] {
		states[s] = true
		if s == len(g.tokens) {
			return
		}
		switch g.tokens[s].op {
		case opStar, opRest:
			s++
		case opDirs:
			s += 2
		default:
			return
		}
	}
}

// step returns the state after byte c in state s.
func (g *glob) step(s int, c byte) (int, bool) {
	switch t := g.tokens[s]; t.op {
	case opByte:
		return s + 1, t.c == c
	case opAny:
		return s + 1, c != '/'
	case opStar:
		return s, c != '/'
	case opClass:
		return s + 1, c != '/' && t.class[c]
	case opRest:
		return s, true
	case opDirs:
		if c == '/' {
			return s, true
		}
		return s + 1, true
	default: // opDirsWithin
		if c == '/' {
			return s - 1, true
		}
		return s, true
	}
}

// parseClass reads a bracket expression at the start of p and returns its length, 0 if it is not closed.
func parseClass(p string) (*[256]bool, int) {
	var set [256]bool
	i := 1
	negated := i < len(p) && (p[i] == '!' || p[i] == '^')
	if negated {
		i++
	}
	last := -1 // a byte that may start a range
	for first := true; ; first = false {
		if i >= len(p) {
			return nil, 0
		}
		c := p[i]
		switch {
		case c == ']' && !first:
			if negated {
				for b := range set {
					set[b] = !set[b]
				}
			}
			return &set, i + 1
		case c == '[' && i+1 < len(p) && p[i+1] == ':':
			end := strings.IndexByte(p[i+2:], ']')
			if end < 0 {
				return nil, 0
			}
			if end == 0 || p[i+2+end-1] != ':' {
				// Not a named class after all: the bracket stands for itself.
				set['['] = true
				last = '['
				i++
				continue
			}
			name := p[i+2 : i+2+end-1]
			if !addNamed(&set, name) {
				return nil, 0
			}
			i += 2 + end + 1
			last = -1
			continue
		case c == '-' && last >= 0 && i+1 < len(p) && p[i+1] != ']':
			i++
			hi := p[i]
			if hi == '\\' {
				if i++; i >= len(p) {
					return nil, 0
				}
				hi = p[i]
			}
			for b := last; b <= int(hi); b++ {
				set[b] = true
			}
			i++
			last = -1
			continue
		case c == '\\':
			if i++; i >= len(p) {
				return nil, 0
			}
			c = p[i]
		}
		set[c] = true
		last = int(c)
		i++
	}
}

func addNamed(set *[256]bool, name string) bool {
	in := func(c byte, ranges string) bool {
		for i := 0; i < len(ranges); i += 2 {
			if c >= ranges[i] && c <= ranges[i+1] {
				return true
			}
		}
		return false
	}
	var ranges string
	switch name {
	case "alnum":
		ranges = "azAZ09"
	case "alpha":
		ranges = "azAZ"
	case "blank":
		ranges = "  \t\t"
	case "cntrl":
		ranges = "\x00\x1f\x7f\x7f"
	case "digit":
		ranges = "09"
	case "graph":
		ranges = "!~"
	case "lower":
		ranges = "az"
	case "print":
		ranges = " ~"
	case "punct":
		ranges = "!/:@[`{~"
	case "space":
		ranges = "  \t\r"
	case "upper":
		ranges = "AZ"
	case "xdigit":
		ranges = "09afAF"
	default:
		return false
	}
	for b := range set {
		if in(byte(b), ranges) {
			set[b] = true
		}
	}
	return true
}
