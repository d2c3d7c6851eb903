package pack

import (
	"cmp"
	"slices"
)

// byOffset returns the positions of all objects in the order in which they lie in the pack.
func (p *Pack) byOffset() []int32 {
	p.once.Do(func() {
		p.sorted = make([]int32, p.idx.n)
		if p.idx.n <= 1<<24 && p.t.packLen <= 1<<40 {
			p.sortWords()
			return
		}
		for i := range p.sorted {
			p.sorted[i] = int32(i)
		}
		slices.SortFunc(p.sorted, func(a, b int32) int { return cmp.Compare(p.idx.offset(int(a)), p.idx.offset(int(b))) })
	})
	return p.sorted
}

// sortWords sorts by numbers that hold offset and position, 11 bits of the offset at a time, which is many times as fast:
// the first clone after a start waits for it.
func (p *Pack) sortWords() {
	const digit = 11
	words, other := make([]uint64, len(p.sorted)), make([]uint64, len(p.sorted))
	for i := range words {
		words[i] = uint64(p.idx.offset(i))<<24 | uint64(i)
	}
	for shift := 24; p.t.packLen>>(shift-24) > 0; shift += digit {
		var at [1 << digit]int
		for _, w := range words {
			at[w>>shift&(1<<digit-1)]++
		}
		sum := 0
		for i, n := range at {
			at[i] = sum
			sum += n
		}
		for _, w := range words {
			k := w >> shift & (1<<digit - 1)
			other[at[k]] = w
			at[k]++
		}
		words, other = other, words
	}
	for i, w := range words {
		p.sorted[i] = int32(w & (1<<24 - 1))
	}
}

// rank returns how many entries begin before an offset, and whether one begins there.
func (p *Pack) rank(off int64) (int, bool) {
	return slices.BinarySearchFunc(p.byOffset(), off, func(pos int32, off int64) int {
		return cmp.Compare(p.idx.offset(int(pos)), off)
	})
}

// posAt returns the position of the object whose entry begins at an offset; ErrCorrupt if none does.
func (p *Pack) posAt(off int64) (int, error) {
	i, ok := p.rank(off)
	if !ok {
		return 0, ErrCorrupt
	}
	return int(p.sorted[i]), nil
}

// extent returns where the entry of the object at a position begins and ends in the pack section.
func (p *Pack) extent(pos int) (start, end int64) {
	start = p.idx.offset(pos)
	i, _ := p.rank(start)
	if i+1 < len(p.sorted) {
		return start, p.idx.offset(int(p.sorted[i+1]))
	}
	return start, p.t.packLen - sumSize
}

// Order calls f with the position of each object, in the order in which they lie in the pack.
func (p *Pack) Order(f func(pos int) error) error {
	for _, pos := range p.byOffset() {
		if err := f(int(pos)); err != nil {
			return err
		}
	}
	return nil
}
