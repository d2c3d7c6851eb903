package accounts_test

import (
	"context"
	"testing"

	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/accounts"
)

// meanwhile is a store in which something else happens after a user was read and before the change is stored.
type meanwhile struct {
	accounts.Store
	happens func()
}

func (m *meanwhile) UserByName(ctx context.Context, name string) (hub.User, error) {
	u, err := m.Store.UserByName(ctx, name)
	m.happens()
	return u, err
}

// Who is suspended while somebody corrects his name stays suspended, and who loses the hub's administration has lost it.
func TestChangesThatMeet(t *testing.T) {
	onEachEngine(t, func(w *world) {
		u := hub.User{ID: hub.NewID(), Name: "alice", Admin: true, CreatedAt: w.clock()}
		w.must(w.db.CreateUser(w.ctx, u, "", hub.Event{}))
		no, name := false, "Alice A."
		store := &meanwhile{Store: w.db, happens: func() {
			w.must(w.svc.SetSuspended(w.ctx, w.operator(), "alice", true))
			_, err := w.svc.EditUser(w.ctx, w.operator(), "alice", accounts.UserChange{Admin: &no})
			w.must(err)
		}}
		slow := accounts.New(store, identity.GenerateKeys(), accounts.Options{Now: w.clock})
		told, err := slow.EditUser(w.ctx, w.operator(), "alice", accounts.UserChange{FullName: &name})
		w.must(err)
		if told.FullName != name || told.Admin || !told.Suspended {
			t.Errorf("told %+v", told)
		}
		now, err := w.db.UserByID(w.ctx, u.ID)
		w.must(err)
		if now.FullName != name || now.Admin || !now.Suspended {
			t.Errorf("kept %+v", now)
		}
	})
}
