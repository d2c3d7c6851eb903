package access

import (
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// drawing is a subject in the making.
type drawing struct {
	*Subject
	things   []drawn
	orgCount int           // of things: how many are organizations that somebody is a member of; they come first
	places   map[place]int // of things, while entries are drawn
}

// drawn is a thing that the subject has to do with: its row, and what its cell will say, nothing for what decisions do not
// ask about.
type drawn struct {
	row
	says uint32
}

type place struct {
	key
	kind entity
}

// drawMemberships draws the organizations and the resource groups that somebody is in.
func (d *drawing) drawMemberships(f *hub.SubjectFacts) {
	for i := range f.Memberships {
		if m := &f.Memberships[i]; relationOf(m.Role) != outsider {
			d.add(m.OrgID, rowMember, uint32(relationOf(m.Role))|uint32(d.rulesOf(f, m.OrgID))<<rulesShift)
		}
	}
	slices.SortFunc(d.things, func(a, b drawn) int { return a.compare(b.key) })
	d.orgCount = len(d.things)
	for i := range f.Groups {
		if g := &f.Groups[i]; g.Role <= hub.RoleAdmin { // of none nothing is said
			d.add(g.GroupID, rowMember|uint32(aGroup)|uint32(d.orgPlace(keyOf(g.OrgID))+1)<<rowShift, uint32(g.Role))
		}
	}
}

// add draws a thing, unless the id is none.
func (d *drawing) add(id hub.ID, fact, says uint32) {
	if k := keyOf(id); k != (key{}) {
		d.things = append(d.things, drawn{row{k, fact}, says})
	}
}

// orgPlace is the place of an organization that somebody is a member of, -1 for any other.
func (d *drawing) orgPlace(org key) int {
	if i, ok := slices.BinarySearchFunc(d.things[:d.orgCount], org, func(t drawn, k key) int { return t.compare(k) }); ok {
		return i
	}
	return -1
}

// drawEntries draws what the token's entries are for.
func (d *drawing) drawEntries(f *hub.SubjectFacts) {
	if d.Kind() == KindFineGrained { // what is carried beyond entries is for persons
		if f.Token.CanReadGated {
			d.own |= 1 << ownCarries
		}
		if slices.Contains(f.Token.Global, hub.PermDiscussionWrite) {
			d.own |= 2 << ownCarries
		}
	}
	d.places = make(map[place]int, len(d.things)+len(f.Token.Scopes))
	for i := range d.things {
		d.places[place{d.things[i].key, d.things[i].entity()}] = i
	}
	for i := range f.Token.Scopes {
		sc := &f.Token.Scopes[i]
		k, fact := keyOf(sc.EntityID), factOf(sc.Permissions)
		switch sc.EntityType {
		case hub.EntityUser:
			if k == d.person() { // such an entry covers the token owner's own namespace only
				d.enter(k, aSpace, fact, fact)
			}
		case hub.EntityOrg:
			d.enter(k, aSpace, fact, fact)
		case hub.EntityGroup:
			d.enter(k, aGroup, fact, uint32(d.orgPlace(keyOf(sc.NamespaceID))+1))
		case hub.EntityModel, hub.EntityDataset, hub.EntitySpace:
			d.enter(k, aRepo, fact, d.repoHome(sc))
		}
	}
}

// enter draws an entry: the first for a thing counts, as the store has no more.
func (d *drawing) enter(k key, kind entity, permissions, rest uint32) {
	at := d.draw(k, kind, rest)
	if at < 0 || d.things[at].fact&rowEntry != 0 {
		return
	}
	t := &d.things[at]
	t.fact |= rowEntry
	if kind == aSpace {
		t.fact |= rest << rowShift
	}
	t.says |= entryBit | permissions&atomMask<<entryShift
}

// draw returns the place of a entity, which is new unless it is there already; -1 for what is none.
func (d *drawing) draw(k key, kind entity, rest uint32) int {
	if k == (key{}) {
		return -1
	}
	at, ok := d.places[place{k, kind}]
	if !ok {
		at = len(d.things)
		d.things = append(d.things, drawn{row: row{k, uint32(kind) | rest<<rowShift}})
		d.places[place{k, kind}] = at
	}
	return at
}

// repoHome says where the repository of an entry is: see row.
func (d *drawing) repoHome(sc *hub.Scope) uint32 {
	ns := keyOf(sc.NamespaceID)
	if ns == d.person() {
		return homeOwn
	}
	org := d.orgPlace(ns)
	if org < 0 {
		return 0
	}
	if group := d.draw(keyOf(sc.GroupID), aGroup, uint32(org+1)); group >= 0 {
		return homeRows + uint32(group)
	}
	return homeRows + uint32(org)
}

// cells are those of what was drawn: of resource groups last, since the fewest repositories are in any.
func (d *drawing) cells() (cells []cell) {
	for _, kind := range [...]entity{aSpace, aRepo, aGroup} {
		for i := range d.things {
			if t := &d.things[i]; t.entity() == kind && t.says != 0 {
				cells = append(cells, cell{t.tail, t.says | uint32(kind)<<entityShift})
			}
		}
	}
	return cells
}
