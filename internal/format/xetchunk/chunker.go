package xetchunk

import (
	"errors"
	"io"
)

// bufferSize holds several chunks, so that little is moved to the front when the buffer is used up.
const bufferSize = 8 * Max

// Chunker cuts a stream. Its memory is one buffer of a mebibyte. Not for concurrent use.
type Chunker struct {
	r          io.Reader
	buf        []byte
	start, end int   // what is read and not yet returned
	err        error // of r, io.EOF included; returned when all bytes before it have been
}

// New makes a Chunker for r.
func New(r io.Reader) *Chunker { return &Chunker{r: r, buf: make([]byte, bufferSize)} }

// Reset makes the Chunker start anew with r, keeping its buffer.
func (c *Chunker) Reset(r io.Reader) { *c = Chunker{r: r, buf: c.buf} }

// Next returns the next chunk: 1 to Max bytes, valid until the following call. After the last it returns io.EOF; an
// empty stream has no chunk. An error of the reader is returned as it is once no whole chunk lies before it; bytes
// that might be a part of a chunk are then lost.
func (c *Chunker) Next() ([]byte, error) {
	c.fill()
	have := c.buf[c.start:c.end]
	if len(have) < Max && c.err != io.EOF {
		return nil, c.err
	}
	if len(have) == 0 {
		return nil, io.EOF
	}
	n := Cut(have)
	c.start += n
	return have[:n:n], nil
}

// errStuck ends a stream whose reader returns neither bytes nor an error.
var errStuck = errors.New("reader returns no bytes and no error")

// fill reads until a whole chunk is certain to be there or the reader has no more.
func (c *Chunker) fill() {
	if c.end-c.start < Max && len(c.buf)-c.start < Max {
		c.end = copy(c.buf, c.buf[c.start:c.end])
		c.start = 0
	}
	for idle := 0; c.end-c.start < Max && c.err == nil; idle++ {
		var n int
		n, c.err = c.r.Read(c.buf[c.end:])
		c.end += n
		if n > 0 {
			idle = 0
		} else if c.err == nil && idle > 100 {
			c.err = errStuck
		}
	}
}
