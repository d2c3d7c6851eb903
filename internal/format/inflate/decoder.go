package inflate

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
	"math/bits"
)

// What Zlib fails with.
var (
	// ErrShort says that the stream goes on behind the bytes that were given. It may turn out to be corrupt there.
	ErrShort = errors.New("inflate: the stream is cut off")
	// ErrCorrupt says that the bytes are no zlib stream, or not one of the size that was asked for.
	ErrCorrupt = errors.New("inflate: corrupt stream")
)

// Decoder decodes one stream after the other. The zero value is ready. It takes some 10 kB. Not for concurrent use.
type Decoder struct {
	src  []byte
	pos  int    // of the next byte of src that is not in hold
	hold uint64 // bits that were read ahead, the next one lowest; above the first n they may be those of src[pos:]
	n    uint   // bits in hold that count
	over uint   // bytes of zeros in hold that stand for what lies behind src

	lit      litTable
	dist     distTable
	litBits  uint                    // that choose an entry of the first table in lit
	distBits uint                    // likewise in dist
	lens     [maxLit + maxDist]uint8 // of the codes of a block
	pre      preTable
	// fixed says that lit and dist hold the codes of RFC 1951, 3.2.6.
	fixed bool
}

const (
	headerSize = 2
	sumSize    = 4
)

// Zlib decodes the stream at the start of src, which must hold exactly len(dst) bytes, and verifies its checksum. It returns how
// many bytes of src the stream takes. The error is ErrShort or ErrCorrupt; then what dst holds means nothing.
func (d *Decoder) Zlib(dst, src []byte) (int, error) {
	if len(src) < headerSize {
		return 0, ErrShort
	}
	// The method is deflate, the window no larger than 32 KiB, and there is no dictionary.
	if h := binary.BigEndian.Uint16(src); h>>8&0xf != 8 || h>>12 > 7 || h%31 != 0 || h&0x20 != 0 {
		return 0, ErrCorrupt
	}
	d.src, d.pos, d.hold, d.n, d.over = src, headerSize, 0, 0, 0
	err := d.blocks(dst)
	if err != nil && d.over > 0 {
		err = ErrShort // it is a judgement of bytes that are not there
	}
	end := d.align()
	d.src = nil
	switch {
	case err != nil:
		return 0, err
	case end+sumSize > len(src):
		return 0, ErrShort
	case binary.BigEndian.Uint32(src[end:]) != adler32.Checksum(dst):
		return 0, ErrCorrupt
	}
	return end + sumSize, nil
}

// blocks decodes all blocks, which must fill dst.
func (d *Decoder) blocks(dst []byte) error {
	out := 0
	for {
		d.fill()
		last, kind := d.take(1), d.take(2)
		var err error
		switch kind {
		case 0:
			out, err = d.stored(dst, out)
		case 1:
			d.useFixed()
			out, err = d.codes(dst, out)
		case 2:
			if err = d.readCodes(); err == nil {
				out, err = d.codes(dst, out)
			}
		default:
			err = ErrCorrupt
		}
		if err != nil {
			return err
		}
		if d.isOver() {
			return ErrCorrupt
		}
		if last == 1 {
			break
		}
	}
	if out != len(dst) {
		return ErrCorrupt
	}
	return nil
}

// fill reads ahead until at least 56 bits are held; behind the end of the source they are zeros.
func (d *Decoder) fill() {
	if d.pos+8 <= len(d.src) {
		d.hold |= binary.LittleEndian.Uint64(d.src[d.pos:]) << (d.n & 63)
		d.pos += int((63 - d.n) >> 3)
		d.n |= 56
		return
	}
	for d.n < 56 {
		if d.pos < len(d.src) {
			d.hold |= uint64(d.src[d.pos]) << (d.n & 63)
			d.pos++
		} else {
			d.over++
		}
		d.n += 8
	}
}

// isOver tells whether zeros were decoded that stand for what lies behind the source.
func (d *Decoder) isOver() bool { return d.n < 8*d.over }

// take returns the next k bits, which must be held.
func (d *Decoder) take(k uint) uint32 {
	v := uint32(d.hold) & (1<<k - 1)
	d.hold >>= k
	d.n -= k
	return v
}

// align drops what is left of the present byte and all that was read ahead, and returns the position of the next byte.
func (d *Decoder) align() int {
	d.pos -= int(d.n>>3) - int(d.over)
	d.hold, d.n, d.over = 0, 0, 0
	return d.pos
}

// stored copies a block that is not compressed.
func (d *Decoder) stored(dst []byte, out int) (int, error) {
	if d.isOver() {
		return out, ErrCorrupt
	}
	at := d.align()
	if at+4 > len(d.src) {
		return out, ErrShort
	}
	n := int(binary.LittleEndian.Uint16(d.src[at:]))
	if n != int(^binary.LittleEndian.Uint16(d.src[at+2:])) || n > len(dst)-out {
		return out, ErrCorrupt
	}
	at += 4
	if at+n > len(d.src) {
		return out, ErrShort
	}
	copy(dst[out:], d.src[at:at+n])
	d.pos = at + n
	return out + n, nil
}

// readCodes reads the codes of a block. Source: RFC 1951, 3.2.7.
func (d *Decoder) readCodes() error {
	d.fill()
	lits, dists, pres := int(d.take(5))+257, int(d.take(5))+1, int(d.take(4))+4
	if lits > maxLit || dists > maxDist {
		return ErrCorrupt
	}
	var preLens [len(preOrder)]uint8
	for i := range pres {
		if d.n < 3 {
			d.fill()
		}
		preLens[preOrder[i]] = uint8(d.take(3))
	}
	if !d.pre.build(&preLens) {
		return ErrCorrupt
	}
	d.fixed = false
	if err := d.readLengths(d.lens[:lits+dists]); err != nil {
		return err
	}
	if !d.build(d.lens[:lits], d.lens[lits:lits+dists]) {
		return ErrCorrupt
	}
	return nil
}

// build makes the tables of a block; it is false if there are no such codes.
func (d *Decoder) build(lits, dists []uint8) (ok bool) {
	if d.litBits, ok = fillTable(d.lit[:], litBits, lits, litEntries[:], false); !ok {
		return false
	}
	d.distBits, ok = fillTable(d.dist[:], distBits, dists, distEntries[:], true)
	return ok
}

// readLengths reads the lengths of codes, which are in a code themselves.
func (d *Decoder) readLengths(lens []uint8) error {
	clear(lens)
	for i := 0; i < len(lens); {
		if d.n < preBits+7 {
			d.fill()
			if d.isOver() {
				return ErrCorrupt
			}
		}
		e := d.pre[d.hold&(1<<preBits-1)]
		d.take(uint(e & 0xf))
		sym := uint8(e >> 4)
		if sym < 16 {
			lens[i] = sym
			i++
			continue
		}
		value, times := uint8(0), 0
		switch sym {
		case 16:
			if i == 0 {
				return ErrCorrupt
			}
			value, times = lens[i-1], 3+int(d.take(2))
		case 17:
			times = 3 + int(d.take(3))
		case 18:
			times = 11 + int(d.take(7))
		}
		if times > len(lens)-i {
			return ErrCorrupt
		}
		if value != 0 {
			for k := range times {
				lens[i+k] = value
			}
		}
		i += times
	}
	return nil
}

// useFixed sets the codes that blocks without codes of their own use.
func (d *Decoder) useFixed() {
	if d.fixed {
		return
	}
	var lits [288]uint8
	for i := range lits {
		switch {
		case i < 144:
			lits[i] = 8
		case i < 256:
			lits[i] = 9
		case i < 280:
			lits[i] = 7
		default:
			lits[i] = 8
		}
	}
	var dists [32]uint8
	for i := range dists {
		dists[i] = 5
	}
	d.build(lits[:], dists[:]) // it is complete
	d.fixed = true
}

// reversed returns the lowest n bits of v in the opposite order.
func reversed(v uint32, n uint) uint32 { return bits.Reverse32(v) >> (32 - n) }
