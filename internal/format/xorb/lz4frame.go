package xorb

import (
	"encoding/binary"

	"github.com/pierrec/lz4/v4"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Parts of an LZ4 frame. Source: lz4/lz4 doc/lz4_Frame_format.md.
const (
	frameMagic = 0x184D2204

	flagVersion         = 0xC0 // two bits, must be 01
	flagIndependent     = 0x20
	flagBlockChecksum   = 0x10
	flagContentSize     = 0x08
	flagContentChecksum = 0x04
	flagsRefused        = 0x03 // a reserved bit, and the id of a dictionary that nobody has

	blockStored = 1 << 31 // in the size of a block: it is not compressed
)

// unpackFrame decodes a frame that must fill dst exactly and must end where src ends. It walks the frame itself because
// a frame reader sizes its buffers by what the frame declares; here a bomb has nothing to fill but dst.
//
// It is as strict as the strictest client: the hash of a chunk covers what the frame decodes to, not the frame, so a
// frame that only we can read would make a xorb that looks right and that nobody can download.
func unpackFrame(dst, src []byte) error {
	f, body, err := parseFrameHeader(src)
	if err != nil {
		return err
	}
	if f.contentSize >= 0 && f.contentSize != int64(len(dst)) {
		return badFrame("declares another size than the chunk")
	}
	done := 0
	for {
		if len(body) < 4 {
			return badFrame("is cut short")
		}
		size := binary.LittleEndian.Uint32(body)
		body = body[4:]
		if size == 0 {
			break
		}
		n, rest, err := f.unpackBlock(dst, done, body, size)
		if err != nil {
			return err
		}
		done, body = done+n, rest
	}
	if done != len(dst) {
		return badFrame("holds less than the chunk")
	}
	if f.flags&flagContentChecksum != 0 {
		if len(body) < 4 || binary.LittleEndian.Uint32(body) != xxh32(dst) {
			return badFrame("has a wrong content checksum")
		}
		body = body[4:]
	}
	if len(body) > 0 {
		return badFrame("is followed by other bytes")
	}
	return nil
}

type frame struct {
	flags       byte
	maxBlock    int
	contentSize int64 // -1: not declared
}

func parseFrameHeader(src []byte) (f frame, body []byte, err error) {
	if len(src) < 7 || binary.LittleEndian.Uint32(src) != frameMagic {
		return f, nil, badFrame("does not start as one")
	}
	f.flags, f.contentSize = src[4], -1
	if f.flags&flagVersion != 0x40 || f.flags&flagsRefused != 0 {
		return f, nil, badFrame("has flags that are not supported")
	}
	size := src[5] >> 4 & 7
	if src[5]&0x8F != 0 || size < 4 {
		return f, nil, badFrame("declares a block size that does not exist")
	}
	f.maxBlock = 1 << (8 + 2*size)
	end := 6
	if f.flags&flagContentSize != 0 {
		if end = 14; len(src) <= end {
			return f, nil, badFrame("is cut short")
		}
		declared := binary.LittleEndian.Uint64(src[6:])
		if declared > 1<<40 {
			return f, nil, badFrame("declares another size than the chunk")
		}
		f.contentSize = int64(declared)
	}
	if byte(xxh32(src[4:end])>>8) != src[end] {
		return f, nil, badFrame("has a wrong header checksum")
	}
	return f, src[end+1:], nil
}

// unpackBlock decodes the block at the start of body to dst[done:] and returns its decoded length and what follows it.
func (f frame) unpackBlock(dst []byte, done int, body []byte, size uint32) (int, []byte, error) {
	stored := size&blockStored != 0
	size &^= blockStored
	if size == 0 || int64(size) > int64(f.maxBlock) {
		return 0, nil, badFrame("has a block of an impossible size")
	}
	trailer := uint32(0)
	if f.flags&flagBlockChecksum != 0 {
		trailer = 4
	}
	if uint64(len(body)) < uint64(size)+uint64(trailer) {
		return 0, nil, badFrame("is cut short")
	}
	block, rest := body[:size], body[size:]
	if trailer > 0 {
		if binary.LittleEndian.Uint32(rest) != xxh32(block) {
			return 0, nil, badFrame("has a wrong block checksum")
		}
		rest = rest[trailer:]
	}
	room := dst[done:min(len(dst), done+f.maxBlock)]
	if stored {
		if len(block) > len(room) {
			return 0, nil, badFrame("holds more than the chunk")
		}
		return copy(room, block), rest, nil
	}
	var dict []byte
	if f.flags&flagIndependent == 0 {
		dict = dst[max(0, done-64<<10):done]
	}
	n, err := lz4.UncompressBlockWithDict(block, room, dict)
	if err != nil || n == 0 {
		return 0, nil, badFrame("has a block that does not decode, or to more than the chunk")
	}
	return n, rest, nil
}

func badFrame(what string) error {
	return hub.Errorf(hub.InvalidInput, "The LZ4 frame of a chunk %s.", what)
}

// The frame headers that the Rust client writes: version 1, independent blocks, no checksums, blocks of 64 KiB or
// 256 KiB. Source: PSeitz/lz4_flex frame/header.rs, BlockSize::from_buf_length.
var (
	frameHeader64K  = [7]byte{0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82}
	frameHeader256K = [7]byte{0x04, 0x22, 0x4D, 0x18, 0x60, 0x50, 0xFB}
)

// packFrame writes src as a frame of one block to dst and returns its length, 0 if the frame would not be shorter
// than src. dst needs the length of src.
func packFrame(c *lz4.Compressor, dst, src []byte) int {
	const around = 7 + 4 + 4 // header, block size, end mark
	if len(src) <= around || len(dst) < len(src) {
		return 0
	}
	n, err := c.CompressBlock(src, dst[11:len(src)-4])
	if err != nil || n == 0 || n+around >= len(src) {
		return 0 // the library's error says that it ran out of room, which is the same
	}
	header := &frameHeader64K
	if len(src) > 64<<10 {
		header = &frameHeader256K
	}
	copy(dst, header[:])
	binary.LittleEndian.PutUint32(dst[7:], uint32(n))
	binary.LittleEndian.PutUint32(dst[11+n:], 0)
	return n + around
}
