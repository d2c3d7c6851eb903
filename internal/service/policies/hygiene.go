package policies

import (
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// SignsOf tells what is remarkable about a token for the organization with the given rules: it is broad when it is an
// unscoped write token, or when it writes all of the organization or administers it.
func SignsOf(t hub.Token, r hub.OrgRules, now time.Time) []hub.Sign {
	broad := t.Kind == hub.TokenWrite || slices.ContainsFunc(t.Scopes, func(s hub.Scope) bool {
		return s.EntityType == hub.EntityOrg && s.EntityID == r.OrgID && hub.IsBroad(s.Permissions)
	})
	return t.Life(broad).Signs(hub.Lifetimes{}.Within(r, ""), now)
}
