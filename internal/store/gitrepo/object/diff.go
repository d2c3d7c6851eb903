package object

import "bytes"

// diffBlock is how many entries are compared at once as long as two trees agree.
const diffBlock = 64

// Diff calls f with the name of each entry that only one of the trees has, or that differs between them. A name that
// is a file in one and a directory in the other is reported twice. Equal stretches are compared as bytes, so the
// cost is that of reading both once, without looking at entries.
func Diff(a, b *Tree, f func(name string)) {
	i, j := 0, 0
	for i < a.Len() && j < b.Len() {
		if n := min(diffBlock, a.Len()-i, b.Len()-j); bytes.Equal(a.Raw(i, i+n), b.Raw(j, j+n)) {
			i, j = i+n, j+n
			continue
		}
		// Somewhere in this block they part.
		for range diffBlock {
			if i >= a.Len() || j >= b.Len() {
				break
			}
			if bytes.Equal(a.Raw(i, i+1), b.Raw(j, j+1)) {
				i, j = i+1, j+1
				continue
			}
			ea, eb := a.raw(i), b.raw(j)
			switch c := compareNames(ea.name, ea.dir(), eb.name, eb.dir()); {
			case c < 0:
				f(string(ea.name))
				i++
			case c > 0:
				f(string(eb.name))
				j++
			default:
				f(string(ea.name))
				i, j = i+1, j+1
			}
		}
	}
	for ; i < a.Len(); i++ {
		f(string(a.raw(i).name))
	}
	for ; j < b.Len(); j++ {
		f(string(b.raw(j).name))
	}
}
