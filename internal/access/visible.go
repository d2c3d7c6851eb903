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
	if own := s.UserID(); s.seesPrivate(objectOfNamespace(own)) {
		v.Namespaces = append(v.Namespaces, own)
	}
	for i := range s.facts.Memberships {
		m := &s.facts.Memberships[i]
		if s.seesPrivate(objectOfNamespace(m.OrgID)) {
			v.Namespaces = append(v.Namespaces, m.OrgID)
		}
		if s.seesPrivate(object{namespace: keyOf(m.OrgID), flags: statePrivate | stateGrouped}) { // whatever the group
			v.AllGroups = append(v.AllGroups, m.OrgID)
		}
	}
	for i := range s.facts.Groups {
		g := &s.facts.Groups[i]
		if s.seesPrivate(objectInGroup(g.OrgID, g.GroupID)) {
			v.Groups = append(v.Groups, g.GroupID)
		}
	}
	if s.kind >= KindFineGrained {
		s.addOverrides(&v)
	}
	return v
}

// seesPrivate tells whether the person and the credential together see something private like o.
func (s *Subject) seesPrivate(o object) bool {
	o.flags |= statePrivate
	return allowed(abstract(s, &o, noTime)|stateLive)&bitView != 0
}

// addOverrides adds what entries for single repositories and for resource groups change.
func (s *Subject) addOverrides(v *hub.Visible) {
	for i := range s.facts.Token.Scopes {
		sc := &s.facts.Token.Scopes[i]
		o := objectInGroup(sc.NamespaceID, sc.GroupID)
		switch sc.EntityType {
		case hub.EntityGroup:
			if s.seesPrivate(o) {
				v.Groups = append(v.Groups, sc.EntityID)
			} else {
				v.ExceptGroups = append(v.ExceptGroups, sc.EntityID)
			}
		case hub.EntityModel, hub.EntityDataset, hub.EntitySpace:
			if o.id = keyOf(sc.EntityID); s.seesPrivate(o) {
				v.Repos = append(v.Repos, sc.EntityID)
			} else {
				v.Except = append(v.Except, sc.EntityID)
			}
		}
	}
}
