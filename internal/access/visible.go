package access

import "github.com/ambit-hub/ambit/internal/hub"

// Visible returns the condition under which a listing shows a repository: exactly when deciding RepoView
// says yes. A test holds the two together. The caller must have checked that the credential is live.
func (s *Subject) Visible() hub.Visible {
	if s.kind == KindOperator {
		return hub.Visible{Everything: true}
	}
	var v hub.Visible
	if own := s.UserID(); s.seesPrivate(objectOfNamespace(own)) {
		v.Namespaces = append(v.Namespaces, own)
	}
	for _, org := range s.orgs() {
		o := object{namespace: org.key, flags: statePrivate}
		if s.seesPrivate(o) {
			v.Namespaces = append(v.Namespaces, org.id())
		}
		o.flags |= stateGrouped // whatever the group
		if s.seesPrivate(o) {
			v.AllGroups = append(v.AllGroups, org.id())
		}
	}
	for _, g := range s.groups() {
		at := int(g.fact>>groupOrgShift) - 1
		if at < 0 {
			continue // roles in groups are for members
		}
		if s.seesPrivate(object{namespace: s.rows[at].key, group: g.key, flags: statePrivate | stateGrouped}) {
			v.Groups = append(v.Groups, g.id())
		}
	}
	if s.kind >= KindFineGrained {
		s.addOverrides(&v)
	}
	return v
}

// seesPrivate tells whether the person and the credential together see something like o, which is private.
func (s *Subject) seesPrivate(o object) bool {
	return allowed(abstract(s, &o, noTime))&bitView != 0
}

// addOverrides adds what entries for single repositories and for resource groups change.
func (s *Subject) addOverrides(v *hub.Visible) {
	groups := s.groupScopes()
	for i, sc := range groups {
		if s.seesPrivate(s.home(i)) {
			v.Groups = append(v.Groups, sc.id())
		} else {
			v.ExceptGroups = append(v.ExceptGroups, sc.id())
		}
	}
	for i, sc := range s.repoScopes() {
		o := s.home(len(groups) + i)
		o.id = sc.key
		if s.seesPrivate(o) {
			v.Repos = append(v.Repos, sc.id())
		} else {
			v.Except = append(v.Except, sc.id())
		}
	}
}
