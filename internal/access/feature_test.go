package access

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestFeatures: everyone, admins, or the members of groups with something in those groups.
func TestFeatures(t *testing.T) {
	w := readWorld(t)
	house := w.spaces["house"].ID
	lab, attic := w.group("house", "lab"), w.group("house", "attic")
	r := w.rules[house]
	r.Features = map[hub.Feature]hub.FeatureRule{
		hub.FeatureJobs:      {Access: hub.FeatureAdmins},
		hub.FeatureInference: {Access: hub.FeatureGroups, Groups: []hub.ID{lab}},
		hub.FeatureBlog:      {Access: hub.FeatureEveryone},
	}
	w.rules[house] = r
	strict := w.rules[w.spaces["strict"].ID] // will is there too, and it binds nobody in house
	strict.Features = map[hub.Feature]hub.FeatureRule{hub.FeatureCollections: {Access: hub.FeatureAdmins}}
	w.rules[w.spaces["strict"].ID] = strict
	for _, c := range []struct {
		who     string
		feature hub.Feature
		group   hub.ID
		open    bool
	}{
		{"ann", hub.FeatureJobs, "", true},
		{"will", hub.FeatureJobs, "", false},
		{"will", hub.FeatureBlog, "", true},
		{"will", hub.FeatureCollections, "", true},
		{"will", hub.FeatureInference, lab, true},
		{"will", hub.FeatureInference, "", false},
		{"will", hub.FeatureInference, attic, false},
		{"connie", hub.FeatureInference, attic, false},
		{"ann", hub.FeatureInference, "", true},
		{"bob", hub.FeatureJobs, "", true},
	} {
		err := w.subject(t, c.who, "write").MayUse(house, c.group, c.feature)
		if open := err == nil; open != c.open || err != nil && !hub.Is(err, hub.Forbidden) {
			t.Errorf("%s, %s in %q: %v", c.who, c.feature, c.group, err)
		}
	}
	// Who is in a group without access there is not one of its members.
	barred := w.facts("will")
	barred.Groups = []hub.GroupMember{{GroupID: lab, OrgID: house, UserID: barred.User.ID, Role: hub.RoleNoAccess}}
	if err := NewSubject(barred, Credential{}).MayUse(house, lab, hub.FeatureInference); !hub.Is(err, hub.Forbidden) {
		t.Errorf("without access in the group: %v", err)
	}
	// Rules of an organization that one is no member of bind nobody, even if they are at hand.
	f := w.facts("bob")
	f.Rules = append(f.Rules, r)
	if err := NewSubject(f, Credential{}).MayUse(house, "", hub.FeatureJobs); err != nil {
		t.Errorf("a stranger with the rules: %v", err)
	}
}
