package access

import (
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// ReasonFeatureClosed is told when an organization has not opened a feature to the member.
const ReasonFeatureClosed = "feature.closed"

// MayUse tells whether an organization has opened a feature to the subject for something in the given resource group,
// or in none when group is empty. It comes after the decision about the action itself and can only take away: admins
// always pass, features without a rule are open to everybody whom the role lets use them, and a feature that is open to
// groups is open to their members, with something in one of those groups. The error is Forbidden.
func (s *Subject) MayUse(org, group hub.ID, f hub.Feature) error {
	o := objectOfNamespace(org)
	st := abstract(s, &o, noTime)
	if st.relation() == memberAdmin || s.rare == nil {
		return nil
	}
	for _, r := range s.rare.features { // of the own organizations: strangers are the business of the decision
		if r.org == keyOf(org) && !s.featureOpen(r.rules[f], group) {
			return &hub.Error{Code: hub.Forbidden, Reason: ReasonFeatureClosed,
				Message: s.orgName(tailOf(org)) + " has not opened " + string(f) + " to you: its admins say to whom it is open."}
		}
	}
	return nil
}

func (s *Subject) featureOpen(r hub.FeatureRule, group hub.ID) bool {
	switch r.Access {
	case hub.FeatureAdmins:
		return false
	case hub.FeatureGroups:
		if !slices.Contains(r.Groups, group) {
			return false
		}
		return s.roleInGroup(group) >= groupRead
	}
	return true
}
