package object

import (
	"bytes"
	"strings"
)

// readSettings calls f for each setting of a file in git's configuration syntax, until the first line that is
// malformed. Sections and keys come in lower case. Source: git's Documentation/git-config, "Syntax".
func readSettings(data []byte, f func(section, name, key, value string)) {
	p := settings{rest: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))}
	for p.ok() {
		p.skipBlank()
		switch c := p.peek(); {
		case c == 0:
			return
		case c == '#', c == ';':
			p.skipLine()
		case c == '[':
			if !p.header() {
				return
			}
		default:
			key, value, ok := p.setting()
			if !ok {
				return
			}
			f(p.section, p.name, key, value)
		}
	}
}

type settings struct {
	rest          []byte
	section, name string
}

func (p *settings) ok() bool { return len(p.rest) > 0 }

// peek returns the next byte, 0 at the end.
func (p *settings) peek() byte {
	if len(p.rest) == 0 {
		return 0
	}
	return p.rest[0]
}

// next takes one byte; a carriage return before a line feed is dropped.
func (p *settings) next() byte {
	if len(p.rest) == 0 {
		return 0
	}
	c := p.rest[0]
	p.rest = p.rest[1:]
	if c == '\r' && p.peek() == '\n' {
		return p.next()
	}
	return c
}

func (p *settings) skipBlank() {
	p.rest = bytes.TrimLeft(p.rest, " \t\r\n\v\f")
}

func (p *settings) skipLine() {
	_, p.rest, _ = bytes.Cut(p.rest, []byte{'\n'})
}

// header reads [section] or [section "name"].
func (p *settings) header() bool {
	p.next()
	i := bytes.IndexAny(p.rest, "] \t\n")
	if i < 0 || p.rest[i] == '\n' {
		return false
	}
	p.section, p.name = strings.ToLower(string(p.rest[:i])), ""
	p.rest = p.rest[i:]
	if p.peek() == ']' {
		p.next()
		p.section, p.name, _ = strings.Cut(p.section, ".")
		return true
	}
	p.rest = bytes.TrimLeft(p.rest, " \t")
	if p.next() != '"' {
		return false
	}
	var b strings.Builder
	for {
		switch c := p.next(); c {
		case 0, '\n':
			return false
		case '"':
			p.name = b.String()
			return p.next() == ']'
		case '\\':
			if c = p.next(); c == 0 || c == '\n' {
				return false
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
}

// setting reads key = value, or a key alone.
func (p *settings) setting() (key, value string, ok bool) {
	i := 0
	for i < len(p.rest) && (isLetter(p.rest[i]) || i > 0 && (p.rest[i] == '-' || p.rest[i] >= '0' && p.rest[i] <= '9')) {
		i++
	}
	if i == 0 {
		return "", "", false
	}
	key = strings.ToLower(string(p.rest[:i]))
	p.rest = bytes.TrimLeft(p.rest[i:], " \t")
	switch p.peek() {
	case 0:
		return key, "", true
	case '\r', '\n':
		p.skipLine()
		return key, "", true
	case '=':
		p.next()
		value, ok = p.value()
		return key, value, ok
	}
	return "", "", false
}

func isLetter(c byte) bool { return lower(c) >= 'a' && lower(c) <= 'z' }

// value reads to the end of the line: quotes, escapes, comments; blanks at both ends outside quotes are dropped.
func (p *settings) value() (string, bool) {
	var b strings.Builder
	quoted, blanks := false, 0
	for {
		c := p.next()
		switch {
		case c == 0 && !p.ok(), c == '\n':
			return b.String(), !quoted
		case !quoted && (c == ' ' || c == '\t'):
			if b.Len() > 0 {
				blanks++
			}
			continue
		case !quoted && (c == '#' || c == ';'):
			p.skipLine()
			return b.String(), true
		}
		b.WriteString(strings.Repeat(" ", blanks))
		blanks = 0
		switch c {
		case '"':
			quoted = !quoted
		case '\\':
			switch c = p.next(); c {
			case '\n':
			case 't':
				b.WriteByte('\t')
			case 'b':
				b.WriteByte('\b')
			case 'n':
				b.WriteByte('\n')
			case '\\', '"':
				b.WriteByte(c)
			default:
				return "", false
			}
		default:
			b.WriteByte(c)
		}
	}
}
