package commitlines

import (
	"strconv"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/hub"
)

func lineText(n int) string { return "Line " + strconv.Itoa(n) + ": " }

// text reads a string of at most max bytes. JSON null reads as "", because clients send it for what is absent.
func (l *lexer) text(name string, max int) (string, error) {
	c, err := l.token()
	if err != nil {
		return "", err
	}
	if c == 'n' {
		return "", l.literal("null")
	}
	if c != '"' {
		return "", l.errorf("%q must be a string.", name)
	}
	b := l.scratch[:0]
	err = l.stretches(func(p []byte) error {
		if len(b)+len(p) > max {
			return l.errorf("%q is longer than %d bytes.", name, max)
		}
		b = append(b, p...)
		return nil
	})
	l.scratch = b[:0]
	if err != nil {
		return "", err
	}
	if !utf8.Valid(b) {
		return "", l.errorf("%q is not valid UTF-8.", name)
	}
	return string(b), nil
}

// size reads a whole number of bytes, -1 for null.
func (l *lexer) size(name string) (int64, error) {
	c, err := l.token()
	if err != nil {
		return 0, err
	}
	if c == 'n' {
		return -1, l.literal("null")
	}
	b, err := l.number()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 || b[0] == '+' {
		return 0, l.errorf("%q must be a whole number of bytes.", name)
	}
	return n, nil
}

// number takes the bytes of a number without judging them; at most 32 of them.
func (l *lexer) number() ([]byte, error) {
	b := l.scratch[:0]
	for {
		c, err := l.peek()
		if err != nil {
			return nil, l.truncated(err)
		}
		if !(c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E') {
			break
		}
		if b = append(b, c); len(b) > 32 {
			return nil, l.errorf("a number is too long.")
		}
		l.pos++
	}
	l.scratch = b[:0]
	if len(b) == 0 {
		return nil, l.errorf("found %q where a value must stand.", l.buf[l.pos])
	}
	return b, nil
}

func (l *lexer) literal(want string) error {
	for i := range len(want) {
		c, err := l.take()
		if err != nil {
			return err
		}
		if c != want[i] {
			return l.errorf("found %q inside a value.", c)
		}
	}
	return nil
}

// skip reads any value and forgets it.
func (l *lexer) skip(depth int) error {
	if depth > maxDepth {
		return l.errorf("a value is nested too deeply.")
	}
	c, err := l.token()
	if err != nil {
		return err
	}
	switch c {
	case '{':
		return l.object(func(string) error { return l.skip(depth + 1) })
	case '[':
		return l.array(func() error { return l.skip(depth + 1) })
	case '"':
		return l.stretches(func([]byte) error { return nil })
	case 't':
		return l.literal("true")
	case 'f':
		return l.literal("false")
	case 'n':
		return l.literal("null")
	}
	b, err := l.number()
	if err != nil {
		return err
	}
	if _, err := strconv.ParseFloat(string(b), 64); err != nil || b[0] == '+' {
		return l.errorf("a number is malformed.")
	}
	return nil
}

// maxKey is the length in bytes of the longest object key.
const maxKey = 256

// object reads an object; member reads the value behind each key.
func (l *lexer) object(member func(key string) error) error {
	if err := l.expect('{'); err != nil {
		return err
	}
	if done, err := l.empty('}'); done || err != nil {
		return err
	}
	for {
		c, err := l.token()
		if err != nil {
			return err
		}
		if c != '"' {
			return l.errorf("found %q where a key must stand.", c)
		}
		key, err := l.text("key", maxKey)
		if err != nil {
			return err
		}
		if err := l.expect(':'); err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
		if again, err := l.more('}'); !again || err != nil {
			return err
		}
	}
}

// array reads an array; element reads each of its values.
func (l *lexer) array(element func() error) error {
	if err := l.expect('['); err != nil {
		return err
	}
	if done, err := l.empty(']'); done || err != nil {
		return err
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if again, err := l.more(']'); !again || err != nil {
			return err
		}
	}
}

// fields is the union of what the value of any line may say.
type fields struct {
	summary, description, parent string
	path, oldPath                string
	encoding, algo, oid          string
	size                         int64
	content                      *Content
}

// member reads one known field of a value and skips an unknown one.
func (s *Scanner) member(f *fields, key string) (err error) {
	l := s.lex
	switch key {
	case "summary":
		f.summary, err = l.text(key, s.limits.Text)
	case "description":
		f.description, err = l.text(key, s.limits.Text)
	case "parentCommit":
		f.parent, err = l.text(key, s.limits.Text)
	case "path":
		f.path, err = l.text(key, s.limits.Text)
	case "oldPath":
		f.oldPath, err = l.text(key, s.limits.Text)
	case "encoding":
		f.encoding, err = l.text(key, maxKey)
	case "algo":
		f.algo, err = l.text(key, maxKey)
	case "oid":
		f.oid, err = l.text(key, maxKey)
	case "size":
		f.size, err = l.size(key)
	case "content":
		if f.content != nil {
			return l.errorf("%q stands there twice.", key)
		}
		f.content, err = s.spool()
	default:
		err = l.skip(0)
	}
	return err
}

// finish checks a line's fields against its kind.
func (s *Scanner) finish(kind Kind, f fields, number int) (Line, error) {
	line := Line{Number: number, Kind: kind, Path: f.path, OldPath: f.oldPath, Size: -1}
	bad := func(format string, args ...any) (Line, error) {
		e := hub.Errorf(hub.InvalidInput, format, args...)
		e.Message = lineText(number) + e.Message
		return Line{}, e
	}
	if kind == Header {
		return s.header(f, number)
	}
	if f.path == "" {
		return bad("a %s line needs a %q.", kind, "path")
	}
	switch kind {
	case File:
		if f.content == nil {
			return bad("a file line needs %q (an empty string for an empty file).", "content")
		}
		switch f.encoding {
		case "base64":
			if err := f.content.decode(); err != nil {
				return bad("the content of %q is not valid base64.", f.path)
			}
		case "", "utf-8", "utf8":
			f.content.plain()
		default:
			return bad("unknown encoding %q: use base64 or utf-8.", f.encoding)
		}
		f.content.judge(s.limits.File)
		line.Content = f.content
	case LFSFile:
		if f.algo != "" && f.algo != "sha256" {
			return bad("unknown hash %q: a large file is named by its sha256.", f.algo)
		}
		digest, err := hub.ParseDigest(f.oid)
		if err != nil {
			return bad("%q must be the sha256 of %q: 64 lower-case hexadecimal digits.", "oid", f.path)
		}
		line.Digest, line.Size = digest, f.size
	default:
		line.OldPath = ""
	}
	return line, nil
}

func (s *Scanner) header(f fields, number int) (Line, error) {
	if f.summary == "" {
		return Line{}, hub.Errorf(hub.InvalidInput, "%sthe header needs a %q: the title of the commit.", lineText(number), "summary")
	}
	parent := []byte(f.parent)
	for i, c := range parent {
		if c >= 'A' && c <= 'F' {
			parent[i] = c + 'a' - 'A'
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			parent = nil
			break
		}
	}
	if f.parent != "" && (len(parent) < 5 || len(parent) > 40) {
		return Line{}, hub.Errorf(hub.InvalidInput, "%s%q must be 5 to 40 hexadecimal digits of a commit id.", lineText(number), "parentCommit")
	}
	return Line{Number: number, Kind: Header, Summary: f.summary, Description: f.description, Parent: string(parent), Size: -1}, nil
}
