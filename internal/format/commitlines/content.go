package commitlines

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"os"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Content is the content of one file line. Its text lies in memory up to Limits.Memory and beyond that in the
// scanner's temporary file.
type Content struct {
	s        *Scanner
	raw      int64   // length of the unescaped text
	inFile   int64   // bytes of it in the temporary file; they come after those in s.mem
	dropped  bool    // the text was longer than any acceptable content and its end is not kept
	tail     [2]byte // last two bytes of the text: base64 padding
	base64   bool
	size     int64
	tooLarge bool
	decoded  []byte // decoded base64 when all of the text lay in memory
}

// Size returns the length of the decoded content in bytes.
func (c *Content) Size() int64 { return c.size }

// TooLarge tells whether the content is longer than Limits.File. It can then not be read.
func (c *Content) TooLarge() bool { return c.tooLarge }

var errBase64 = errors.New("not valid base64")

// Reader returns the decoded content from its start. A reader is valid until the next call of Reader or Next.
// Reading fails with InvalidInput when text that was too long to check at once turns out not to be base64.
func (c *Content) Reader() io.Reader {
	if c.tooLarge || c.dropped {
		return errReader{hub.Errorf(hub.TooLarge, "The file is larger than %d bytes.", c.s.limits.File)}
	}
	if c.base64 && c.inFile == 0 {
		return bytes.NewReader(c.decoded)
	}
	var text io.Reader = bytes.NewReader(c.s.mem)
	if c.inFile > 0 {
		text = io.MultiReader(text, io.NewSectionReader(c.s.file, 0, c.inFile))
	}
	if c.base64 {
		return &base64Reader{r: base64.NewDecoder(base64.StdEncoding.Strict(), text), left: c.size}
	}
	return text
}

// spool reads the string of a "content" field.
func (s *Scanner) spool() (*Content, error) {
	l := s.lex
	first, err := l.token()
	if err != nil {
		return nil, err
	}
	if first != '"' {
		return nil, l.errorf("%q must be a string.", "content")
	}
	c := &Content{s: s}
	s.mem = s.mem[:0]
	// No more text than this can be the base64 of an acceptable file.
	keep := s.limits.File/3*4 + 8
	err = l.stretches(func(p []byte) error {
		c.raw += int64(len(p))
		switch n := len(p); {
		case n >= 2:
			c.tail = [2]byte(p[n-2:])
		case n == 1:
			c.tail = [2]byte{c.tail[1], p[0]}
		}
		if c.raw > keep {
			c.dropped = true
			return nil
		}
		if c.inFile == 0 && len(s.mem)+len(p) <= s.limits.Memory {
			s.mem = append(s.mem, p...)
			return nil
		}
		if err := s.openFile(); err != nil {
			return err
		}
		n, err := s.file.WriteAt(p, c.inFile)
		c.inFile += int64(n)
		return err
	})
	return c, err
}

// plain takes the text as it is.
func (c *Content) plain() { c.size = c.raw }

// decode takes the text as base64: complete groups of four, padded, without line ends.
func (c *Content) decode() error {
	c.base64 = true
	if c.raw%4 != 0 {
		return errBase64
	}
	c.size = c.raw / 4 * 3
	if c.raw > 0 && c.tail[1] == '=' {
		c.size--
		if c.tail[0] == '=' {
			c.size--
		}
	}
	if c.inFile > 0 || c.dropped {
		return nil
	}
	mem := c.s.mem
	if n := base64.StdEncoding.DecodedLen(len(mem)); cap(c.s.dec) < n {
		c.s.dec = make([]byte, n)
	}
	n, err := base64.StdEncoding.Strict().Decode(c.s.dec[:cap(c.s.dec)], mem)
	if err != nil || int64(n) != c.size { // a difference means line ends, which the decoder passes over
		return errBase64
	}
	c.decoded = c.s.dec[:n]
	return nil
}

// judge decides whether the content may be read.
func (c *Content) judge(limit int64) { c.tooLarge = c.size > limit || c.dropped }

func (s *Scanner) openFile() error {
	if s.file != nil {
		return nil
	}
	f, err := os.CreateTemp(s.limits.Dir, "commit-*")
	if err != nil {
		return err
	}
	// The name goes at once, so that nothing is left behind however the process ends.
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return err
	}
	s.file = f
	return nil
}

// base64Reader gives decoding errors a code and holds the length to what the text promised.
type base64Reader struct {
	r    io.Reader
	left int64
}

func (b *base64Reader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.left -= int64(n)
	switch {
	case errors.Is(err, io.EOF) && b.left == 0, err == nil && b.left >= 0:
		return n, err
	case err == nil, errors.Is(err, io.EOF):
		err = errBase64
	}
	return n, hub.Wrap(err, hub.InvalidInput, "The content of a file is not valid base64.")
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
