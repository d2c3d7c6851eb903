package access

import (
	"cmp"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// rows maps ids to small facts. It is sorted by tail, so that a lookup compares integers that lie side by
// side and looks at the text of an id only to confirm.
type rows[T any] []row[T]

type row[T any] struct {
	tail uint64
	id   hub.ID
	fact T
}

func (r *rows[T]) add(id hub.ID, fact T) { *r = append(*r, row[T]{tailOf(id), id, fact}) }

func (r rows[T]) sort() {
	slices.SortFunc(r, func(a, b row[T]) int { return cmp.Compare(a.tail, b.tail) })
}

// fewRows is the length up to which looking at every row beats a binary search.
const fewRows = 8

func (r rows[T]) find(tail uint64, id hub.ID) (fact T, ok bool) {
	from := 0
	if len(r) > fewRows {
		lo, hi := 0, len(r)
		for lo < hi {
			if mid := int(uint(lo+hi) >> 1); r[mid].tail < tail {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		from = lo
	}
	for i := from; i < len(r) && r[i].tail <= tail; i++ {
		if r[i].tail == tail && r[i].id == id {
			return r[i].fact, true
		}
	}
	return fact, false
}

// tailOf packs the last eight characters of an id, its random part; 0 for what is too short to be one.
func tailOf(id hub.ID) uint64 {
	n := len(id)
	if n < 8 {
		return 0
	}
	s := id[n-8:]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
