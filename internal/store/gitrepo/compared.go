package gitrepo

import (
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// compared goes through trees in step with a new one and notes what stands in old ones and is not the same.
type compared struct {
	trees []comparedTree
	stood map[hub.OID]bool
}

type comparedTree struct {
	mergeTree
	old bool
}

func (m *compared) at(e object.RawEntry) (same bool, below []side, err error) {
	for i := range m.trees {
		t := &m.trees[i]
		for t.ok && t.e.Compare(e) < 0 {
			if err := m.pass(t); err != nil {
				return false, nil, err
			}
		}
		if !t.ok || t.e.Compare(e) != 0 {
			continue
		}
		if string(t.e.Bytes) == string(e.Bytes) {
			same = true
			if err := t.next(); err != nil {
				return false, nil, err
			}
			continue
		}
		if e.IsDir() && t.e.IsDir() {
			below = append(below, side{t.e.OID(), t.old})
		}
	}
	return same, below, nil
}

// pass goes on to the next entry of one tree.
func (m *compared) pass(t *comparedTree) error {
	if t.old {
		m.stood[t.e.OID()] = true
	}
	return t.next()
}

func (m *compared) rest() error {
	for i := range m.trees {
		for m.trees[i].ok {
			if err := m.pass(&m.trees[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
