package xethash

import (
	"sync"

	"github.com/zeebo/blake3"
)

// The keys of the protocol. Source: xet-core merklehash/src/data_hash.rs and merkledb constants, as published in
// hub-docs docs/xet/hashing.
var (
	chunkKey = [Size]byte{
		0x66, 0x97, 0xf5, 0x77, 0x5b, 0x95, 0x50, 0xde, 0x31, 0x35, 0xcb, 0xac, 0xa5, 0x97, 0x18, 0x1c,
		0x9d, 0xe4, 0x21, 0x10, 0x9b, 0xeb, 0x2b, 0x58, 0xb4, 0xd0, 0xb0, 0x4b, 0x93, 0xad, 0xf2, 0x29,
	}
	nodeKey = [Size]byte{
		0x01, 0x7e, 0xc5, 0xc7, 0xa5, 0x47, 0x29, 0x96, 0xfd, 0x94, 0x66, 0x66, 0xb4, 0x8a, 0x02, 0xe6,
		0x5d, 0xdd, 0x53, 0x6f, 0x37, 0xc7, 0x6d, 0xd2, 0xf8, 0x63, 0x52, 0xe6, 0x4a, 0x53, 0x71, 0x3f,
	}
	rangeKey = [Size]byte{
		0x7f, 0x18, 0x57, 0xd6, 0xce, 0x56, 0xed, 0x66, 0x12, 0x7f, 0xf9, 0x13, 0xe7, 0xa5, 0xc3, 0xf3,
		0xa4, 0xcd, 0x26, 0xd5, 0xb5, 0xdb, 0x49, 0xe6, 0x41, 0x24, 0x98, 0x7f, 0x28, 0xfb, 0x94, 0xc3,
	}
)

// Hashers weigh some ten kilobytes and are reset in no time, so each fixed key keeps a pool of them.
var (
	chunkHashers = pool(chunkKey)
	nodeHashers  = pool(nodeKey)
	fileHashers  = pool([Size]byte{})
)

func pool(key [Size]byte) *sync.Pool {
	return &sync.Pool{New: func() any { return newHasher(key) }}
}

func newHasher(key [Size]byte) *blake3.Hasher {
	h, err := blake3.NewKeyed(key[:])
	if err != nil { // only another key length than 32 fails
		panic(err)
	}
	return h
}

func sum(p *sync.Pool, data []byte) (out Hash) {
	h := p.Get().(*blake3.Hasher)
	h.Reset()
	h.Write(data) // never fails
	h.Sum(out[:0])
	p.Put(h)
	return out
}

// Chunk returns the hash of a chunk's uncompressed bytes.
func Chunk(data []byte) Hash { return sum(chunkHashers, data) }

// Range returns the verification hash of a term: the proof, in a shard, that the uploader knows the hash of each chunk
// the term refers to.
func Range(chunks []Hash) (out Hash) {
	h := newHasher(rangeKey)
	for i := range chunks {
		h.Write(chunks[i][:])
	}
	h.Sum(out[:0])
	return out
}

// Masker replaces chunk hashes by keyed ones, as a deduplication answer carries them: a client recognises the chunks
// it has, and learns no hash of those it has not. Not for concurrent use.
type Masker struct{ h *blake3.Hasher }

// NewMasker makes a Masker for the 32 bytes that stand in the footer of the answer.
func NewMasker(key [Size]byte) *Masker { return &Masker{newHasher(key)} }

// Mask returns the keyed hash of a chunk's hash.
func (m *Masker) Mask(chunk Hash) (out Hash) {
	m.h.Reset()
	m.h.Write(chunk[:])
	m.h.Sum(out[:0])
	return out
}
