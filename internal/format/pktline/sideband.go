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
	buf  []byte
}

const bandHeader = headerSize + 1

// NewSideband returns a writer that splits what it is given into lines of at most max bytes (Wide or Narrow).
func NewSideband(w io.Writer, band Band, max int) *Sideband {
	return &Sideband{w: w, band: band, buf: make([]byte, bandHeader, max)}
}

// Write buffers b and writes full lines. Flush writes the rest.
func (s *Sideband) Write(b []byte) (int, error) {
	total := len(b)
	for len(b) > 0 {
		n := copy(s.buf[len(s.buf):cap(s.buf)], b)
		s.buf = s.buf[:len(s.buf)+n]
		b = b[n:]
		if len(s.buf) == cap(s.buf) {
			if err := s.Flush(); err != nil {
				return total - len(b), err
			}
		}
	}
	return total, nil
}

// Flush writes what is buffered as one line.
func (s *Sideband) Flush() error {
	n := len(s.buf)
	if n == bandHeader {
		return nil
	}
	const digits = "0123456789abcdef"
	for i := range headerSize {
		s.buf[i] = digits[n>>(12-4*i)&15]
	}
	s.buf[headerSize] = byte(s.band)
	_, err := s.w.Write(s.buf)
	s.buf = s.buf[:bandHeader]
	return err
}

// Raw writes bytes past the bands: a mark that ends what they carry.
func (s *Sideband) Raw(b []byte) (int, error) {
	if err := s.Flush(); err != nil {
		return 0, err
	}
	return s.w.Write(b)
}
