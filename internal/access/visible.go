package access

import "github.com/ambit-hub/ambit/internal/hub"

// Visible returns the condition under which a listing shows a repository: exactly when deciding RepoView
// says yes. A test holds the two together. The caller must have checked that the credential is live.
func (s *Subject) Visible() hub.Visible {
	if s.Kind() == KindOperator {
		return hub.Visible{Everything: true}
	}
	var v hub.Visible
	if own := s.UserID(); s.seesPrivate(object{namespace: s.user, flags: low(statePrivate)}) {
		v.Namespaces = append(v.Namespaces, own)
	}
	for i := range s.rows {
		if r := &s.rows[i]; r.fact&rowMember != 0 {
			s.addMembership(&v, r)
		}
	}
	for i := range s.rows {
		if r := &s.rows[i]; r.fact&rowEntry != 0 {
			s.addOverride(&v, r)
		}
	}
	return v
}

// seesPrivate tells whether the person and the credential together see something like o, which is private.
func (s *Subject) seesPrivate(o object) bool {
	return allowed(abstract(s, &o, noTime))&bitView != 0
}

// addMembership adds what the person sees as a member.
func (s *Subject) addMembership(v *hub.Visible, r *row) {
	if r.entity() == aGroup { // roles in groups are for members
		if s.seesPrivate(s.homeOf(r)) {
			v.Groups = append(v.Groups, r.id())
		}
		return
	}
	o := object{namespace: r.tail, flags: low(statePrivate)}
	if s.seesPrivate(o) {
		v.Namespaces = append(v.Namespaces, r.id())
	}
	o.flags |= low(stateGrouped) // whatever the group
	if s.seesPrivate(o) {
		v.AllGroups = append(v.AllGroups, r.id())
	}
}

// addOverride adds what an entry for a single repository or for a resource group changes.
func (s *Subject) addOverride(v *hub.Visible, r *row) {
	if r.entity() == aSpace {
		return
	}
	o := s.homeOf(r)
	in, out := &v.Groups, &v.ExceptGroups
	if r.entity() == aRepo {
		o.id = r.tail
		in, out = &v.Repos, &v.Except
	}
	if !s.seesPrivate(o) {
		in = out
	}
	*in = append(*in, r.id())
}
