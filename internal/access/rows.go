package access

import (
	"cmp"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// key is an id packed into twelve bytes. The zero key is that of no row: text that is not an id gets it, and
// it matches nothing.
//
// Three words rather than a long and a short one: what a decision reads of a repository then fills one cache line.
type key struct {
	a, b uint32 // first 16 digits
	lo   uint32 // last 8 digits, which are random
}

func keyOf(id hub.ID) key {
	if len(id) != 24 {
		return key{}
	}
	var words [3]uint32
	var bad byte
	for i := range 24 {
		d := hexDigit[id[i]]
		bad |= d
		words[i/8] = words[i/8]<<4 | uint32(d&15)
	}
	if bad > 15 {
		return key{}
	}
	return key{words[0], words[1], words[2]}
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
	key
	fact uint16
}

// compare orders keys by what differs most.
func (k key) compare(l key) int {
	return cmp.Or(cmp.Compare(k.lo, l.lo), cmp.Compare(k.a, l.a), cmp.Compare(k.b, l.b))
}

func sortRows(rs []row) {
	slices.SortFunc(rs, func(a, b row) int { return a.compare(b.key) })
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
			if rs[lo].key == k {
				return rs[lo].fact, true
			}
		}
		return 0, false
	}
	for i := range rs {
		if rs[i].lo == k.lo && rs[i].key == k {
			return rs[i].fact, true
		}
	}
	return 0, false
}

// gateRow says where the subject stands before the gate of one repository. There may be several of one repository.
type gateRow struct {
	key
	standing standing
	until    int64 // Unix nanoseconds, 0 for without end
}

func sortGates(rs []gateRow) {
	slices.SortFunc(rs, func(a, b gateRow) int {
		return cmp.Or(a.compare(b.key), cmp.Compare(b.standing, a.standing))
	})
}

// firstGate is the index of the first row of k in sorted rows, or of any other row when there is none.
func firstGate(rs []gateRow, k key) int {
	lo, hi := 0, len(rs)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if rs[mid].compare(k) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
