package gitrepo

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// Prove ends the check of the tips so far: what they refer to in the repository is reachable there.
func (c *Connection) Prove(ctx context.Context) error {
	var open []hub.OID
	for oid := range c.due {
		if !c.isTip[oid] {
			open = append(open, oid)
		}
	}
	if len(open) > 0 {
		var err error
		if open, err = c.notAncestors(open); err != nil {
			return missing(err)
		}
	}
	left := open[:0]
	for _, oid := range open {
		if !c.stood[oid] {
			left = append(left, oid)
		}
	}
	for oid := range c.bases {
		if !c.stood[oid] && !c.isTip[oid] {
			left = append(left, oid)
		}
	}
	oid, bad, err := (&Snapshot{store: c.in.store, v: c.in.base}).Unreachable(ctx, c.tips, left)
	if err != nil {
		return err
	}
	if bad {
		return absent(oid)
	}
	clear(c.due)
	clear(c.bases)
	return nil
}

// notAncestors returns those of the objects that are not commits near the tips.
func (c *Connection) notAncestors(oids []hub.OID) ([]hub.OID, error) {
	want := map[hub.OID]bool{}
	for _, oid := range oids {
		want[oid] = true
	}
	commits, oldest := 0, int64(0)
	g := newGraph(c.g.ctx, c.in.base, nil)
	for _, oid := range oids {
		if k, ok := g.v.kind(oid); !ok || k != object.KindCommit {
			continue
		}
		i, err := g.commit(oid)
		if err != nil {
			return nil, err
		}
		if d := g.nodes[i].date; commits == 0 || d < oldest {
			oldest = d
		}
		commits++
	}
	if commits == 0 {
		return oids, nil
	}
	if err := g.towards(c.tips, oldest, func(oid hub.OID) bool {
		if want[oid] {
			delete(want, oid)
			commits--
		}
		return commits > 0
	}); err != nil {
		return nil, err
	}
	var left []hub.OID
	for oid := range want {
		left = append(left, oid)
	}
	return left, nil
}
