package access

import (
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestWhatSubjectsTell: a snapshot keeps of the facts what answers say about the credential.
func TestWhatSubjectsTell(t *testing.T) {
	user := hub.User{ID: spaceUser, Name: "alice"}
	was := &hub.Superseded{}
	token := func(change func(*hub.Token)) *hub.Token {
		tok := &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: hub.TokenWrite, Name: "laptop", Last4: "wxyz"}
		change(tok)
		return tok
	}
	plain := token(func(*hub.Token) {})
	for name, f := range map[string]hub.SubjectFacts{
		"session":        {User: user},
		"suspended":      {User: hub.User{ID: spaceUser, Name: "alice", Suspended: true}, Token: plain},
		"token":          {User: user, Token: plain},
		"expiring":       {User: user, Token: token(func(t *hub.Token) { t.ExpiresAt = spaceNow })},
		"revoked":        {User: user, Token: token(func(t *hub.Token) { t.RevokedAt = spaceNow })},
		"superseded":     {User: user, Token: plain, Superseded: was},
		"of no kind":     {User: user, Token: token(func(t *hub.Token) { t.Kind, t.RevokedAt = "god", spaceNow })},
		"with networks":  {User: user, Token: plain, Memberships: []hub.Member{{OrgID: spaceOrg, Role: hub.RoleRead}}, Rules: []hub.OrgRules{{OrgID: spaceOrg, IPRanges: otherNetwork}}},
		"line in a name": {User: user, Token: token(func(t *hub.Token) { t.Name = "lap\ntop" })},
	} {
		s := NewSubject(f, Credential{})
		if s.UserID() != spaceUser || s.UserName() != "alice" || s.ActorID() != spaceUser || s.ActorName() != "alice" || s.Service() != nil {
			t.Errorf("%s: of %s %s", name, s.UserID(), s.UserName())
		}
		want := f.Token
		if s.HasToken() != (want != nil) || s.Suspended() != f.User.Suspended || s.Superseded() != f.Superseded {
			t.Errorf("%s: token %v, suspended %v, superseded %v", name, s.HasToken(), s.Suspended(), s.Superseded())
		}
		if want == nil {
			want = &hub.Token{}
		}
		if at, last4 := s.Expires(); s.TokenID() != want.ID || !at.Equal(want.ExpiresAt) || at.IsZero() != want.ExpiresAt.IsZero() || last4 != want.Last4 || !s.Revoked().Equal(want.RevokedAt) {
			t.Errorf("%s: %s ends %v, in %q, revoked %v", name, s.TokenID(), at, last4, s.Revoked())
		}
		if got := s.TokenName(); got != want.Name && name != "line in a name" {
			t.Errorf("%s: called %q", name, got)
		}
	}
	robot := NewSubject(hub.SubjectFacts{Service: &hub.ServiceAccount{ID: spaceSA, Name: "robot"}, Token: &hub.Token{ID: spaceToken, Kind: hub.TokenFineGrained}}, Credential{})
	if robot.UserID() != "" || robot.UserName() != "" || robot.ActorID() != spaceSA || robot.ActorName() != "robot" || robot.Service() == nil || robot.Service().ID != spaceSA {
		t.Errorf("a service account is %s %q, and %s %q", robot.UserID(), robot.UserName(), robot.ActorID(), robot.ActorName())
	}
	if s := NewSubject(hub.SubjectFacts{User: user}, Credential{}); s.Addr().IsValid() || s.Revoked() != (time.Time{}) {
		t.Error("an address from nowhere")
	}
}
