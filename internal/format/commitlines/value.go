package commitlines

import (
	"strconv"
	"unicode/utf8"
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
