package access

import (
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestPlaces: a namespace, a place in it and a resource group are as private as what is not there.
func TestPlaces(t *testing.T) {
	for name, o := range map[string]object{
		"a namespace":            objectOfNamespace(spaceOrg),
		"a place":                objectInGroup(spaceOrg, ""),
		"a place in a group":     objectInGroup(spaceOrg, spaceGroup),
		"a group":                objectOfGroup(spaceOrg, spaceGroup),
		"a missing one":          missing,
		"a missing one of acme":  missingIn(tailOf(spaceOrg)),
		"a private model":        objectOf(&hub.Repo{Visibility: hub.Private}),
		"a protected space":      objectOf(&hub.Repo{Visibility: hub.Protected, RepoID: hub.RepoID{Type: hub.Space}}),
		"one without visibility": objectOf(&hub.Repo{}),
	} {
		if o.flags&low(statePrivate) == 0 {
			t.Errorf("%s is public", name)
		}
	}
	if o := objectOf(&hub.Repo{Visibility: hub.Public, RepoID: hub.RepoID{Type: hub.Space}, Gated: hub.GateManual, MembersGated: true}); o.flags != 0 {
		t.Errorf("a public space that says it is gated: %#x", o.flags)
	}
	if o := objectOf(&hub.Repo{Visibility: hub.Public, MembersGated: true}); o.flags != 0 {
		t.Errorf("no gate, and members need to be let in: %#x", o.flags)
	}
}

// TestEndsOutOfReach: ends before 1970 and after 2106, which 32 bits of seconds do not tell, are ends like others.
func TestEndsOutOfReach(t *testing.T) {
	for _, end := range []time.Time{time.Unix(-5, 0), time.Unix(1, 5), time.Unix(1<<32-2, 999), time.Unix(1<<32-1, 0), time.Unix(1<<32+5, 7)} {
		f := hub.SubjectFacts{User: hub.User{ID: spaceUser}, Token: &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: hub.TokenRead, ExpiresAt: end}}
		s := NewSubject(f, Credential{})
		if at, _ := s.Expires(); !at.Equal(end) && end.Unix() > 0 {
			t.Errorf("%v is told as %v", end, at)
		}
		for _, now := range []time.Time{time.Unix(2, 0), spaceNow, end.Add(-1), end, time.Unix(1<<33, 0)} {
			if got := s.Check(now) == nil; got != now.Before(end) && now.Unix() > 0 {
				t.Errorf("ends %v, now %v: live %v", end, now, got)
			}
		}
	}
}

// TestExpiryIsAnInstant: a token lives until its last nanosecond, by every way in which it is asked.
func TestExpiryIsAnInstant(t *testing.T) {
	f := hub.SubjectFacts{User: hub.User{ID: spaceUser}, Token: &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: hub.TokenRead, ExpiresAt: spaceNow}}
	s := NewSubject(f, Credential{})
	o := objectOf(&hub.Repo{Visibility: hub.Public})
	for at, live := range map[time.Time]bool{spaceNow.Add(-1): true, spaceNow: false, spaceNow.Add(1): false} {
		if got := abstract(s, &o, at).has(stateLive); got != live {
			t.Errorf("%v after its expiry: live %v", at.Sub(spaceNow), got)
		}
		if got := s.Check(at) == nil; got != live {
			t.Errorf("%v after its expiry: checked %v", at.Sub(spaceNow), got)
		}
	}
	f.Token.ExpiresAt = time.Time{}
	if s := NewSubject(f, Credential{}); !abstract(s, &o, spaceNow).has(stateLive) || s.Check(spaceNow) != nil {
		t.Error("a token without an expiry is dead")
	}
}
