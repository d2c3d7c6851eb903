package xorb

import (
	"encoding/binary"
	"math/bits"
)

const (
	xxPrime1 uint32 = 2654435761
	xxPrime2 uint32 = 2246822519
	xxPrime3 uint32 = 3266489917
	xxPrime4 uint32 = 668265263
	xxPrime5 uint32 = 374761393
)

// xxh32 is XXH32 with seed 0, the checksum of LZ4 frames. The lz4 library keeps its own to itself. Source:
// Cyan4973/xxHash doc/xxhash_spec.md.
func xxh32(b []byte) uint32 {
	h := xxPrime5
	n := uint32(len(b))
	if len(b) >= 16 {
		s0, s1, s2, s3 := xxPrime1, xxPrime2, uint32(0), uint32(0)
		s0, s3 = s0+xxPrime2, s3-xxPrime1
		for ; len(b) >= 16; b = b[16:] {
			s0 = xxRound(s0, binary.LittleEndian.Uint32(b))
			s1 = xxRound(s1, binary.LittleEndian.Uint32(b[4:]))
			s2 = xxRound(s2, binary.LittleEndian.Uint32(b[8:]))
			s3 = xxRound(s3, binary.LittleEndian.Uint32(b[12:]))
		}
		h = bits.RotateLeft32(s0, 1) + bits.RotateLeft32(s1, 7) + bits.RotateLeft32(s2, 12) + bits.RotateLeft32(s3, 18)
	}
	h += n
	for ; len(b) >= 4; b = b[4:] {
		h = bits.RotateLeft32(h+binary.LittleEndian.Uint32(b)*xxPrime3, 17) * xxPrime4
	}
	for _, c := range b {
		h = bits.RotateLeft32(h+uint32(c)*xxPrime5, 11) * xxPrime1
	}
	h = (h ^ h>>15) * xxPrime2
	h = (h ^ h>>13) * xxPrime3
	return h ^ h>>16
}

func xxRound(s, x uint32) uint32 { return bits.RotateLeft32(s+x*xxPrime2, 13) * xxPrime1 }
