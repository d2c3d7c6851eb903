package tokens_test

import (
	"context"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

// meanwhile is a store in which something else happens once, after a token was read and before its change is stored.
type meanwhile struct {
	tokens.Store
	happens func()
}

func (m *meanwhile) TokenByID(ctx context.Context, id hub.ID) (hub.Token, error) {
	t, err := m.Store.TokenByID(ctx, id)
	if f := m.happens; f != nil {
		m.happens = nil
		f()
	}
	return t, err
}

// A change that began before another one was made does not undo it: what was taken from a token stays away from it.
func TestChangesThatMeet(t *testing.T) {
	onEachEngine(t, tokens.Options{}, func(w *world) {
		w.user("alice")
		g := w.operator()
		on := tokens.NewScope{Entity: tokens.Entity{Type: hub.EntityUser, Name: "alice"}, Permissions: []hub.Permission{hub.PermRepoWrite}}
		c, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: "ci", Kind: hub.TokenFineGrained, Scopes: []tokens.NewScope{on}})
		w.must(err)
		store := &meanwhile{Store: w.db}
		slow := tokens.New(store, w.zone, w.keys, instance, tokens.Options{MaxPerUser: 10, MaxScopes: 10, Now: w.clock})

		none, name := []tokens.NewScope{}, "renamed"
		store.happens = func() {
			_, err := w.svc.Edit(w.ctx, g, c.ID, tokens.Change{Scopes: &none})
			w.must(err)
		}
		edited, err := slow.Edit(w.ctx, g, c.ID, tokens.Change{Name: &name})
		w.must(err)
		now, err := w.db.TokenByID(w.ctx, c.ID)
		w.must(err)
		if len(now.Scopes) != 0 || now.Name != name || len(edited.Scopes) != 0 || edited.Gen != now.Gen {
			t.Errorf("a new name brought back what was taken: %+v, told %+v", now, edited)
		}

		soon := w.clock().Add(time.Hour)
		store.happens = func() {
			_, err := w.svc.Edit(w.ctx, g, c.ID, tokens.Change{ExpiresAt: &soon})
			w.must(err)
		}
		_, err = slow.Rotate(w.ctx, g, c.ID, tokens.Rotation{})
		w.must(err)
		if now, err = w.db.TokenByID(w.ctx, c.ID); err != nil || !now.ExpiresAt.Equal(soon) {
			t.Errorf("a rotation made the token live longer: %v %v", now.ExpiresAt, err)
		}
	})
}
