package pack

import (
	"cmp"
	"slices"
)

// byOffset returns the positions of all objects in the order in which they lie in the pack.
func (p *Pack) byOffset() []int32 {
	p.once.Do(func() {
		p.sorted = make([]int32, p.idx.n)
		for i := range p.sorted {
			p.sorted[i] = int32(i)
		}
		slices.SortFunc(p.sorted, func(a, b int32) int { return cmp.Compare(p.idx.offset(int(a)), p.idx.offset(int(b))) })
	})
	return p.sorted
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
