package accounts_test

import (
	"context"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
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

// slowSignIn is a store in which something else happens before a session is stored.
type slowSignIn struct {
	accounts.Store
	happens func()
	cookie  []byte // the digest
}

func (m *slowSignIn) CreateSession(ctx context.Context, s hub.Session, digest []byte, ev hub.Event) error {
	m.happens()
	m.cookie = digest
	return m.Store.CreateSession(ctx, s, digest, ev)
}

// Who changes a password because somebody else knows it is rid of him, also if he is signing in at that moment.
func TestSignInWhileThePasswordChanges(t *testing.T) {
	onEachEngine(t, func(w *world) {
		w.user(accounts.NewUser{Name: "alice", Password: secret.New("correct horse")})
		store := &slowSignIn{Store: w.db, happens: func() {
			w.must(w.svc.SetPassword(w.ctx, w.operator(), "alice", secret.New("another horse")))
		}}
		slow := accounts.New(store, identity.GenerateKeys(), accounts.Options{SessionLifetime: time.Hour, Now: w.clock})
		_, _, err := slow.SignIn(w.ctx, w.public(), "alice", secret.New("correct horse"), accounts.Origin{})
		w.is(hub.Unauthorized, "the old password", err)
		_, _, err = w.db.SessionByDigest(w.ctx, store.cookie)
		w.is(hub.Unauthorized, "a session begun with the old password", err)
	})
}
