package xorb

import "encoding/binary"

// stretch is how many numbers are put together at a time: arrays of known length spare the checks of every index.
const stretch = 64

// groupBytes sorts the bytes of src into dst by their position modulo four: the bytes of numbers of 16 and 32 bits that
// change little come to lie together. With a remainder, the first groups are one byte longer. dst has src's length.
// Source: xet-core xorb_object/src/byte_grouping/bg4.rs.
func groupBytes(dst, src []byte) {
	a, b, c, d := groups(dst)
	n, i := len(d), 0
	for ; n-i >= stretch; i += stretch {
		groupStretch((*[4 * stretch]byte)(src[4*i:]),
			(*[stretch]byte)(a[i:]), (*[stretch]byte)(b[i:]), (*[stretch]byte)(c[i:]), (*[stretch]byte)(d[i:]))
	}
	for ; i < n; i++ {
		a[i], b[i], c[i], d[i] = src[4*i], src[4*i+1], src[4*i+2], src[4*i+3]
	}
	for g, rest := range [][]byte{a, b, c} {
		if len(rest) > n {
			rest[n] = src[4*n+g]
		}
	}
}

func groupStretch(src *[4 * stretch]byte, a, b, c, d *[stretch]byte) {
	for i := range stretch {
		word := binary.LittleEndian.Uint32(src[4*i:])
		a[i], b[i], c[i], d[i] = byte(word), byte(word>>8), byte(word>>16), byte(word>>24)
	}
}

// ungroupBytes is the inverse of groupBytes.
func ungroupBytes(dst, src []byte) {
	a, b, c, d := groups(src)
	n, i := len(d), 0
	for ; n-i >= stretch; i += stretch {
		ungroupStretch((*[4 * stretch]byte)(dst[4*i:]),
			(*[stretch]byte)(a[i:]), (*[stretch]byte)(b[i:]), (*[stretch]byte)(c[i:]), (*[stretch]byte)(d[i:]))
	}
	for ; i < n; i++ {
		dst[4*i], dst[4*i+1], dst[4*i+2], dst[4*i+3] = a[i], b[i], c[i], d[i]
	}
	for g, rest := range [][]byte{a, b, c} {
		if len(rest) > n {
			dst[4*n+g] = rest[n]
		}
	}
}

func ungroupStretch(dst *[4 * stretch]byte, a, b, c, d *[stretch]byte) {
	for i := 0; i < stretch; i += 2 {
		even := uint32(a[i]) | uint32(b[i])<<8 | uint32(c[i])<<16 | uint32(d[i])<<24
		odd := uint32(a[i+1]) | uint32(b[i+1])<<8 | uint32(c[i+1])<<16 | uint32(d[i+1])<<24
		binary.LittleEndian.PutUint64(dst[4*i:], uint64(even)|uint64(odd)<<32)
	}
}

// groups splits grouped bytes into the four groups.
func groups(grouped []byte) (a, b, c, d []byte) {
	n := len(grouped)
	sa := (n + 3) / 4
	sb := sa + (n+2)/4
	sc := sb + (n+1)/4
	return grouped[:sa], grouped[sa:sb], grouped[sb:sc], grouped[sc:]
}
