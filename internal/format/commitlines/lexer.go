package commitlines

import (
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/hub"
)

// maxDepth is how deep a value may nest that the scanner does not know and skips.
const maxDepth = 64

// lexer reads JSON tokens from a stream through one fixed buffer.
type lexer struct {
	r        io.Reader
	buf      []byte
	pos, end int
	left     int64 // bytes that may still be read
	limit    int64
	line     int
	scratch  []byte
}

func newLexer(r io.Reader, limit int64) *lexer {
	return &lexer{r: r, buf: make([]byte, 64<<10), left: limit, limit: limit, line: 1}
}

func (l *lexer) errorf(format string, args ...any) error {
	e := hub.Errorf(hub.InvalidInput, format, args...)
	e.Message = lineText(l.line) + e.Message
	return e
}

// fill reads more bytes into the empty buffer. At the end of the body it returns io.EOF.
func (l *lexer) fill() error {
	for tries := 0; ; tries++ {
		n, err := l.r.Read(l.buf)
		l.pos, l.end = 0, n
		if l.left -= int64(n); l.left < 0 {
			l.end = 0
			return hub.Errorf(hub.TooLarge, "The commit is larger than %d bytes: split it into several commits.", l.limit)
		}
		if n > 0 {
			return nil
		}
		if err == nil && tries < 100 {
			continue
		}
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		if err == nil {
			err = io.ErrNoProgress
		}
		return hub.Wrap(err, hub.InvalidInput, "%sthe body could not be read to its end.", lineText(l.line))
	}
}

// truncated turns the end of the body into the error that it is inside a value.
func (l *lexer) truncated(err error) error {
	if errors.Is(err, io.EOF) {
		return l.errorf("the body ends in the middle of the line.")
	}
	return err
}

// peek returns the next byte without taking it.
func (l *lexer) peek() (byte, error) {
	if l.pos == l.end {
		if err := l.fill(); err != nil {
			return 0, err
		}
	}
	return l.buf[l.pos], nil
}

// token skips white space and returns the next byte without taking it; the end of the body is an error.
func (l *lexer) token() (byte, error) {
	for {
		c, err := l.peek()
		if err != nil {
			return 0, l.truncated(err)
		}
		switch c {
		case '\n':
			l.line++
		case ' ', '\t', '\r':
		default:
			return c, nil
		}
		l.pos++
	}
}

// expect takes one byte of structure.
func (l *lexer) expect(want byte) error {
	c, err := l.token()
	if err != nil {
		return err
	}
	if c != want {
		return l.errorf("found %q where %q must stand.", c, want)
	}
	l.pos++
	return nil
}

// more takes the comma or the closing byte behind an element and tells whether another element follows.
func (l *lexer) more(closing byte) (bool, error) {
	c, err := l.token()
	if err != nil {
		return false, err
	}
	l.pos++
	switch c {
	case ',':
		return true, nil
	case closing:
		return false, nil
	}
	return false, l.errorf("found %q where ',' or %q must stand.", c, closing)
}

// empty takes the closing byte of an object or array without elements, if that is what follows.
func (l *lexer) empty(closing byte) (bool, error) {
	c, err := l.token()
	if err != nil {
		return false, err
	}
	if c == closing {
		l.pos++
		return true, nil
	}
	return false, nil
}

// special are the bytes that end a plain stretch of a JSON string.
var special = func() (t [256]bool) {
	for c := 0; c < ' '; c++ {
		t[c] = true
	}
	t['"'], t['\\'] = true, true
	return t
}()

// stretches reads a JSON string and hands it on, unescaped, in pieces that are valid until the next one.
func (l *lexer) stretches(emit func([]byte) error) error {
	if err := l.expect('"'); err != nil {
		return err
	}
	for {
		c, err := l.peek()
		if err != nil {
			return l.truncated(err)
		}
		if !special[c] {
			i := l.pos
			for i < l.end && !special[l.buf[i]] {
				i++
			}
			if err := emit(l.buf[l.pos:i]); err != nil {
				return err
			}
			l.pos = i
			continue
		}
		l.pos++
		switch c {
		case '"':
			return nil
		case '\\':
			var b [utf8.UTFMax]byte
			n, err := l.escape(&b)
			if err != nil {
				return err
			}
			if err := emit(b[:n]); err != nil {
				return err
			}
		default:
			return l.errorf("a string holds a raw control character.")
		}
	}
}

func (l *lexer) escape(b *[utf8.UTFMax]byte) (int, error) {
	c, err := l.take()
	if err != nil {
		return 0, err
	}
	switch c {
	case '"', '\\', '/':
		b[0] = c
	case 'b':
		b[0] = '\b'
	case 'f':
		b[0] = '\f'
	case 'n':
		b[0] = '\n'
	case 'r':
		b[0] = '\r'
	case 't':
		b[0] = '\t'
	case 'u':
		r, err := l.unicode()
		if err != nil {
			return 0, err
		}
		return utf8.EncodeRune(b[:], r), nil
	default:
		return 0, l.errorf("a string holds the unknown escape %q.", `\`+string(rune(c)))
	}
	return 1, nil
}

// unicode reads the digits behind \u, and the second half of a pair.
func (l *lexer) unicode() (rune, error) {
	r, err := l.hex4()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	for _, want := range []byte(`\u`) {
		c, err := l.take()
		if err != nil {
			return 0, err
		}
		if c != want {
			return 0, l.errorf("a string holds half a surrogate pair.")
		}
	}
	low, err := l.hex4()
	if err != nil {
		return 0, err
	}
	if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
		return 0, l.errorf("a string holds half a surrogate pair.")
	}
	return r, nil
}

func (l *lexer) hex4() (rune, error) {
	var r rune
	for range 4 {
		c, err := l.take()
		if err != nil {
			return 0, err
		}
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, l.errorf("a string holds a malformed \\u escape.")
		}
	}
	return r, nil
}

func (l *lexer) take() (byte, error) {
	c, err := l.peek()
	if err != nil {
		return 0, l.truncated(err)
	}
	l.pos++
	return c, nil
}
