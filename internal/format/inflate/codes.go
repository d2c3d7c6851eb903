package inflate

import "encoding/binary"

// codes decodes a block in the codes that d holds. out is how much of dst is filled; it returns how much is then.
//
// What is read ahead is kept in variables while it runs. At least 56 bits are held at the beginning of each turn, which is enough
// for three literals, or for a length and its distance of at most 48 bits.
func (d *Decoder) codes(dst []byte, out int) (int, error) {
	src, pos, hold, n := d.src, d.pos, d.hold, d.n
	lit, dist := &d.lit, &d.dist
	litBits, litMask := d.litBits, uint64(1)<<d.litBits-1
	distBits, distMask := d.distBits, uint64(1)<<d.distBits-1
	for {
		if pos+8 <= len(src) {
			hold |= binary.LittleEndian.Uint64(src[pos:]) << (n & 63)
			pos += int((63 - n) >> 3)
			n |= 56
		} else {
			d.pos, d.hold, d.n = pos, hold, n
			d.fill()
			pos, hold, n = d.pos, d.hold, d.n
			if d.isOver() {
				return out, ErrCorrupt
			}
		}
		e := lit[hold&litMask%uint64(len(lit))]
		if e&isLiteral != 0 {
			if uint(out) >= uint(len(dst)) {
				return out, d.stop(pos, hold, n, ErrCorrupt)
			}
			dst[out] = byte(e >> 16)
			out++
			hold >>= e & 31
			n -= uint(e & 31)
			e = lit[hold&litMask%uint64(len(lit))]
			if e&isLiteral != 0 {
				if uint(out) >= uint(len(dst)) {
					return out, d.stop(pos, hold, n, ErrCorrupt)
				}
				dst[out] = byte(e >> 16)
				out++
				hold >>= e & 31
				n -= uint(e & 31)
				e = lit[hold&litMask%uint64(len(lit))]
				if e&isLiteral != 0 {
					if uint(out) >= uint(len(dst)) {
						return out, d.stop(pos, hold, n, ErrCorrupt)
					}
					dst[out] = byte(e >> 16)
					out++
					hold >>= e & 31
					n -= uint(e & 31)
					continue
				}
			}
			// A length follows literals: there must be enough for it.
			if pos+8 > len(src) {
				continue
			}
			hold |= binary.LittleEndian.Uint64(src[pos:]) << (n & 63)
			pos += int((63 - n) >> 3)
			n |= 56
		}
		if e&isSpecial != 0 || e == 0 {
			if e&isTable != 0 {
				e = lit[(uint(e>>16)&0x7fff+uint(hold>>(litBits&63))&(1<<(e>>8&15)-1))%uint(len(lit))]
			}
			switch {
			case e&isLiteral != 0:
				if uint(out) >= uint(len(dst)) {
					return out, d.stop(pos, hold, n, ErrCorrupt)
				}
				dst[out] = byte(e >> 16)
				out++
				hold >>= e & 31
				n -= uint(e & 31)
				continue
			case e == 0:
				return out, d.stop(pos, hold, n, ErrCorrupt)
			case e&isEnd != 0:
				return out, d.stop(pos, hold>>(e&31), n-uint(e&31), nil)
			}
		}
		// The bits behind the code say how much is added to the base.
		length := int(e>>16) + int(uint32(hold)&(1<<(e&31)-1)>>(e>>8&15))
		hold >>= e & 31
		n -= uint(e & 31)

		e = dist[hold&distMask%uint64(len(dist))]
		if e&isTable != 0 {
			e = dist[(uint(e>>16)+uint(hold>>(distBits&63))&(1<<(e>>8&15)-1))%uint(len(dist))]
		}
		away := int(e>>16) + int(uint32(hold)&(1<<(e&31)-1)>>(e>>8&15))
		hold >>= e & 31
		n -= uint(e & 31)
		if e == 0 || away > out || length > len(dst)-out {
			return out, d.stop(pos, hold, n, ErrCorrupt)
		}
		repeat(dst, out, away, length)
		out += length
	}
}

// stop keeps what was read ahead, and returns err.
func (d *Decoder) stop(pos int, hold uint64, n uint, err error) error {
	d.pos, d.hold, d.n = pos, hold, n
	return err
}

// repeat writes length bytes at out again that begin away bytes before: more than there are mean those that are being written.
func repeat(dst []byte, out, away, length int) {
	if away >= length {
		copy(dst[out:out+length], dst[out-away:])
		return
	}
	from := out - away
	for done := away; ; done *= 2 {
		// What is written so often is as good a source as what it came from.
		m := min(done, length)
		copy(dst[out:out+m], dst[from:])
		if out, length = out+m, length-m; length == 0 {
			return
		}
	}
}
