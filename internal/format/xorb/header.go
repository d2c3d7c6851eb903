package xorb

import (
	"github.com/ambit-hub/ambit/internal/format/xetchunk"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Limits of a xorb. The Rust client fills a xorb up to 64 MiB of uncompressed data, the JavaScript client up to 64 MiB
// in serialized form. Source: xet-core xorb_object/src/constants.rs, huggingface.js packages/hub createXorbs.ts.
const (
	HeaderSize  = 8       // of a chunk, in bytes
	MaxChunks   = 8 << 10 // in one xorb
	MaxUnpacked = 64 << 20
	MaxBytes    = MaxUnpacked + MaxChunks*HeaderSize // of all chunks with their headers, without a footer
	MaxFooter   = 96 + 40*MaxChunks                  // what a footer for MaxChunks needs
	MaxUpload   = MaxBytes + MaxFooter               // of a request body that may be a xorb
)

// maxPacked is the longest compressed chunk that is accepted, in bytes: compression that doubles a chunk is no mistake
// any client makes.
const maxPacked = 2 * xetchunk.Max

// Scheme says how a chunk is compressed.
type Scheme uint8

// The schemes. Source: xet-core xorb_object/src/compression_scheme.rs.
const (
	None        Scheme = 0 // as it is
	LZ4         Scheme = 1 // one LZ4 frame
	GroupedLZ4  Scheme = 2 // bytes sorted by their position modulo four, then one LZ4 frame
	schemeCount        = 3
)

// Header precedes each chunk.
type Header struct {
	Scheme   Scheme
	Packed   uint32 // length of what follows, in bytes
	Unpacked uint32 // length after decompression, in bytes
}

// ParseHeader checks a header and everything that can be known from it alone.
func ParseHeader(b [HeaderSize]byte) (Header, error) {
	h := Header{Scheme: Scheme(b[4]), Packed: uint24(b[1:4]), Unpacked: uint24(b[5:8])}
	switch {
	case b[0] != 0:
		return Header{}, hub.Errorf(hub.InvalidInput, "Chunk header version %d is not known.", b[0])
	case h.Scheme >= schemeCount:
		return Header{}, hub.Errorf(hub.InvalidInput, "Compression scheme %d is not known.", h.Scheme)
	case h.Unpacked == 0 || h.Unpacked > xetchunk.Max:
		return Header{}, hub.Errorf(hub.InvalidInput, "A chunk has 1 to %d bytes, not %d.", xetchunk.Max, h.Unpacked)
	case h.Packed == 0 || h.Packed > maxPacked:
		return Header{}, hub.Errorf(hub.InvalidInput, "A compressed chunk has 1 to %d bytes, not %d.", maxPacked, h.Packed)
	case h.Scheme == None && h.Packed != h.Unpacked:
		return Header{}, hub.Errorf(hub.InvalidInput, "An uncompressed chunk has two lengths: %d and %d.", h.Packed, h.Unpacked)
	}
	return h, nil
}

// Bytes is the inverse of ParseHeader.
func (h Header) Bytes() [HeaderSize]byte {
	return [HeaderSize]byte{
		0, byte(h.Packed), byte(h.Packed >> 8), byte(h.Packed >> 16),
		byte(h.Scheme), byte(h.Unpacked), byte(h.Unpacked >> 8), byte(h.Unpacked >> 16),
	}
}

func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }
