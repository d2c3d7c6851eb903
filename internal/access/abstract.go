package access

import (
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// object is what decisions read of a repository or, with an empty id, of a namespace alone.
type object struct {
	tail      uint64 // of namespace
	idTail    uint64 // of id
	namespace hub.ID
	id        hub.ID
	creator   hub.ID
	flags     State // statePrivate, stateGated, stateDisabled
}

// missing stands for everything that does not exist: it is decided like a hidden repository.
var missing = object{flags: statePrivate}

// objectOf reads a repository. Protected spaces are private here; only models and datasets have gates.
func objectOf(r *hub.Repo) object {
	o := object{
		tail: tailOf(r.NamespaceID), idTail: tailOf(r.ID),
		namespace: r.NamespaceID, id: r.ID, creator: r.CreatorID,
	}
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
func objectOfNamespace(id hub.ID) object {
	return object{namespace: id, tail: tailOf(id), flags: statePrivate}
}

// abstract reads everything about s and o that the rules look at. It allocates nothing.
func abstract(s *Subject, o *object, now time.Time) State {
	st := State(s.kind)<<kindShift | o.flags
	if s.live(now) {
		st |= stateLive
	}
	if s.admin {
		st |= stateInstanceAdmin
	}
	rel := s.relationTo(o)
	st |= State(rel) << relationShift
	if rel == memberContributor && o.creator == s.userID {
		st |= stateCreator
	}
	if s.kind == KindFineGrained {
		st |= s.scopeFor(o)
	}
	return st
}

func (s *Subject) relationTo(o *object) relation {
	switch {
	case s.kind == KindNone, s.kind == KindAnonymous:
		return nobody
	case o.namespace == "" || s.userID == "":
		return outsider
	case o.tail == s.userTail && o.namespace == s.userID:
		return owner
	}
	if rel, ok := s.orgs.find(o.tail, o.namespace); ok {
		return rel
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
	if s.ownEntry && o.tail == s.userTail && o.namespace == s.userID {
		lv, at = levelNamespace, s.ownAtoms
	} else if a, ok := s.orgScopes.find(o.tail, o.namespace); ok {
		lv, at = levelNamespace, a
	}
	if at&atomWrite != 0 {
		st |= stateNamespaceWrite
	}
	if len(s.repoScopes) > 0 && o.id != "" {
		if a, ok := s.repoScopes.find(o.idTail, o.id); ok {
			lv, at = levelRepo, a
		}
	}
	return st | State(lv)<<levelShift | State(at)<<atomShift
}
