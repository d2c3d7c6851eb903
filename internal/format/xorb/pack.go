package xorb

import (
	"github.com/pierrec/lz4/v4"

	"github.com/ambit-hub/ambit/internal/format/xetchunk"
)

// retestAfter is how many chunks are packed with a scheme before byte grouping is tried against plain LZ4 again. The
// Rust client does the same. Source: xet-core, default of HF_XET_XORB_COMPRESSION_SCHEME_RETEST_INTERVAL.
const retestAfter = 32

// packer chooses a scheme for each chunk. Plain LZ4 gives up early on data that does not compress and is tried for every
// chunk; grouping costs more and is tried once in a while, as neighbouring chunks tend to be alike.
type packer struct {
	lz4         lz4.Compressor
	out, spare  []byte // header and payload
	grouped     []byte
	preferred   Scheme
	untilRetest int
}

func newPacker() *packer {
	return &packer{
		out: make([]byte, HeaderSize+xetchunk.Max), spare: make([]byte, HeaderSize+xetchunk.Max),
		grouped: make([]byte, xetchunk.Max), preferred: LZ4,
	}
}

// pack returns header and payload of a chunk, valid until the next call. The payload is never longer than data.
func (p *packer) pack(data []byte) []byte {
	scheme, n := p.preferred, 0
	if p.untilRetest == 0 {
		p.untilRetest = retestAfter
		scheme, n = p.best(data)
		p.preferred = scheme
	} else {
		n = p.try(scheme, data)
	}
	p.untilRetest--
	if n == 0 {
		scheme, n = None, copy(p.out[HeaderSize:], data)
	}
	h := Header{Scheme: scheme, Packed: uint32(n), Unpacked: uint32(len(data))}.Bytes()
	copy(p.out, h[:])
	return p.out[:HeaderSize+n]
}

// best tries both schemes and leaves the shorter payload in p.out. Grouped data takes longer to unpack, so it has to save
// a little more than nothing. The length is 0 if neither shortens the chunk.
func (p *packer) best(data []byte) (Scheme, int) {
	plain := p.try(LZ4, data)
	p.out, p.spare = p.spare, p.out
	grouped := p.try(GroupedLZ4, data)
	limit := len(data)
	if plain > 0 {
		limit = plain
	}
	if grouped > 0 && grouped < limit-limit/64 {
		return GroupedLZ4, grouped
	}
	p.out, p.spare = p.spare, p.out
	return LZ4, plain
}

// try compresses data to p.out and returns the length of the payload, 0 if it would not be shorter than data.
func (p *packer) try(scheme Scheme, data []byte) int {
	src := data
	if scheme == GroupedLZ4 {
		src = p.grouped[:len(data)]
		groupBytes(src, data)
	}
	return packFrame(&p.lz4, p.out[HeaderSize:], src)
}
