package tokenfmt

import "bytes"

// The marks with which texts in UTF-16 begin, for the two orders of bytes.
var littleMark, bigMark = []byte{0xff, 0xfe}, []byte{0xfe, 0xff}

// IsWide tells whether a text that begins with head is in UTF-16, which has a zero beside each letter of ASCII and is a text all
// the same: PowerShell redirects into such files.
func IsWide(head []byte) bool {
	return bytes.HasPrefix(head, littleMark) || bytes.HasPrefix(head, bigMark)
}

// wide reads a text that may be in UTF-16. The zero wide stands at its beginning.
type wide struct {
	head [2]byte
	n    int  // bytes of head, and 3 once the text is known to be none
	odd  bool // half holds the first byte of a unit
	half byte
}

// takes notes the first bytes, and tells whether p belongs to a text in UTF-16: rest is the part of it behind the mark.
func (w *wide) takes(p []byte) (rest []byte, yes bool) {
	for w.n < len(w.head) && len(p) > 0 {
		w.head[w.n] = p[0]
		w.n++
		p = p[1:]
		if w.n == len(w.head) && !IsWide(w.head[:]) {
			w.n++
		}
	}
	return p, w.n == len(w.head)
}

// narrow hands the letters of p on, one byte each; what is not ASCII becomes a byte that no token holds.
func (w *wide) narrow(p []byte, write func([]byte)) {
	var buf [4096]byte
	n := 0
	for _, c := range p {
		if !w.odd {
			w.odd, w.half = true, c
			continue
		}
		w.odd = false
		low, high := w.half, c
		if w.head[0] == bigMark[0] {
			low, high = high, low
		}
		if high != 0 || low > 0x7f {
			low = 0x80
		}
		buf[n] = low
		if n++; n == len(buf) {
			write(buf[:n])
			n = 0
		}
	}
	write(buf[:n])
}
