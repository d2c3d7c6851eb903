package meta

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	insertSession = `INSERT INTO sessions (digest, id, user_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?)`
	selectSession = `
		SELECT s.id, s.user_id, s.created_at, s.expires_at,
			n.id, n.name, n.full_name, n.email, u.email_verified, u.admin, u.suspended,
			CASE WHEN u.password_hash <> '' THEN 1 ELSE 0 END, n.created_at
		FROM sessions s JOIN users u ON u.id = s.user_id JOIN namespaces n ON n.id = u.id
		WHERE s.digest = ?`
	selectSessionOwner    = `SELECT user_id FROM sessions WHERE id = ?`
	deleteSession         = `DELETE FROM sessions WHERE id = ?`
	deleteExpiredSessions = `DELETE FROM sessions WHERE expires_at < ?`
)

// CreateSession adds a browser session under the digest of its cookie (32 bytes). NotFound when there is no such user.
func (db *DB) CreateSession(ctx context.Context, s hub.Session, digest []byte, ev hub.Event) error {
	if err := checkDigest(digest); err != nil {
		return err
	}
	return db.mutate(ctx, "creating a session", func(tx *Tx) error {
		if s.CreatedAt.IsZero() {
			s.CreatedAt = tx.at
		}
		if _, err := readUser(ctx, tx.queries, selectUserByID, s.UserID); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, insertSession, digest, s.ID, s.UserID, s.CreatedAt, s.ExpiresAt); err != nil {
			return err
		}
		ev.TargetID = s.ID
		return tx.record(ctx, about(ev, s.UserID), "session.create")
	})
}

// SessionByDigest finds a session and its user. Unauthorized when there is none. An expired one is returned too: the
// caller compares ExpiresAt with its clock.
func (db *DB) SessionByDigest(ctx context.Context, digest []byte) (s hub.Session, u hub.User, err error) {
	err = db.single.one(ctx, selectSession, []any{digest}, &s.ID, &s.UserID, asTime{&s.CreatedAt}, asTime{&s.ExpiresAt},
		&u.ID, &u.Name, &u.FullName, &u.Email, &u.EmailVerified, &u.Admin, &u.Suspended, &u.HasPassword, asTime{&u.CreatedAt})
	return s, u, db.fail(orMissing(err, hub.Unauthorized, "There is no such session."), "finding a session")
}

// DeleteSession ends a session. NotFound.
func (db *DB) DeleteSession(ctx context.Context, id hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "deleting a session", func(tx *Tx) error {
		var owner hub.ID
		err := orMissing(tx.one(ctx, selectSessionOwner, []any{id}, &owner), hub.NotFound, "There is no such session.")
		if err != nil {
			return err
		}
		if _, err := tx.exec(ctx, deleteSession, id); err != nil {
			return err
		}
		ev.TargetID = id
		return tx.record(ctx, about(ev, owner), "session.delete", userChange(owner))
	})
}

// DeleteSessionsOf ends all sessions of a user, as after a change of password. No error when there are none.
func (db *DB) DeleteSessionsOf(ctx context.Context, userID hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "deleting sessions", func(tx *Tx) error {
		if _, err := tx.exec(ctx, deleteSessionsOf, userID); err != nil {
			return err
		}
		return tx.record(ctx, about(ev, userID), "session.delete_all", userChange(userID))
	})
}

// ForgetSessions removes the rows of sessions that expired before the given time.
func (db *DB) ForgetSessions(ctx context.Context, before time.Time) error {
	return db.mutate(ctx, "removing expired sessions", func(tx *Tx) error {
		_, err := tx.exec(ctx, deleteExpiredSessions, before)
		return err
	})
}

// checkDigest guards against storing something that is not a digest, such as the secret itself.
func checkDigest(digest []byte) error {
	if len(digest) != 32 {
		return hub.Errorf(hub.Internal, "The digest of a credential has 32 bytes.")
	}
	return nil
}
