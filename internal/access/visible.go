package access

import "github.com/ambit-hub/ambit/internal/hub"

// Visible returns the condition under which a listing shows a repository: exactly when deciding RepoView
// says yes. A test holds the two together. The caller must have checked that the credential is live.
func (s *Subject) Visible() hub.Visible {
	switch s.kind {
	case KindOperator:
		return hub.Visible{Everything: true}
	case KindNone, KindAnonymous:
		return hub.Visible{}
	}
	var v hub.Visible
	if own := s.UserID(); s.seesAllOf(own) {
		v.Namespaces = append(v.Namespaces, own)
	}
	for _, m := range s.facts.Memberships {
		if s.seesAllOf(m.OrgID) {
			v.Namespaces = append(v.Namespaces, m.OrgID)
		}
	}
	if s.kind == KindFineGrained {
		s.addOverrides(&v)
	}
	return v
}

// seesAllOf tells whether the person and the credential together see the private repositories of a
// namespace, entries for single repositories aside.
func (s *Subject) seesAllOf(namespace hub.ID) bool {
	o := objectOfNamespace(namespace)
	st := abstract(s, &o, noTime) | stateLive
	return decide(st).Allowed()&bitView != 0
}

// addOverrides adds what entries for single repositories change.
func (s *Subject) addOverrides(v *hub.Visible) {
	for _, sc := range s.facts.Token.Scopes {
		switch sc.EntityType {
		case hub.EntityModel, hub.EntityDataset, hub.EntitySpace:
		default:
			continue
		}
		o := objectOfNamespace(sc.NamespaceID)
		o.id = keyOf(sc.EntityID)
		st := abstract(s, &o, noTime) | stateLive
		if decide(st).Allowed()&bitView != 0 {
			v.Repos = append(v.Repos, sc.EntityID)
		} else {
			v.Except = append(v.Except, sc.EntityID)
		}
	}
}
