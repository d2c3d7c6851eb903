// Package pktline reads and writes the lines that git's protocols are made of: four hex digits that say how long
// the line is, themselves included, and then its bytes. Lengths below four are marks without bytes.
// Source: git's Documentation/gitprotocol-common and gitprotocol-v2.
package pktline

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// MaxData is how many bytes one line carries at most.
const MaxData = 65520 - headerSize

const headerSize = 4

// ErrMalformed says that bytes are not pkt-lines.
var ErrMalformed = errors.New("pktline: malformed line")

// Kind tells lines with bytes from the marks between them.
type Kind uint8

// The kinds. Flush ends a message, Delim a section of it; ResponseEnd is only sent to proxies of git.
const (
	Data Kind = iota
	Flush
	Delim
	ResponseEnd
)

var marks = map[Kind]string{Flush: "0000", Delim: "0001", ResponseEnd: "0002"}

// Reader reads lines. Not for concurrent use.
type Reader struct {
	r   *bufio.Reader
	buf []byte
}

// NewReader returns a reader of r. What lies behind the lines that were read can be had from Rest.
func NewReader(r io.Reader) *Reader {
	// Most requests are a few lines. Longer lines, and a pack behind them, are read past a buffer that they do not fit in.
	return Over(bufio.NewReaderSize(r, 4<<10))
}

// Over is NewReader with a buffer that the caller has.
func Over(r *bufio.Reader) *Reader { return &Reader{r: r} }

// Next reads one line; data is valid until the next call. The error is io.EOF where no line begins,
// io.ErrUnexpectedEOF inside one, ErrMalformed for a length that is none, or one of reading.
func (r *Reader) Next() (k Kind, data []byte, err error) {
	var head [headerSize]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return 0, nil, err
	}
	n, ok := length(head)
	switch {
	case !ok, n == 3, n > MaxData+headerSize:
		return 0, nil, ErrMalformed
	case n < headerSize:
		return Kind(n) + Flush, nil, nil
	}
	if n -= headerSize; cap(r.buf) < n {
		r.buf = make([]byte, n, max(n, 256))
	}
	r.buf = r.buf[:n]
	if _, err := io.ReadFull(r.r, r.buf); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	return Data, r.buf, nil
}

// Text is Next for lines of text: the line feed that may end them is cut off.
func (r *Reader) Text() (k Kind, line string, err error) {
	k, data, err := r.Next()
	if n := len(data); n > 0 && data[n-1] == '\n' {
		data = data[:n-1]
	}
	return k, string(data), err
}

// Rest returns the reader of what follows the lines.
func (r *Reader) Rest() *bufio.Reader { return r.r }

// length reads four hex digits. Git accepts both cases.
func length(head [headerSize]byte) (n int, ok bool) {
	for _, c := range head {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		n = n<<4 | int(c)
	}
	return n, true
}

// Writer writes lines. The first error stays: later calls do nothing and return it. Not for concurrent use.
type Writer struct {
	w   io.Writer
	err error
	buf []byte
}

// NewWriter returns a writer to w. It writes each line with one call; buffer w where that matters.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Err returns the first error.
func (w *Writer) Err() error { return w.err }

// Data writes one line of at most MaxData bytes.
func (w *Writer) Data(b []byte) error {
	if len(b) > MaxData {
		return w.fail(fmt.Errorf("pktline: a line of %d bytes is too long", len(b)))
	}
	w.buf = fmt.Appendf(w.buf[:0], "%04x", len(b)+headerSize)
	w.buf = append(w.buf, b...)
	return w.write(w.buf)
}

// Textf writes one line of text; the caller gives its line feed. What is longer than MaxData is cut.
func (w *Writer) Textf(format string, args ...any) error {
	w.buf = append(w.buf[:0], "0000"...)
	w.buf = fmt.Appendf(w.buf, format, args...)
	w.buf = w.buf[:min(len(w.buf), MaxData+headerSize)]
	copy(w.buf, fmt.Sprintf("%04x", len(w.buf)))
	return w.write(w.buf)
}

// Mark writes a line without bytes: Flush, Delim or ResponseEnd.
func (w *Writer) Mark(k Kind) error {
	return w.write([]byte(marks[k]))
}

func (w *Writer) write(b []byte) error {
	if w.err != nil {
		return w.err
	}
	_, err := w.w.Write(b)
	return w.fail(err)
}

func (w *Writer) fail(err error) error {
	if w.err == nil {
		w.err = err
	}
	return w.err
}
