package meta

import (
	"context"
	"errors"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	userColumns = `
		SELECT n.id, n.name, n.full_name, n.email, u.email_verified, u.admin, u.suspended,
			CASE WHEN u.password_hash <> '' THEN 1 ELSE 0 END, n.created_at
		FROM users u JOIN namespaces n ON n.id = u.id `
	selectUserByName = userColumns + `WHERE n.name_key = ?`
	selectUserByID   = userColumns + `WHERE u.id = ?`
	selectUsers      = userColumns + `WHERE u.id > ? ORDER BY u.id LIMIT ?`
	countUsers       = `SELECT COUNT(*) FROM users`
	selectPassword   = `SELECT password_hash FROM users WHERE id = ?`
	insertUser       = `INSERT INTO users (id, email_verified, admin, suspended, password_hash) VALUES (?, ?, ?, ?, ?)`
	updateUser       = `UPDATE users SET email_verified = ?, admin = ?, suspended = ? WHERE id = ?`
	updatePassword   = `UPDATE users SET password_hash = ? WHERE id = ?`
	lockUser         = `SELECT id FROM users WHERE id = ? FOR UPDATE`
	updateSuspended  = `UPDATE users SET suspended = ? WHERE id = ?`
)

func scanUser(s scanner) (u hub.User, err error) {
	return u, s.Scan(&u.ID, &u.Name, &u.FullName, &u.Email, &u.EmailVerified, &u.Admin, &u.Suspended,
		&u.HasPassword, asTime{&u.CreatedAt})
}

func readUser(ctx context.Context, q queries, text string, key any) (hub.User, error) {
	users, err := collect(ctx, q, scanUser, text, key)
	if errors.Is(err, errNotText) {
		err = nil
	}
	if err != nil {
		return hub.User{}, err
	}
	if len(users) == 0 {
		return hub.User{}, noUser()
	}
	return users[0], nil
}

func noUser() error { return hub.Errorf(hub.NotFound, "There is no such user.") }

// CreateUser adds an account. The caller chooses u.ID and has checked the name; passwordHash is empty for an account
// that cannot sign in with a password. Conflict when a user or an organization has the name in any case, and with
// hub.ErrTailTaken as cause.
func (db *DB) CreateUser(ctx context.Context, u hub.User, passwordHash string, ev hub.Event) error {
	return db.mutate(ctx, "creating a user", func(tx *Tx) error {
		if u.CreatedAt.IsZero() {
			u.CreatedAt = tx.at
		}
		n := hub.Namespace{ID: u.ID, Name: u.Name, Kind: hub.UserNamespace}
		if err := tx.addNamespace(ctx, n, u.FullName, u.Email, u.CreatedAt); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, insertUser, u.ID, u.EmailVerified, u.Admin, u.Suspended, passwordHash); err != nil {
			return err
		}
		return tx.record(ctx, about(ev, u.ID), "user.create", userChange(u.ID))
	})
}

// about fills in whom an event of accounts concerns.
func about(ev hub.Event, namespace hub.ID) hub.Event {
	if ev.NamespaceID == "" {
		ev.NamespaceID = namespace
	}
	return ev
}

func userChange(id hub.ID) hub.Change { return hub.Change{Kind: hub.ChangeUser, ID: id} }

// UserByName finds a user without regard to case. NotFound, also when the name is an organization's.
func (db *DB) UserByName(ctx context.Context, name string) (hub.User, error) {
	u, err := readUser(ctx, db.single, selectUserByName, hub.NameKey(name))
	return u, db.fail(err, "finding a user")
}

// UserByID finds a user. NotFound.
func (db *DB) UserByID(ctx context.Context, id hub.ID) (hub.User, error) {
	u, err := readUser(ctx, db.single, selectUserByID, id)
	return u, db.fail(err, "finding a user")
}

// ListUsers returns up to limit users whose id is greater than after, in the order of ids, which is that of creation.
func (db *DB) ListUsers(ctx context.Context, after hub.ID, limit int) ([]hub.User, error) {
	users, err := collect(ctx, db.single, scanUser, selectUsers, after, limit)
	return users, db.fail(err, "listing users")
}

// CountUsers returns how many accounts there are.
func (db *DB) CountUsers(ctx context.Context) (n int64, err error) {
	err = db.single.one(ctx, countUsers, nil, &n)
	return n, db.fail(err, "counting users")
}

// PasswordHash returns what CreateUser or SetPassword stored; empty when the user has no password. NotFound.
func (db *DB) PasswordHash(ctx context.Context, userID hub.ID) (hash string, err error) {
	err = db.single.one(ctx, selectPassword, []any{userID}, &hash)
	return hash, db.fail(orMissing(err, hub.NotFound, "There is no such user."), "reading a password's hash")
}

// SetPassword replaces the hash. Sessions stay; a caller who wants them gone calls DeleteSessionsOf. NotFound.
func (db *DB) SetPassword(ctx context.Context, userID hub.ID, hash string, ev hub.Event) error {
	return db.changeUser(ctx, "setting a password", userID, ev, "user.set_password", updatePassword, hash, userID)
}

// SetSuspended refuses or admits every credential of the user. NotFound.
func (db *DB) SetSuspended(ctx context.Context, userID hub.ID, suspended bool, ev hub.Event) error {
	kind := "user.resume"
	if suspended {
		kind = "user.suspend"
	}
	return db.changeUser(ctx, "suspending a user", userID, ev, kind, updateSuspended, suspended, userID)
}

func (db *DB) changeUser(ctx context.Context, doing string, id hub.ID, ev hub.Event, kind, text string, args ...any) error {
	return db.mutate(ctx, doing, func(tx *Tx) error {
		n, err := tx.exec(ctx, text, args...)
		if err != nil {
			return err
		}
		if n == 0 {
			return noUser()
		}
		return tx.record(ctx, about(ev, id), kind, userChange(id))
	})
}

// ChangeUser reads a user under a lock, lets change alter full name, email, whether it is verified, admin and suspended, and
// stores them; name and time of creation stay. change returns the sentence for the audit log and may run more than once.
// NotFound; and the errors of change, as they are.
func (db *DB) ChangeUser(ctx context.Context, id hub.ID, ev hub.Event, change func(*hub.User) (message string, err error)) error {
	return db.mutate(ctx, "changing a user", func(tx *Tx) error {
		var got hub.ID
		if err := tx.one(ctx, lockUser, []any{id}, &got); err != nil {
			return orMissing(err, hub.NotFound, "There is no such user.")
		}
		u, err := readUser(ctx, tx.queries, selectUserByID, id)
		if err != nil {
			return err
		}
		if ev.Message, err = change(&u); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, updateUser, u.EmailVerified, u.Admin, u.Suspended, id); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, updateNamespace, u.FullName, u.Email, id); err != nil {
			return err
		}
		return tx.record(ctx, about(ev, id), "user.update", userChange(id))
	})
}
