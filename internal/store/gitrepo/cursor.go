package gitrepo

import "github.com/ambit-hub/ambit/internal/store/gitrepo/pack"

// cursor reads objects of a walk. It keeps what deltas are likely to be based on next. Not for concurrent use.
type cursor struct{ bases *pack.Bases }

// cursorBytes is the memory of one walk for bases.
const cursorBytes = 8 << 20

func newCursor() cursor { return cursor{pack.NewBases(cursorBytes)} }

// object returns a whole object, which must not be changed.
func (c cursor) object(p *pack.Pack, number, pos int) ([]byte, error) {
	return p.ReadWith(pos, number, c.bases)
}
