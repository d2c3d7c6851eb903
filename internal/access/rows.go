package access

import (
	"cmp"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// key is an id packed into twelve bytes. The zero key is that of no row: text that is not an id gets it, and
// it matches nothing.
type key struct {
	hi uint64 // first 16 digits
	lo uint32 // last 8 digits, which are random
}

func keyOf(id hub.ID) key {
	if len(id) != 24 {
		return key{}
	}
	var k key
	var bad byte
	for i := 0; i < 16; i++ {
		d := hexDigit[id[i]]
		bad |= d
		k.hi = k.hi<<4 | uint64(d&15)
	}
	for i := 16; i < 24; i++ {
		d := hexDigit[id[i]]
		bad |= d
		k.lo = k.lo<<4 | uint32(d&15)
	}
	if bad > 15 {
		return key{}
	}
	return k
}

// hexDigit is the value of a lower-case hexadecimal digit, 255 for any other byte.
var hexDigit = func() (t [256]byte) {
	for i := range t {
		switch {
		case '0' <= i && i <= '9':
			t[i] = byte(i - '0')
		case 'a' <= i && i <= 'f':
			t[i] = byte(i - 'a' + 10)
		default:
			t[i] = 255
		}
	}
	return t
}()

// row says one small fact about one id: a relation, a role or a set of atoms. Four rows fill a cache line.
type row struct {
	hi   uint64
	lo   uint32
	fact uint16
}

func sortRows(rs []row) {
	slices.SortFunc(rs, func(a, b row) int {
		if c := cmp.Compare(a.lo, b.lo); c != 0 {
			return c
		}
		return cmp.Compare(a.hi, b.hi)
	})
}

// fewRows is the length up to which looking at every row beats a binary search.
const fewRows = 8

// findRow looks k up in sorted rows. They never hold the zero key.
func findRow(rs []row, k key) (fact uint16, ok bool) {
	if len(rs) > fewRows {
		lo, hi := 0, len(rs)
		for lo < hi {
			if mid := int(uint(lo+hi) >> 1); rs[mid].lo < k.lo {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		for ; lo < len(rs) && rs[lo].lo == k.lo; lo++ {
			if rs[lo].hi == k.hi {
				return rs[lo].fact, true
			}
		}
		return 0, false
	}
	for i := range rs {
		if rs[i].lo == k.lo && rs[i].hi == k.hi {
			return rs[i].fact, true
		}
	}
	return 0, false
}

// gateRow says where the subject stands before the gate of one repository. There may be several of one repository.
type gateRow struct {
	hi       uint64
	until    int64 // Unix nanoseconds, 0 for without end
	lo       uint32
	standing standing
}

func sortGates(rs []gateRow) {
	slices.SortFunc(rs, func(a, b gateRow) int {
		return cmp.Or(cmp.Compare(a.lo, b.lo), cmp.Compare(a.hi, b.hi), cmp.Compare(b.standing, a.standing))
	})
}

// firstGate is the index of the first row of k in sorted rows, or of any other row when there is none.
func firstGate(rs []gateRow, k key) int {
	lo, hi := 0, len(rs)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if r := &rs[mid]; r.lo < k.lo || r.lo == k.lo && r.hi < k.hi {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
