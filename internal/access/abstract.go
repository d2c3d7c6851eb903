package access

import (
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// object is what decisions read of a repository or, without an id, of a namespace alone: 52 bytes.
type object struct {
	namespace key
	id        key
	creator   key
	flags     State // statePrivate, stateGated, stateDisabled
}

// missing stands for everything that does not exist: it is decided like a hidden repository.
var missing = object{flags: statePrivate}

// objectOf reads a repository. Protected spaces are private here; only models and datasets have gates.
func objectOf(r *hub.Repo) object {
	o := object{namespace: keyOf(r.NamespaceID), id: keyOf(r.ID), creator: keyOf(r.CreatorID)}
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
func objectOfNamespace(id hub.ID) object { return object{namespace: keyOf(id), flags: statePrivate} }

// abstract reads everything about s and o that the rules look at. It allocates nothing.
func abstract(s *Subject, o *object, now time.Time) State {
	st := s.base | o.flags
	if s.expires != 0 && now.UnixNano() >= s.expires {
		st &^= stateLive
	}
	rel := s.relationTo(o.namespace)
	st |= State(rel) << relationShift
	if rel == memberContributor && o.creator == s.user {
		st |= stateCreator
	}
	if s.kind == KindFineGrained {
		st |= s.scopeFor(o)
	}
	return st
}

func (s *Subject) relationTo(namespace key) relation {
	if s.endOrgs > 0 {
		if rel, ok := findRow(s.orgs(), namespace); ok {
			return relation(rel)
		}
	}
	if namespace == s.user && namespace != (key{}) {
		return owner
	}
	return s.stranger
}

// scopeFor finds the most specific entry of a fine-grained token for o. It speaks alone; only whether the
// namespace's entry carries repo.write is kept beside it, for what an entry on one repository cannot allow.
func (s *Subject) scopeFor(o *object) State {
	var st State
	lv, at := levelNone, uint8(0)
	if a, ok := findRow(s.namespaceScopes(), o.namespace); ok {
		lv, at = levelNamespace, a
	}
	if atoms(at)&atomWrite != 0 {
		st |= stateNamespaceWrite
	}
	if a, ok := findRow(s.repoScopes(), o.id); ok {
		lv, at = levelRepo, a
	}
	return st | State(lv)<<levelShift | State(at)<<atomShift
}
