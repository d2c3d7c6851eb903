package access

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestRestrictions: whoami lists every reason for which an organization does not take a credential, each once, the one
// that is told first at the head. A token that was revoked there waits for no approval.
func TestRestrictions(t *testing.T) {
	for _, c := range []struct {
		kind    hub.TokenKind // "" for an SSH key
		policy  hub.TokenPolicy
		state   hub.TokenState
		outside bool
		want    []string
	}{
		{hub.TokenRead, hub.AllowAllTokens, hub.TokenNone, false, nil},
		{hub.TokenRead, hub.FineGrainedOnly, hub.TokenNone, false, []string{"token-policy"}},
		{hub.TokenWrite, hub.RequireApproval, hub.TokenRevoked, true, []string{"token-revoked", "ip", "token-policy"}},
		{hub.TokenFineGrained, hub.FineGrainedOnly, hub.TokenNone, false, nil},
		{hub.TokenFineGrained, hub.RequireApproval, hub.TokenNone, false, []string{"token-policy"}},
		{hub.TokenFineGrained, hub.RequireApproval, hub.TokenPending, true, []string{"ip", "token-policy"}},
		{hub.TokenFineGrained, hub.RequireApproval, hub.TokenDenied, false, []string{"token-policy"}},
		{hub.TokenFineGrained, hub.RequireApproval, hub.TokenApproved, false, nil},
		{hub.TokenFineGrained, hub.RequireApproval, hub.TokenRevoked, false, []string{"token-revoked"}},
		{hub.TokenFineGrained, hub.AllowAllTokens, hub.TokenRevoked, false, []string{"token-revoked"}},
		{"", hub.RequireApproval, hub.TokenNone, false, []string{"token-policy"}},
		{"", hub.AllowAllTokens, hub.TokenNone, true, []string{"ip"}},
	} {
		f := hub.SubjectFacts{User: hub.User{ID: spaceUser}, Memberships: []hub.Member{{OrgID: spaceOrg, UserID: spaceUser, Role: hub.RoleAdmin}}}
		rules := hub.OrgRules{OrgID: spaceOrg, Tokens: c.policy}
		if c.outside {
			rules.IPRanges = otherNetwork
		}
		f.Rules = []hub.OrgRules{rules}
		s := NewSSHSubject(f)
		if c.kind != "" {
			f.Token = &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: c.kind}
			f.Grants = []hub.TokenGrant{{TokenID: spaceToken, OrgID: spaceOrg, State: c.state}}
			s = NewSubject(f, Credential{})
		}
		s = s.From(netip.AddrFrom4([4]byte{10, 0, 0, 1}))
		if got := s.Restrictions(spaceOrg); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
