package gitrepo

import (
	"math/bits"

	"github.com/ambit-hub/ambit/internal/hub"
)

// slots numbers all objects of a view: those of its packs one after the other, in the order of each pack's index. An
// object that several packs have is known by its number in the first of them.
type slots struct {
	v    *view
	base []int // number of the first object of each pack, and behind the last pack the number of all objects
}

func numbered(v *view) slots {
	s := slots{v: v, base: make([]int, len(v.packs)+1)}
	for i, p := range v.packs {
		s.base[i+1] = s.base[i] + p.Len()
	}
	return s
}

func (s slots) total() int { return s.base[len(s.base)-1] }

// find returns the number of an object and where it lies.
func (s slots) find(oid hub.OID) (slot, number, pos int, ok bool) {
	for i, p := range s.v.packs {
		if pos, ok := p.Find(oid); ok {
			return s.base[i] + pos, i, pos, true
		}
	}
	return 0, 0, 0, false
}

// bitset is a set of slots.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) has(i int) bool { return b[i>>6]&(1<<(i&63)) != 0 }

func (b bitset) set(i int) { b[i>>6] |= 1 << (i & 63) }

func (b bitset) clear(i int) { b[i>>6] &^= 1 << (i & 63) }

// setFrom sets the bits from lo on that are set in o, which has n bits.
func (b bitset) setFrom(lo int, o bitset, n int) {
	shift := lo & 63
	for i, word := range o {
		if left := n - 64*i; left < 64 {
			word &= 1<<left - 1
		}
		at := lo>>6 + i
		if word<<shift != 0 {
			b[at] |= word << shift
		}
		if shift > 0 && word>>(64-shift) != 0 {
			b[at+1] |= word >> (64 - shift)
		}
	}
}

// add sets a bit and tells whether it was clear.
func (b bitset) add(i int) bool {
	w, m := i>>6, uint64(1)<<(i&63)
	if b[w]&m != 0 {
		return false
	}
	b[w] |= m
	return true
}

func (b bitset) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// countIn returns how many of the bits from lo to hi-1 are set.
func (b bitset) countIn(lo, hi int) int {
	n := 0
	for lo < hi && lo&63 != 0 {
		if b.has(lo) {
			n++
		}
		lo++
	}
	for ; lo+64 <= hi; lo += 64 {
		n += bits.OnesCount64(b[lo>>6])
	}
	for ; lo < hi; lo++ {
		if b.has(lo) {
			n++
		}
	}
	return n
}
