package object

import "encoding/binary"

const (
	// deltaBlock is the length in bytes of the pieces of a base that are looked for in what is made of it.
	deltaBlock = 16
	maxCopy    = 1<<24 - 1 // bytes that one instruction copies at most
	maxInsert  = 127       // bytes that one instruction inserts at most
	maxBase    = 1<<32 - 1
)

// MakeDelta returns a delta that makes target of base, or nil when it would have more than limit bytes. Both must be
// smaller than 4 GiB.
//
// What both begin and end with is found first, by comparing: versions of a tree or of a text mostly differ in one
// place. The rest is matched by blocks.
// Source of the format: git's Documentation/gitformat-pack, "Deltified representation".
func MakeDelta(base, target []byte, limit int) []byte {
	if len(base) == 0 || len(base) > maxBase || len(target) > maxBase {
		return nil
	}
	head := commonPrefix(base, target)
	tail := commonSuffix(base[head:], target[head:])
	d := deltaWriter{limit: limit, out: appendDeltaSize(appendDeltaSize(make([]byte, 0, 64), len(base)), len(target))}
	d.copy(0, head)
	d.middle(base[head:len(base)-tail], head, target[head:len(target)-tail])
	d.copy(len(base)-tail, tail)
	if len(d.out) > limit {
		return nil
	}
	return d.out
}

func appendDeltaSize(b []byte, n int) []byte {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

func commonPrefix(a, b []byte) int {
	n, i := min(len(a), len(b)), 0
	for i+8 <= n && binary.NativeEndian.Uint64(a[i:]) == binary.NativeEndian.Uint64(b[i:]) {
		i += 8
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

func commonSuffix(a, b []byte) int {
	n, i := min(len(a), len(b)), 0
	for i+8 <= n && binary.NativeEndian.Uint64(a[len(a)-i-8:]) == binary.NativeEndian.Uint64(b[len(b)-i-8:]) {
		i += 8
	}
	for i < n && a[len(a)-1-i] == b[len(b)-1-i] {
		i++
	}
	return i
}

type deltaWriter struct {
	out   []byte
	limit int
}

// full tells that there is no use in going on.
func (d *deltaWriter) full() bool { return len(d.out) > d.limit }

// copy takes n bytes of the base from off.
func (d *deltaWriter) copy(off, n int) {
	for n > 0 && !d.full() {
		step := min(n, maxCopy)
		at := len(d.out)
		d.out = append(d.out, 0x80)
		for i := range 4 {
			if b := byte(off >> (8 * i)); b != 0 {
				d.out[at] |= 1 << i
				d.out = append(d.out, b)
			}
		}
		if step != 0x10000 { // which is what no length means
			for i := range 3 {
				if b := byte(step >> (8 * i)); b != 0 {
					d.out[at] |= 1 << (4 + i)
					d.out = append(d.out, b)
				}
			}
		}
		off, n = off+step, n-step
	}
}

func (d *deltaWriter) insert(b []byte) {
	for len(b) > 0 && !d.full() {
		n := min(len(b), maxInsert)
		d.out = append(append(d.out, byte(n)), b[:n]...)
		b = b[n:]
	}
}

// middle makes target of pieces of base, which begins at shift in the whole base.
func (d *deltaWriter) middle(base []byte, shift int, target []byte) {
	if len(base) < deltaBlock || len(target) < deltaBlock {
		d.insert(target)
		return
	}
	blocks := make(map[[deltaBlock]byte]int32, len(base)/deltaBlock)
	for off := 0; off+deltaBlock <= len(base); off += deltaBlock {
		k := [deltaBlock]byte(base[off:])
		if _, ok := blocks[k]; !ok { // the first of many equal ones
			blocks[k] = int32(off / deltaBlock)
		}
	}
	done, i := 0, 0 // target[:done] is made, target[:i] was looked at
	for i+deltaBlock <= len(target) && !d.full() {
		block, ok := blocks[[deltaBlock]byte(target[i:])]
		if !ok {
			i++
			continue
		}
		off := int(block) * deltaBlock
		back := commonSuffix(base[:off], target[done:i])
		n := back + deltaBlock + commonPrefix(base[off+deltaBlock:], target[i+deltaBlock:])
		d.insert(target[done : i-back])
		d.copy(shift+off-back, n)
		i += n - back
		done = i
	}
	d.insert(target[done:])
}
