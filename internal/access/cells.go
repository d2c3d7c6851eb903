package access

import (
	"cmp"
	"math/bits"
	"slices"
)

// cell is what decisions read about one entity, in eight bytes: what the person is to it, and what the token's entry for it
// says.
//
//	organization     bits 0-2 the relation, and from rulesShift on what the organization says about the credential
//	resource group   bits 0-2 the role
//	gate             bits 0-2 the standing, and from untilShift on the number of its end among rarely.until, 0 for none
//	entry            of a namespace, a group or a repository: bit 13, and from entryShift on its atoms
//
// The last two bits are the entity. No cell is zero: zero is what is said of everything else.
type cell struct {
	tail tail
	fact uint32
}

// entity is a kind of things that there are cells and rows about.
type entity uint32

const (
	aSpace entity = iota
	aGroup
	aRepo
	aGate // of a repository, which may have several: for the person, and for what he or she is in
)

func (c cell) entity() entity { return entity(c.fact >> entityShift) }

// order sorts cells.
func (c cell) order() uint64 { return uint64(c.tail)<<2 | uint64(c.entity()) }

const (
	rulesShift  = 3
	rulesMask   = 1<<10 - 1
	untilShift  = 3
	untilMask   = 1<<27 - 1
	entryBit    = 1 << 13
	entryShift  = 14
	entityShift = 30
)

// nearCells is how many cells stand in the subject itself. With what the cache of credentials puts before it, it fills two
// cache lines.
const nearCells = 9

// slot is one of 64, by which near cells are ordered. No two of them have the same: the shift is chosen so.
func slot(t tail, shift uint8) uint64 { return 1 << (uint32(t) * 0x9e3779b1 >> (shift & 31) & 63) }

// fact is what is known of a thing of some kind, zero for the zero tail.
//
// It follows no pattern whether there is something, so that a branch would cost more than looking at a cell that may be
// another's.
func (s *Subject) fact(t tail, kind entity) uint32 {
	i := bits.OnesCount64(s.marks & (slot(t, s.shift) - 1))
	if i >= nearCells {
		i = 0
	}
	c := &s.near[i]
	fact := c.fact
	if uint32(c.tail^t)|(fact>>entityShift^uint32(kind)) != 0 {
		fact = 0
	}
	if has(s.farBits, t) && fact == 0 && t != 0 {
		return s.farFact(t, kind)
	}
	return fact
}

// bitsOf are two of 32 bits by which most of what is not among cells is known not to be: a Bloom filter.
func bitsOf(t tail) uint32 { return uint32(1)<<(t>>27) | uint32(1)<<(t>>22&31) }

// has is false only if no cell whose bits are in set is of t.
func has(set uint32, t tail) bool { return set&bitsOf(t) == bitsOf(t) }

// farFact looks among the cells that are not near.
func (s *Subject) farFact(t tail, kind entity) uint32 {
	if i := firstCell(s.far, t, kind); i < len(s.far) && s.far[i].tail == t && s.far[i].entity() == kind {
		return s.far[i].fact
	}
	return 0
}

// cellOf is the cell of a thing, nil if there is none. It may be written to before others have the subject.
func (s *Subject) cellOf(t tail, kind entity) *cell {
	for _, cells := range [...][]cell{s.near[:], s.far} {
		for i := range cells {
			if c := &cells[i]; c.tail == t && c.entity() == kind && c.fact != 0 {
				return c
			}
		}
	}
	return nil
}

// firstCell is the index of the first cell of a thing in sorted cells, or of where it would be.
func firstCell(cells []cell, t tail, kind entity) int {
	order := cell{t, uint32(kind) << entityShift}.order()
	lo, hi := 0, len(cells)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); cells[mid].order() < order {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// place lays out cells, those first that most decisions ask for. Gates are always far: most decisions ask for none.
func (s *Subject) place(cells []cell) {
	s.shift = bestShift(cells[:min(len(cells), nearCells)])
	var near []cell
	far := make([]cell, 0, len(cells))
	for _, c := range cells {
		if bit := slot(c.tail, s.shift); c.entity() != aGate && len(near) < nearCells && s.marks&bit == 0 {
			near, s.marks = append(near, c), s.marks|bit
		} else {
			far = append(far, c)
			set := &s.farBits
			if c.entity() == aGate {
				set = &s.gateBits
			}
			*set |= bitsOf(c.tail)
		}
	}
	for _, c := range near {
		s.near[bits.OnesCount64(s.marks&(slot(c.tail, s.shift)-1))] = c
	}
	slices.SortStableFunc(far, func(a, b cell) int { return cmp.Compare(a.order(), b.order()) })
	s.far = append(make([]cell, 0, len(far)), far...)
}

// bestShift is the shift by which the fewest cells meet.
func bestShift(cells []cell) (best uint8) {
	least := len(cells) + 1
	for shift := range uint8(27) {
		met, marks := 0, uint64(0)
		for _, c := range cells {
			bit := slot(c.tail, shift)
			if marks&bit != 0 {
				met++
			}
			marks |= bit
		}
		if met < least {
			best, least = shift, met
		}
		if met == 0 {
			break
		}
	}
	return best
}
