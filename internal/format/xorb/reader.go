package xorb

import (
	"errors"
	"io"

	"github.com/ambit-hub/ambit/internal/format/xetchunk"
	"github.com/ambit-hub/ambit/internal/hub"
)

// footerMagic stands where a chunk header is expected if a footer follows the chunks. No header starts with it, as the
// version of headers is zero.
const footerMagic = "XETBLOB"

// Chunk is one chunk as it was read.
type Chunk struct {
	Header
	Stored []byte // header and compressed bytes, as they stand in the xorb
	Data   []byte // Header.Unpacked bytes
}

// Reader reads chunks, decompressing each into its own buffers of some 650 KiB. Not for concurrent use.
type Reader struct {
	r       io.Reader
	stored  []byte // header and payload
	data    []byte
	grouped []byte
}

// NewReader makes a Reader for the serialized form of a xorb, or of a run of its chunks. It reads r in pieces as small as
// a header: give it a buffered one where that is costly.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: r, stored: make([]byte, HeaderSize+maxPacked), data: make([]byte, xetchunk.Max), grouped: make([]byte, xetchunk.Max)}
}

// Reset makes the Reader start anew with r, keeping its buffers.
func (d *Reader) Reset(r io.Reader) { d.r = r }

// Next returns the next chunk, valid until the following call, or io.EOF after the last. A footer ends the chunks like
// the end of the stream, but is read to its end, which must come within MaxFooter bytes. A chunk that is malformed, cut
// short, or decodes to anything but the declared number of bytes is InvalidInput. Hashes are not looked at.
func (d *Reader) Next() (Chunk, error) {
	header := d.stored[:HeaderSize]
	if _, err := io.ReadFull(d.r, header); err != nil {
		if err == io.EOF {
			return Chunk{}, io.EOF
		}
		return Chunk{}, cut(err)
	}
	if string(header[:len(footerMagic)]) == footerMagic {
		return Chunk{}, d.skipFooter()
	}
	h, err := ParseHeader([HeaderSize]byte(header))
	if err != nil {
		return Chunk{}, err
	}
	stored := d.stored[:HeaderSize+h.Packed]
	if _, err := io.ReadFull(d.r, stored[HeaderSize:]); err != nil {
		return Chunk{}, cut(err)
	}
	data, err := d.unpack(h, stored[HeaderSize:])
	if err != nil {
		return Chunk{}, err
	}
	return Chunk{Header: h, Stored: stored, Data: data}, nil
}

func (d *Reader) unpack(h Header, payload []byte) ([]byte, error) {
	out := d.data[:h.Unpacked]
	switch h.Scheme {
	case None:
		return payload, nil
	case LZ4:
		return out, unpackFrame(out, payload)
	default: // GroupedLZ4: ParseHeader lets no other pass
		grouped := d.grouped[:h.Unpacked]
		if err := unpackFrame(grouped, payload); err != nil {
			return nil, err
		}
		ungroupBytes(out, grouped)
		return out, nil
	}
}

// skipFooter returns io.EOF when the stream ends within the length of a footer.
func (d *Reader) skipFooter() error {
	_, err := io.CopyN(io.Discard, d.r, MaxFooter-HeaderSize+1)
	if err == nil {
		return hub.Errorf(hub.InvalidInput, "The footer of the xorb is longer than %d bytes.", MaxFooter)
	}
	return err
}

// cut turns the end of the stream inside a chunk into an error for the uploader.
func cut(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return hub.Wrap(err, hub.InvalidInput, "The xorb ends inside a chunk.")
	}
	return err
}
