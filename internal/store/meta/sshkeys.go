package meta

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	sshKeyColumns = `
		SELECT k.id, k.user_id, n.name, k.name, k.kind, k.fingerprint, k.public, k.created_at, k.last_used_at
		FROM ssh_keys k JOIN users u ON u.id = k.user_id JOIN namespaces n ON n.id = k.user_id `
	selectKeyByPrint = sshKeyColumns + `WHERE k.fingerprint = ?`
	selectKeyByID    = sshKeyColumns + `WHERE k.id = ?`
	selectKeysOf     = sshKeyColumns + `WHERE k.user_id = ? ORDER BY k.id`
	countKeysOf      = `SELECT COUNT(*) FROM ssh_keys WHERE user_id = ?`
	insertKey        = `
		INSERT INTO ssh_keys (id, user_id, name, kind, fingerprint, public, created_at, last_used_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0)`
	deleteKey = `DELETE FROM ssh_keys WHERE id = ?`
	touchKey  = `UPDATE ssh_keys SET last_used_at = ? WHERE id = ? AND last_used_at < ?`

	maxKeysOfUser = 100
)

func scanKey(s scanner) (k hub.SSHKey, err error) {
	return k, s.Scan(&k.ID, &k.UserID, &k.UserName, &k.Name, &k.Kind, &k.Fingerprint, &k.Public,
		asTime{&k.CreatedAt}, asTime{&k.LastUsedAt})
}

// AddSSHKey gives a key to a user. Conflict when somebody has it already, or when the user has too many; NotFound when
// the user is gone.
func (db *DB) AddSSHKey(ctx context.Context, k hub.SSHKey, ev hub.Event) error {
	return db.mutate(ctx, "adding an SSH key", func(tx *Tx) error {
		if _, err := tx.exec(ctx, deleteOrphanKey); err != nil {
			return err
		}
		old, err := collect(ctx, tx.queries, scanKey, selectKeyByPrint, k.Fingerprint)
		if err != nil {
			return err
		}
		if len(old) > 0 {
			return hub.Errorf(hub.Conflict, "This key is in use already.")
		}
		var n int64
		if err := tx.one(ctx, countKeysOf, []any{k.UserID}, &n); err != nil {
			return err
		}
		if n >= maxKeysOfUser {
			return hub.Errorf(hub.Conflict, "A user may have at most %d SSH keys.", maxKeysOfUser)
		}
		_, err = tx.exec(ctx, insertKey, k.ID, k.UserID, k.Name, k.Kind, k.Fingerprint, k.Public, tx.when(k.CreatedAt))
		if err != nil {
			return err
		}
		ev.NamespaceID, ev.TargetID = k.UserID, k.ID
		return tx.record(ctx, ev, "user.ssh_key.add")
	})
}

// SSHKeyByFingerprint finds a key of a user who exists. NotFound.
func (db *DB) SSHKeyByFingerprint(ctx context.Context, fingerprint string) (hub.SSHKey, error) {
	keys, err := collect(ctx, db.single, scanKey, selectKeyByPrint, fingerprint)
	if err == nil && len(keys) == 0 {
		err = noKey()
	}
	if err != nil {
		return hub.SSHKey{}, db.fail(err, "finding an SSH key")
	}
	return keys[0], nil
}

func noKey() error { return hub.Errorf(hub.NotFound, "There is no such SSH key.") }

// SSHKeysOf returns the keys of a user, oldest first.
func (db *DB) SSHKeysOf(ctx context.Context, userID hub.ID) ([]hub.SSHKey, error) {
	keys, err := collect(ctx, db.single, scanKey, selectKeysOf, userID)
	return keys, db.fail(err, "listing SSH keys")
}

// DeleteSSHKey takes a key away. NotFound.
func (db *DB) DeleteSSHKey(ctx context.Context, id hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "removing an SSH key", func(tx *Tx) error {
		keys, err := collect(ctx, tx.queries, scanKey, selectKeyByID, id)
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			return noKey()
		}
		if _, err := tx.exec(ctx, deleteKey, id); err != nil {
			return err
		}
		ev.NamespaceID, ev.TargetID = keys[0].UserID, id
		return tx.record(ctx, ev, "user.ssh_key.remove")
	})
}

// TouchSSHKey writes down when a key was last used, unless that is known to within an hour.
func (db *DB) TouchSSHKey(ctx context.Context, id hub.ID) error {
	return db.mutate(ctx, "noting the use of an SSH key", func(tx *Tx) error {
		_, err := tx.exec(ctx, touchKey, tx.at, id, tx.at.Add(-time.Hour))
		return err
	})
}
