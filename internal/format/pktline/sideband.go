package pktline

import "io"

// Band is one of the streams that share a connection.
type Band byte

// The bands: the pack or the report, text for people, and a last word before the connection ends.
const (
	BandData     Band = 1
	BandProgress Band = 2
	BandError    Band = 3
)

// Limits of a line with its header and band number: of clients that know side-band-64k, and of older ones.
const (
	Wide   = 65520
	Narrow = 1000
)

// Sideband writes one band. Not for concurrent use with other writers of the same connection.
type Sideband struct {
	w    io.Writer
	band Band
	max  int    // bytes of a line
	buf  []byte // whole lines, and one that is not whole yet
	line int    // where that one begins
}

const bandHeader = headerSize + 1

// NewSideband returns a writer that splits what it is given into lines of at most max bytes (Wide or Narrow).
func NewSideband(w io.Writer, band Band, max int) *Sideband { return newSideband(w, band, max, 1) }

// NewBulkSideband is NewSideband for much: several lines leave at once.
func NewBulkSideband(w io.Writer, band Band, max int) *Sideband {
	return newSideband(w, band, max, bulk/max)
}

// bulk is how many bytes leave at once: the more, the fewer calls of the system, as long as they fit in the processor's cache.
const bulk = 4 * Wide

func newSideband(w io.Writer, band Band, max, lines int) *Sideband {
	return &Sideband{w: w, band: band, max: max, buf: make([]byte, bandHeader, lines*max)}
}

// Write buffers b and writes full lines. Flush writes the rest.
func (s *Sideband) Write(b []byte) (int, error) {
	total := len(b)
	for len(b) > 0 {
		end := s.line + s.max
		n := copy(s.buf[len(s.buf):end], b)
		s.buf = s.buf[:len(s.buf)+n]
		b = b[n:]
		if len(s.buf) < end {
			continue
		}
		if end+s.max > cap(s.buf) {
			if err := s.Flush(); err != nil {
				return total - len(b), err
			}
			continue
		}
		s.seal()
		s.line, s.buf = end, s.buf[:end+bandHeader]
	}
	return total, nil
}

// seal writes the header of the line.
func (s *Sideband) seal() {
	const digits = "0123456789abcdef"
	n := len(s.buf) - s.line
	for i := range headerSize {
		s.buf[s.line+i] = digits[n>>(12-4*i)&15]
	}
	s.buf[s.line+headerSize] = byte(s.band)
}

// Flush writes what is buffered, the rest as a line of its own.
func (s *Sideband) Flush() error {
	if len(s.buf) > s.line+bandHeader {
		s.seal()
	} else {
		s.buf = s.buf[:s.line]
	}
	var err error
	if len(s.buf) > 0 {
		_, err = s.w.Write(s.buf)
	}
	s.buf, s.line = s.buf[:bandHeader], 0
	return err
}

// Raw writes bytes past the bands: a mark that ends what they carry.
func (s *Sideband) Raw(b []byte) (int, error) {
	if err := s.Flush(); err != nil {
		return 0, err
	}
	return s.w.Write(b)
}
