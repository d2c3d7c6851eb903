package xorb

import "encoding/binary"

// groupBytes sorts the bytes of src into dst by their position modulo four: the bytes of numbers of 16 and 32 bits that
// change little come to lie together. With a remainder, the first groups are one byte longer. dst has src's length.
// Source: xet-core xorb_object/src/byte_grouping/bg4.rs.
func groupBytes(dst, src []byte) {
	a, b, c, d := groups(dst)
	i := 0
	for ; i < len(d); i++ {
		word := binary.LittleEndian.Uint32(src[4*i:])
		a[i], b[i], c[i], d[i] = byte(word), byte(word>>8), byte(word>>16), byte(word>>24)
	}
	for g, rest := range [][]byte{a, b, c} {
		if len(rest) > len(d) {
			rest[i] = src[4*i+g]
		}
	}
}

// ungroupBytes is the inverse of groupBytes.
func ungroupBytes(dst, src []byte) {
	a, b, c, d := groups(src)
	n := len(d)
	a4, b4, c4 := a[:n], b[:n], c[:n]
	out, i := dst, 0
	for ; i < n; i++ {
		word := uint32(a4[i]) | uint32(b4[i])<<8 | uint32(c4[i])<<16 | uint32(d[i])<<24
		binary.LittleEndian.PutUint32(out, word)
		out = out[4:]
	}
	for g, rest := range [][]byte{a, b, c} {
		if len(rest) > n {
			out[g] = rest[n]
		}
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
