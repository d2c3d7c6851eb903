package access

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestKeysAreEqualWhenIDsAre(t *testing.T) {
	const first, second, third = hub.ID("01a2156c735d0006a46d1050"), hub.ID("01a2156c735d0006a46d1051"), hub.ID("11a2156c735d0006a46d1050")
	token := func(id, user hub.ID) *Subject {
		return NewSubject(hub.SubjectFacts{User: hub.User{ID: user}, Token: &hub.Token{ID: id, UserID: user, Kind: hub.TokenRead}}, Credential{})
	}
	service := NewSubject(hub.SubjectFacts{
		Service: &hub.ServiceAccount{ID: first, OrgID: third}, Token: &hub.Token{ID: second, Kind: hub.TokenFineGrained},
	}, Credential{})
	if service.Kind() != KindService {
		t.Fatal(service.Kind())
	}
	all := []*Subject{
		Anonymous(), Operator(), service, token(first, second), token(second, second), token(third, first), token(first, third),
		NewSubject(hub.SubjectFacts{User: hub.User{ID: first}}, Credential{}),
	}
	for i, a := range all {
		for j, b := range all {
			if (a.TokenKey() == b.TokenKey()) != (a.TokenID() == b.TokenID()) {
				t.Errorf("tokens of subjects %d and %d: %q and %q", i, j, a.TokenID(), b.TokenID())
			}
			if (a.ActorKey() == b.ActorKey()) != (a.ActorID() == b.ActorID()) {
				t.Errorf("actors of subjects %d and %d: %q and %q", i, j, a.ActorID(), b.ActorID())
			}
		}
	}
	if Anonymous().TokenKey() != (Key{}) || Anonymous().ActorKey() != (Key{}) {
		t.Error("nobody has a key")
	}
}

func TestPartsAreEven(t *testing.T) {
	const parts, keys = 16, 16_000
	var held [parts]int
	for range keys {
		held[Key{keyOf(hub.NewID())}.Part(parts)]++ // beyond the last part it panics
	}
	for i, n := range held {
		if n < keys/parts/2 || n > keys/parts*2 { // 16 standard deviations
			t.Errorf("part %d holds %d of %d", i, n, keys)
		}
	}
}
