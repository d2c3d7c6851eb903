package shard

import (
	"encoding/binary"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Sizes in bytes. Everything before the footer is made of records of one size. Source: xet-core mdb_shard/src/shard_format.rs.
const (
	recordSize    = 48
	footerSize    = 200
	headerVersion = 2
	footerVersion = 1
)

// tag opens every shard.
var tag = [32]byte{
	'H', 'F', 'R', 'e', 'p', 'o', 'M', 'e', 't', 'a', 'D', 'a', 't', 'a', 0,
	0x55, 0x69, 0x67, 0x45, 0x6a, 0x7b, 0x81, 0x57, 0x83, 0xa5, 0xbd, 0xd9, 0x5c, 0xcd, 0xd1, 0x4a, 0xa9,
}

// endHash stands where a file or xorb hash is expected and ends the section.
var endHash = xethash.Hash{
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
}

// Flags of a file: which records follow its terms. Others are refused, as they might announce records nobody knows.
const (
	flagRanges = 1 << 31
	flagSHA256 = 1 << 30
)

// flagEligible marks a chunk for the deduplication index.
const flagEligible = 1 << 31

// Term is a run of chunks of one xorb.
type Term struct {
	Xorb       xethash.Hash
	Unpacked   uint32       // bytes of the run after decompression
	Start, End uint32       // chunk numbers, the end exclusive; the start is always less
	Range      xethash.Hash // verification hash over the hashes of the chunks; zero if the file carries none
}

// File is a file as the terms that make it up.
type File struct {
	Hash   xethash.Hash
	Terms  []Term
	Ranged bool       // every term carries its verification hash
	SHA256 hub.Digest // of the file's content, as the uploader claims; "" if there is none
}

// Size returns the length of the file in bytes. It cannot overflow.
func (f *File) Size() (n uint64) {
	for i := range f.Terms {
		n += uint64(f.Terms[i].Unpacked)
	}
	return n
}

// Chunk is one chunk of a xorb.
type Chunk struct {
	Hash     xethash.Hash // masked in an answer to a deduplication query
	Start    uint32       // bytes of the chunks before, after decompression; clients write it, nobody may trust it
	Unpacked uint32       // bytes after decompression
	Eligible bool         // for the deduplication index; current clients never say so
}

// Xorb is a xorb as the list of its chunks.
type Xorb struct {
	Hash     xethash.Hash
	Unpacked uint32 // bytes of all chunks after decompression
	OnDisk   uint32 // serialized bytes; zero from the Rust client
	Chunks   []Chunk
}

type record [recordSize]byte

func (r *record) hash() xethash.Hash  { return xethash.Hash(r[:32]) }
func (r *record) word(i int) uint32   { return binary.LittleEndian.Uint32(r[32+4*i:]) }
func (r *record) set(i int, v uint32) { binary.LittleEndian.PutUint32(r[32+4*i:], v) }

func recordOf(hash xethash.Hash, words ...uint32) (r record) {
	copy(r[:], hash[:])
	for i, w := range words {
		r.set(i, w)
	}
	return r
}
