package access

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestKeysOfIDs: equal for equal ids only, and the zero key for everything that is no id.
func TestKeysOfIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hex := rapid.StringMatching(`[0-9a-f]{24}`)
		a, b := hub.ID(hex.Draw(t, "a")), hub.ID(hex.Draw(t, "b"))
		if (keyOf(a) == keyOf(b)) != (a == b) {
			t.Fatalf("%s and %s", a, b)
		}
		if keyOf(a).id() != a || tailOf(a) != keyOf("0123456789abcdef"+a[16:]).tail {
			t.Fatalf("%s has key %+v", a, keyOf(a))
		}
	})
	good := "0123456789abcdef01234567"
	for _, bad := range []string{"", good[1:], good + "0", strings.ToUpper(good), strings.Replace(good, "5", "g", 1), good[:23] + "\xff",
		good[:23] + "/", good[:23] + ":", good[:23] + "W", good[:23] + "`"} {
		if k := keyOf(hub.ID(bad)); k != (key{}) || tailOf(hub.ID(bad)) != 0 {
			t.Errorf("%q has key %+v", bad, k)
		}
	}
}

// TestFactsThatDoNotBelongTogether open nothing, and the log is told why.
func TestFactsThatDoNotBelongTogether(t *testing.T) {
	user := hub.User{ID: spaceUser, Name: "alice"}
	robot := &hub.ServiceAccount{ID: spaceSA, OrgID: spaceOrg, Name: "robot"}
	ofNobody := &hub.Token{ID: strange, Kind: hub.TokenFineGrained}
	if k := NewSubject(hub.SubjectFacts{Service: robot, Token: ofNobody}, Credential{}).Kind(); k != KindService {
		t.Errorf("a service account is %s", k)
	}
	for name, f := range map[string]hub.SubjectFacts{
		"no user":              {},
		"a user without id":    {User: hub.User{Name: "alice"}},
		"a user with a bad id": {User: hub.User{ID: "alice"}},
		"another's token":      {User: user, Token: &hub.Token{ID: strange, UserID: strange, Kind: hub.TokenWrite}},
		"an unknown kind":      {User: user, Token: &hub.Token{ID: strange, UserID: spaceUser, Kind: "god"}},

		"an account without a token":        {Service: robot},
		"an account without id":             {Service: &hub.ServiceAccount{OrgID: spaceOrg}, Token: ofNobody},
		"an account with a person":          {Service: robot, Token: ofNobody, User: user},
		"an account with a person's token":  {Service: robot, Token: &hub.Token{ID: strange, UserID: spaceUser, Kind: hub.TokenFineGrained}},
		"an account with an unscoped token": {Service: robot, Token: &hub.Token{ID: strange, Kind: hub.TokenWrite}},
		"nobody with an account's token":    {Token: ofNobody},
	} {
		opensNothing(t, name, NewSubject(f, Credential{}))
	}
	// A token beside an SSH key is not what the key's owner signed in with.
	for _, kind := range []hub.TokenKind{hub.TokenRead, hub.TokenWrite, hub.TokenFineGrained} {
		f := hub.SubjectFacts{User: user, Token: &hub.Token{ID: strange, UserID: spaceUser, Kind: kind}}
		opensNothing(t, "an SSH key with a token", NewSSHKeySubject(f, [32]byte{1}))
	}
}

func opensNothing(t *testing.T, name string, s *Subject) {
	t.Helper()
	var e *hub.Error
	if err := s.Check(spaceNow); !errors.As(err, &e) || e.Code != hub.InvalidCredentials || e.Reason != ReasonCredentialDead {
		t.Errorf("%s: %v", name, err)
	}
	if says := deadWords(s); says != "The credential is of a kind that opens nothing." {
		t.Errorf("%s: %s", name, says)
	}
	o := objectOf(&hub.Repo{Visibility: hub.Public})
	if may := allowed(abstract(s, &o, spaceNow)); s.Kind() != KindNone || may != 0 || len(s.Visible().Namespaces) != 0 {
		t.Errorf("%s: kind %s, may %#x", name, s.Kind(), may)
	}
}

// TestWhatIsNoIDMatchesNothing: facts whose ids are none are about nothing, and not about each other.
func TestWhatIsNoIDMatchesNothing(t *testing.T) {
	f := hub.SubjectFacts{
		User: hub.User{ID: spaceUser}, Memberships: []hub.Member{{Role: hub.RoleAdmin}},
		Groups: []hub.GroupMember{{Role: hub.RoleAdmin}}, Gates: []hub.GateGrant{{Kind: hub.GateUser, State: hub.GateAccepted}},
		Token: &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: hub.TokenFineGrained, Scopes: []hub.Scope{
			{EntityType: hub.EntityOrg, Permissions: permissions}, {EntityType: hub.EntityGroup, Permissions: permissions},
			{EntityType: hub.EntityModel, Permissions: permissions},
		}},
	}
	o := objectOf(&hub.Repo{Visibility: hub.Public, Gated: hub.GateManual})
	o.flags |= low(stateGrouped)
	want := State(KindFineGrained) | stateLive | State(outsider)<<relationShift | stateGated | stateGrouped
	if got := abstract(NewSubject(f, Credential{}), &o, spaceNow); got != want {
		t.Errorf("state %#x, want %#x", got, want)
	}
	// Nor does a role that is none count in a group that is one.
	for _, role := range []hub.Role{hub.RoleNone, hub.RoleAdmin + 1, 8 + hub.RoleAdmin} {
		f := hub.SubjectFacts{User: hub.User{ID: spaceUser}, Groups: []hub.GroupMember{{GroupID: spaceGroup, OrgID: spaceOrg, Role: role}}}
		s, o := NewSubject(f, Credential{}), objectInGroup(spaceOrg, spaceGroup)
		if got := abstract(s, &o, spaceNow).groupRole(); got != groupNone || s.InGroup(spaceGroup) {
			t.Errorf("role %d in a group: %d", role, got)
		}
	}
}

// TestSubjectsAreReadAnew: a subject has what it was looked up under, whatever it signed in with.
func TestSubjectsAreReadAnew(t *testing.T) {
	f, digest := hub.SubjectFacts{User: hub.User{ID: spaceUser}}, [32]byte{1, 2, 3}
	if got := NewSSHKeySubject(f, digest).Credential(); got != (Credential{Digest: digest}) {
		t.Errorf("by a key: %+v", got)
	}
	for _, suspended := range []bool{false, true} {
		f.User.Suspended = suspended
		for _, c := range []Credential{{Digest: digest}, {Digest: digest, Session: true}} {
			s := NewSubject(f, c)
			if got := s.Credential(); got != c || s.Suspended() != suspended || (s.Check(spaceNow) == nil) == suspended {
				t.Errorf("%+v instead of %+v, suspended %v, live %v", got, c, s.Suspended(), s.Check(spaceNow))
			}
		}
	}
}
