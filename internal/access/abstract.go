package access

import (
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// object is what decisions read of a repository or, with an empty id, of a namespace alone.
type object struct {
	id        hub.ID
	namespace hub.ID
	creator   hub.ID
	flags     State // statePrivate, stateGated, stateDisabled
}

// missing stands for everything that does not exist: it is decided like a hidden repository.
var missing = object{flags: statePrivate}

// objectOf reads a repository. Protected spaces are private here; only models and datasets have gates.
func objectOf(r *hub.Repo) object {
	o := object{id: r.ID, namespace: r.NamespaceID, creator: r.CreatorID}
	if r.Visibility != hub.Public {
		o.flags |= statePrivate
	}
	if r.Gated != hub.Ungated && r.Type != hub.Space {
		o.flags |= stateGated
	}
	if r.Disabled {
		o.flags |= stateDisabled
	}
	return o
}

// objectOfNamespace is a namespace without a repository: nothing in it is public.
func objectOfNamespace(id hub.ID) object { return object{namespace: id, flags: statePrivate} }

// abstract reads everything about s and o that the rules look at. It allocates nothing.
func abstract(s *Subject, o *object, now time.Time) State {
	st := State(s.kind)<<kindShift | o.flags
	if s.live(now) {
		st |= stateLive
	}
	if s.admin {
		st |= stateInstanceAdmin
	}
	rel := s.relationTo(o.namespace)
	st |= State(rel) << relationShift
	if rel != nobody && o.creator != "" && o.creator == s.userID {
		st |= stateCreator
	}
	if s.kind == KindFineGrained {
		st |= s.scopeFor(o)
	}
	return st
}

func (s *Subject) relationTo(namespace hub.ID) relation {
	switch {
	case s.kind == KindNone, s.kind == KindAnonymous:
		return nobody
	case namespace == "" || s.userID == "":
		return outsider
	case namespace == s.userID:
		return owner
	}
	if i, ok := findOrg(s.orgs, namespace); ok {
		return s.orgs[i].rel
	}
	return outsider
}

// scopeFor finds the most specific entry of a fine-grained token for o. It speaks alone; only whether the
// namespace's entry carries repo.write is kept beside it, for what an entry on one repository cannot allow.
func (s *Subject) scopeFor(o *object) State {
	var st State
	if s.readGated {
		st |= stateReadGated
	}
	if s.discussAny {
		st |= stateGlobalDiscuss
	}
	lv, at := levelNone, atoms(0)
	if o.namespace == s.userID && s.ownEntry {
		lv, at = levelNamespace, s.ownAtoms
	} else if i, ok := findScope(s.orgScopes, o.namespace); ok {
		lv, at = levelNamespace, s.orgScopes[i].atoms
	}
	if at&atomWrite != 0 {
		st |= stateNamespaceWrite
	}
	if o.id != "" {
		if i, ok := findScope(s.repoScopes, o.id); ok {
			lv, at = levelRepo, s.repoScopes[i].atoms
		}
	}
	return st | State(lv)<<levelShift | State(at)<<atomShift
}

// fewRows is the length up to which looking at every row beats a binary search.
const fewRows = 8

func findOrg(rows []orgRow, id hub.ID) (int, bool) {
	if len(rows) <= fewRows {
		for i := range rows {
			if rows[i].id == id {
				return i, true
			}
		}
		return 0, false
	}
	lo, hi := 0, len(rows)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if rows[mid].id < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(rows) && rows[lo].id == id
}

func findScope(rows []scopeRow, id hub.ID) (int, bool) {
	if len(rows) <= fewRows {
		for i := range rows {
			if rows[i].id == id {
				return i, true
			}
		}
		return 0, false
	}
	lo, hi := 0, len(rows)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if rows[mid].id < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(rows) && rows[lo].id == id
}
