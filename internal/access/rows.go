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
		words[i/8] = words[i/8]<<4 | uint32(d)
	}
	if bad > 15 {
		return key{}
	}
	return key{words[0], words[1], words[2]}
}

const hexDigits = "0123456789abcdef"

// hexDigit is the value of a lower-case hexadecimal digit, 255 for any other byte.
var hexDigit = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range hexDigits {
		t[hexDigits[i]] = byte(i)
	}
	return t
}()

// id is the text that k was made of, empty for the zero key.
func (k key) id() hub.ID {
	if k == (key{}) {
		return ""
	}
	var b [24]byte
	for i, word := range [...]uint32{k.a, k.b, k.lo} {
		for j := range 8 {
			b[8*i+j] = hexDigits[word>>(28-4*j)&15]
		}
	}
	return hub.ID(b[:])
}

// row says one small fact about one id. Four rows fill a cache line. What the fact is:
//
//	organization     relation, and from rulesShift on what the organization says about the credential
//	resource group   role, and from groupOrgShift on one more than the place of its organization among the rows
//	entry            the permissions, atoms first
//	gate             standing, and from untilShift on the number of its end among rarely.until, 0 for none
//	home             of an entry's thing: its resource group's id, and where it is: 0 elsewhere, homeOwn in the person's
//	                 namespace, homeOrgs and more in the organization of that place among the rows
type row struct {
	key
	fact uint32
}

const (
	rulesShift    = 3
	groupOrgShift = 3
	untilShift    = 3

	homeOwn  = 1
	homeOrgs = 2
)

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
func findRow(rs []row, k key) (fact uint32, ok bool) {
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

// firstRow is the index of the first row of k in sorted rows, or of any other row when there is none.
func firstRow(rs []row, k key) int {
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
